#include "http/response_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "http/ascii.hpp"

namespace sluice::http {

namespace {

bool is_framing(std::string_view name) {
    switch (name.size()) {
        case 4:
            return equal_ignoring_case(name, "date");  // written apart: a handler's, or the server's
        case 10:
            return equal_ignoring_case(name, "connection");
        case 14:
            return equal_ignoring_case(name, "content-length");
        case 17:
            return equal_ignoring_case(name, "transfer-encoding");
        default:
            return false;
    }
}

bool is_token(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

void append_value(std::string& out, std::string_view value) {
    for (char c : value) {
        auto byte = static_cast<unsigned char>(c);
        out += (byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c;
    }
}

}  // namespace

std::string serialize_response_head(const Response& response, const ResponseFraming& framing, std::string_view date) {
    std::string out;
    out.reserve(256);
    // A handler's Date wins: a stand-in may have a clock of its own.
    if (auto own = response.headers.get("date"); !own.empty()) date = own;
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: ", response.status,
                   reason_phrase(response.status));
    append_value(out, date);
    out += "\r\n";
    for (const auto& [name, value] : response.headers.all()) {
        if (is_framing(name) || !is_token(name)) continue;
        out += name;
        out += ": ";
        append_value(out, value);
        out += "\r\n";
    }
    if (framing.content_length)
        fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", *framing.content_length);
    if (framing.chunked) out += "Transfer-Encoding: chunked\r\n";
    if (framing.close) {
        out += "Connection: close\r\n";
    } else if (framing.keep_alive_1_0) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
    return out;
}

std::string_view DateText::now() {
    constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto second = static_cast<long>(std::time(nullptr));
    if (second != second_) {
        second_ = second;
        std::time_t time = second;
        std::tm utc{};
        gmtime_r(&time, &utc);
        // Not strftime: the names must not follow the process's locale.
        text_ = fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                            kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    }
    return text_;
}

}  // namespace sluice::http
