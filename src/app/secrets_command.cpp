#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "app/command_output.hpp"
#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/data_folder.hpp"
#include "app/secrets_keys.hpp"
#include "control/sealed_records.hpp"
#include "control/secrets_json.hpp"
#include "store/control_store.hpp"
#include "store/database.hpp"

namespace sluice::app {
namespace {

using boost::json::object;

/// A data folder whose node is stopped, and cannot start meanwhile.
struct StoppedFolder {
    DataFolderUse use;
    std::unique_ptr<ControlStore> store;
    std::unique_ptr<SealedRecords> records;
};

Result<StoppedFolder> open_stopped(const SecretsCommand& command) {
    auto configuration = load_configuration(command.config, process_environment());
    if (!configuration) return configuration.error();
    if (!command.data_dir.empty()) configuration->data_dir = command.data_dir;
    const DataFolder folder{configuration->data_dir};
    if (auto known = check_data_folder(folder); !known) return known.error();
    auto use = look_at_use(folder);
    if (!use) return use.error();
    if (use->live)
        return make_error(Errc::conflict, use->by,
                          "leave out --data-dir and --config: with --url and --token the running node does it");
    StoppedFolder opened;
    opened.use = std::move(*use);
    auto database = Database::open(folder.database());
    if (!database) return database.error();
    auto store = ControlStore::open(std::move(*database));
    if (!store) return store.error();
    opened.store = std::move(*store);
    auto records = SealedRecords::open(*opened.store, secrets_keys_of(*configuration));
    if (!records) return records.error();
    opened.records = std::move(*records);
    return opened;
}

Result<object> ask_stopped(const SecretsCommand& command) {
    auto folder = open_stopped(command);
    if (!folder) return folder.error();
    if (command.action == "status") {
        auto status = folder->records->status();
        if (!status) return status.error();
        return to_json(*status);
    }
    auto done = folder->records->rotate(command.keep_old_key);
    if (!done) return done.error();
    return to_json(*done);
}

Result<object> ask_running(const SecretsCommand& command) {
    boost::asio::io_context io;
    auto client = ApiClient::make(command.address, io);
    if (!client) return client.error();
    ApiClient::Call call;
    call.target = "/v1/secrets";
    if (command.action == "rotate") {
        call.method = "POST";
        call.target += "/rotate";
        call.content_type = "application/json";
        call.timeout = std::chrono::minutes(10);  // a synced write a record
        call.body = boost::json::serialize(object{{"keep_old", command.keep_old_key}});
    }
    auto answer = (*client)->call_and_wait(std::move(call));
    if (!answer) return answer.error();
    boost::system::error_code bad;
    auto value = boost::json::parse(answer->body, bad);
    if (bad || !value.is_object()) return make_error(Errc::corrupt, "the answer is not JSON: is this a Sluice server?");
    return std::move(value.get_object());
}

std::string member_text(const object& in, std::string_view name) {
    const auto* member = in.if_contains(name);
    if (member == nullptr || member->is_null()) return {};
    if (member->is_string()) return std::string(member->get_string());
    if (!member->is_array()) return boost::json::serialize(*member);
    std::string out;
    for (const auto& each : member->get_array())
        out += (out.empty() ? "" : ", ") + (each.is_string() ? std::string(each.get_string()) : "?");
    return out;
}

void print_status(const object& status) {
    fmt::print("keys      {}\n", member_text(status, "source"));
    fmt::print("seals     {}\n", member_text(status, "key"));
    fmt::print("opens     {}\n", member_text(status, "keys"));
    fmt::print("records   {}\n", member_text(status, "records"));
    if (const auto* by_key = status.if_contains("by_key"); by_key != nullptr && by_key->is_object())
        for (const auto& [key, count] : by_key->get_object())
            fmt::print("  {:<14} {}\n", std::string_view(key.data(), key.size()), boost::json::serialize(count));
    if (member_text(status, "not_under_key") != "0")
        fmt::print("{} are not under the key that seals: sluice secrets rotate seals them anew\n",
                   member_text(status, "not_under_key"));
}

void print_rotation(const object& done) {
    fmt::print("{} {}: {} records sealed anew\n",
               member_text(done, "resumed") == "true" ? "completed with the key" : "new key", member_text(done, "key"),
               member_text(done, "resealed"));
    if (auto dropped = member_text(done, "dropped"); !dropped.empty())
        fmt::print("dropped {}; a backup made before needs it: keep the old key file with it\n", dropped);
    if (auto kept = member_text(done, "kept"); !kept.empty()) fmt::print("kept, to open only: {}\n", kept);
}

}  // namespace

int run_secrets(const SecretsCommand& command) {
    bool stopped = !command.data_dir.empty() || !command.config.empty();
    auto answer = stopped ? ask_stopped(command) : ask_running(command);
    if (!answer) return fail(answer.error());
    if (command.json) {
        fmt::print("{}\n", boost::json::serialize(*answer));
        return 0;
    }
    if (command.action == "status")
        print_status(*answer);
    else
        print_rotation(*answer);
    if (auto warning = member_text(*answer, "warning"); !warning.empty()) {
        std::fflush(stdout);
        fmt::print(stderr, "{}\n", warning);
    }
    return 0;
}

}  // namespace sluice::app
