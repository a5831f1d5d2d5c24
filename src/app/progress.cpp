#include "app/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace sluice::app {

Progress::Progress(std::string what)
    : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1), started_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
    clear();
}

void Progress::update(std::uint64_t done, std::uint64_t total, const std::string& note) {
    if (!terminal_) return;
    auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    double seconds = std::chrono::duration<double>(now - started_).count();
    double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    std::string line = fmt::format("{}: {}", what_, done);
    if (total > 0) line += fmt::format(" of {} ({}%)", total, done * 100 / total);
    line += fmt::format(", {:.0f}/s", rate);
    if (total > done && rate > 0) line += fmt::format(", {:.0f} s left", static_cast<double>(total - done) / rate);
    if (!note.empty()) line += ", " + note;
    fmt::print(stderr, "\r{}\x1b[K", line);
    std::fflush(stderr);
    shown_ = true;
}

void Progress::clear() {
    if (!shown_) return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    shown_ = false;
}

}  // namespace sluice::app
