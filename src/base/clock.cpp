#include "base/clock.hpp"

#include <cstring>

namespace sluice {
namespace {

void put_digits(char* out, unsigned value, int count) noexcept {
    for (int i = count - 1; i >= 0; --i) {
        out[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

/// Reads exactly `count` digits at `pos` and moves on; false when there are fewer.
bool take_digits(std::string_view text, std::size_t& pos, int count, int& value) noexcept {
    if (text.size() < pos + static_cast<std::size_t>(count)) return false;
    value = 0;
    for (int i = 0; i < count; ++i) {
        char c = text[pos + static_cast<std::size_t>(i)];
        if (c < '0' || c > '9') return false;
        value = value * 10 + (c - '0');
    }
    pos += static_cast<std::size_t>(count);
    return true;
}

bool take(std::string_view text, std::size_t& pos, std::string_view any_of) noexcept {
    if (pos >= text.size() || any_of.find(text[pos]) == std::string_view::npos) return false;
    ++pos;
    return true;
}

}  // namespace

void format_rfc3339_to(Timestamp time, char* out) noexcept {
    auto days = std::chrono::floor<std::chrono::days>(time);
    std::chrono::year_month_day date{days};
    auto ms = static_cast<unsigned>((time - days).count());
    std::memcpy(out, "0000-00-00T00:00:00.000Z", 24);
    put_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put_digits(out + 5, static_cast<unsigned>(date.month()), 2);
    put_digits(out + 8, static_cast<unsigned>(date.day()), 2);
    put_digits(out + 11, ms / 3'600'000, 2);
    put_digits(out + 14, ms / 60'000 % 60, 2);
    put_digits(out + 17, ms / 1000 % 60, 2);
    put_digits(out + 20, ms % 1000, 3);
}

std::string format_rfc3339(Timestamp time) {
    std::string out(24, '\0');
    format_rfc3339_to(time, out.data());
    return out;
}

Result<Timestamp> parse_rfc3339(std::string_view text) {
    auto refuse = [&] {
        return make_error(Errc::invalid_argument, "not an RFC 3339 time: \"" + std::string(text.substr(0, 40)) + "\"",
                          "write it like 2026-11-23T14:05:00Z");
    };
    std::size_t pos = 0;
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    bool head = take_digits(text, pos, 4, year) && take(text, pos, "-") && take_digits(text, pos, 2, month) &&
                take(text, pos, "-") && take_digits(text, pos, 2, day) && take(text, pos, "Tt ") &&
                take_digits(text, pos, 2, hour) && take(text, pos, ":") && take_digits(text, pos, 2, minute) &&
                take(text, pos, ":") && take_digits(text, pos, 2, second);
    if (!head || hour > 23 || minute > 59 || second > 60) return refuse();
    int ms = 0;
    if (take(text, pos, ".")) {
        int digits = 0;
        for (int digit = 0; digits < 10 && take_digits(text, pos, 1, digit); ++digits)
            if (digits < 3) ms = ms * 10 + digit;
        if (digits == 0 || digits > 9) return refuse();
        for (; digits < 3; ++digits) ms *= 10;
    }
    std::chrono::minutes offset{0};
    if (!take(text, pos, "Zz")) {
        bool minus = pos < text.size() && text[pos] == '-';
        int offset_hour = 0, offset_minute = 0;
        if (!take(text, pos, "+-") || !take_digits(text, pos, 2, offset_hour) || !take(text, pos, ":") ||
            !take_digits(text, pos, 2, offset_minute) || offset_hour > 23 || offset_minute > 59)
            return refuse();
        offset = std::chrono::minutes(offset_hour * 60 + offset_minute) * (minus ? -1 : 1);
    }
    std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                     std::chrono::day(static_cast<unsigned>(day))};
    if (pos != text.size() || !date.ok()) return refuse();
    return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second) + std::chrono::milliseconds(ms) - offset;
}

Timestamp SystemClock::now() const {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

SteadyTime SystemClock::steady_now() const {
    return std::chrono::steady_clock::now();
}

SystemClock& SystemClock::instance() {
    static SystemClock clock;
    return clock;
}

}  // namespace sluice
