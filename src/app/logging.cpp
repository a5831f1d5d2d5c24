#include "app/logging.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>

#include "http/json_text.hpp"

namespace sluice::app {
namespace {

/// Begins a message that log_event() has made: JSON members already. No text begins with a control character.
constexpr char kMembers = '\x1e';
std::atomic<LogFormat> format_in_use{LogFormat::text};

/// The message as JSON members, so that a line is valid JSON whatever it says.
class JsonMembers final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
        std::string_view text(message.payload.data(), message.payload.size());
        std::string made;
        if (text.starts_with(kMembers))
            text.remove_prefix(1);
        else
            text = made = log_text(LogFormat::json, text, {});
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMembers>(); }
};

/// A service's words may be no UTF-8.
std::string json_quoted(std::string_view text) {
    std::string out;
    http::append_json_string(out, text);
    return out;
}

bool is_one_word(std::string_view value) {
    return std::none_of(value.begin(), value.end(), [](char each) {
        return static_cast<unsigned char>(each) <= ' ' || each == '"' || each == '=' || each == '\\' || each == 0x7f;
    });
}

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

}  // namespace

void set_up_logging(LogLevel level, LogFormat format) {
    format_in_use = format;
    auto logger = std::make_shared<spdlog::logger>("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    if (format == LogFormat::json)
        formatter->add_flag<JsonMembers>('Q').set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%Q})");
    else
        formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %v");
    logger->set_formatter(std::move(formatter));
    logger->set_level(level_of(level));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

void set_log_level(LogLevel level) {
    spdlog::default_logger()->set_level(level_of(level));
}

std::string log_text(LogFormat format, std::string_view message, const LogFields& fields) {
    std::string out;
    if (format == LogFormat::json) {
        out = "\"message\":" + json_quoted(message);
        for (const auto& [name, value] : fields)
            if (!value.empty()) out += ',' + json_quoted(name) + ':' + json_quoted(value);
        return out;
    }
    // Line breaks in somebody else's words would look like lines of ours.
    for (char each : message) out += static_cast<unsigned char>(each) < ' ' ? ' ' : each;
    for (const auto& [name, value] : fields) {
        if (value.empty()) continue;
        out += ' ';
        out += name;
        out += '=';
        out += is_one_word(value) ? value : json_quoted(value);
    }
    return out;
}

void log_event(LogLevel level, std::string_view message, const LogFields& fields) {
    auto logger = spdlog::default_logger();
    if (!logger->should_log(level_of(level))) return;
    LogFormat format = format_in_use;
    std::string text = log_text(format, message, fields);
    if (format == LogFormat::json) text.insert(text.begin(), kMembers);
    logger->log(level_of(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace sluice::app
