#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "app/commands.hpp"
#include "app/progress.hpp"
#include "base/encoding.hpp"

namespace sluice::app {
namespace {

/// What one request may carry, well below the server's default limit.
constexpr std::size_t kMaxBatchBytes = 8 << 20;

}  // namespace

int run_send(const SendCommand& command) {
    std::ifstream file;
    std::uint64_t total_bytes = 0;
    if (command.file != "-") {
        file.open(command.file, std::ios::binary | std::ios::ate);
        std::error_code unknown;
        bool is_folder = std::filesystem::is_directory(command.file, unknown);
        if (!file || is_folder) {
            fmt::print(stderr, "sluice send: {} {}\n", command.file, is_folder ? "is a folder" : "cannot be read");
            return 1;
        }
        total_bytes = static_cast<std::uint64_t>(file.tellg());
        file.seekg(0);
    }
    std::istream& in = command.file == "-" ? std::cin : file;

    boost::asio::io_context io;
    auto client = ApiClient::make(command.address, io);
    if (!client) {
        fmt::print(stderr, "sluice send: {}\n", client.error().message);
        return 2;
    }
    std::string target = "/" + command.kind + "/" + percent_encode(command.rec_type);
    if (!command.tags.empty()) {
        target += "/tags";
        for (const auto& tag : command.tags) target += "/" + percent_encode(tag);
    }

    Progress progress("sending");
    std::uint64_t sent = 0, sent_bytes = 0, line_number = 0, batch_line = 1;
    std::string batch, line;
    std::size_t in_batch = 0;
    auto flush = [&]() -> bool {
        if (in_batch == 0) return true;
        auto answer = (*client)->call_and_wait(
            {.method = "POST", .target = target, .content_type = "application/x-ndjson", .body = batch});
        if (!answer) {
            progress.clear();
            // A batch is stored as a whole or not at all.
            auto fate = answer.error().code == Errc::timeout ? "may not have been stored" : "were not stored";
            fmt::print(stderr, "sluice send: lines {} to {} {}: {}\n", batch_line, line_number, fate,
                       answer.error().message);
            if (batch_line > 1) fmt::print(stderr, "  its line 1 is line {} of what was given\n", batch_line);
            if (!answer.error().hint.empty()) fmt::print(stderr, "  {}\n", answer.error().hint);
            fmt::print(stderr, "  {} objects before them were\n", sent);
            return false;
        }
        sent += in_batch;
        sent_bytes += batch.size();
        batch.clear();
        in_batch = 0;
        batch_line = line_number + 1;
        progress.update(
            sent, 0, total_bytes == 0 ? std::string() : fmt::format("{}% of the file", sent_bytes * 100 / total_bytes));
        return true;
    };
    while (std::getline(in, line)) {
        bool blank = line.find_first_not_of(" \t\r") == std::string::npos;
        if (blank && in_batch == 0) {
            batch_line = ++line_number + 1;
            continue;
        }
        // One that is blank stands in its batch all the same, so that lines count as in the file.
        if (blank) line.clear();
        if (in_batch > 0 && batch.size() + line.size() + 1 > kMaxBatchBytes && !flush()) return 1;
        ++line_number;
        batch += line;
        batch += '\n';
        if (!blank && ++in_batch >= command.batch && !flush()) return 1;
    }
    if (!flush()) return 1;
    progress.clear();
    fmt::print("{} objects stored\n", sent);
    return 0;
}

}  // namespace sluice::app
