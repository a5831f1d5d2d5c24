#include "auth/clock_skew.hpp"

#include <algorithm>
#include <array>

namespace sluice::auth {
namespace {

/// The codes that a wrong clock can cause. A wrong secret causes some of them too: the Date tells which it is.
constexpr std::array<std::string_view, 6> kCodes = {
    "RequestTimeTooSkewed",  "RequestExpired", "InvalidSignatureException",
    "SignatureDoesNotMatch", "AuthFailure",    "RequestInTheFuture",
};

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> digits(std::string_view text) {
    int number = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + (c - '0');
    }
    return number;
}

}  // namespace

std::optional<Timestamp> parse_http_date(std::string_view text) {
    using namespace std::chrono;
    // Www, DD Mon YYYY HH:MM:SS GMT
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
    if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') return std::nullopt;
    auto month_index = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3)) - kMonths.begin();
    auto day_number = digits(text.substr(5, 2));
    auto year_number = digits(text.substr(12, 4));
    auto hour = digits(text.substr(17, 2));
    auto minute = digits(text.substr(20, 2));
    auto second = digits(text.substr(23, 2));
    if (!day_number || !year_number || !hour || !minute || !second) return std::nullopt;
    year_month_day date{year(*year_number), month(static_cast<unsigned>(month_index) + 1),
                        day(static_cast<unsigned>(*day_number))};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second);
}

bool ClockSkew::learn(std::string_view code, std::string_view date, Timestamp now,
                      std::chrono::milliseconds signed_with) {
    if (std::find(kCodes.begin(), kCodes.end(), code) == kCodes.end()) return false;
    return learn(date, now, signed_with);
}

bool ClockSkew::learn(std::string_view date, Timestamp now, std::chrono::milliseconds signed_with) {
    auto server_time = parse_http_date(date);
    if (!server_time) return false;
    auto apart = *server_time - (now + signed_with);
    if (std::chrono::abs(apart) < kLeast) return false;
    offset_ = *server_time - now;
    return true;
}

}  // namespace sluice::auth
