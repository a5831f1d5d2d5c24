#include "destinations/webhook/response.hpp"

#include <fmt/format.h>

#include <charconv>

#include "auth/clock_skew.hpp"
#include "auth/strike_out.hpp"
#include "base/utf8.hpp"

namespace sluice::webhook {
namespace {

constexpr std::size_t kMostOfWhatItSaid = 200;
/// A page's line breaks and indentation go before it is cut.
constexpr std::size_t kMostOfWhatIsRead = 4 << 10;

/// Seconds, or a date (RFC 9110 §10.2.3): how far that is off is told by the answer's own Date, whatever the clock
/// here.
std::optional<std::chrono::milliseconds> retry_after(const http::Headers& headers) {
    auto text = headers.get("Retry-After");
    if (auto until = auth::parse_http_date(text)) {
        auto answered = auth::parse_http_date(headers.get("Date"));
        if (!answered || *until < *answered) return std::nullopt;
        return std::chrono::duration_cast<std::chrono::milliseconds>(*until - *answered);
    }
    int seconds = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
    return std::chrono::seconds(seconds);
}

struct Meaning {
    Verdict::Kind kind;
    ErrorClass error_class;
    bool ambiguous;
    const char* hint;
};

Meaning meaning_of(int status) {
    using Kind = Verdict::Kind;
    switch (status) {
        case 401:
        case 403:
            return {Kind::retry, ErrorClass::credentials, false,
                    "does the receiver ask for a header (destination.headers) or another secret?"};
        case 404:
        case 410:
            return {Kind::retry, ErrorClass::missing_target, false, "is destination.url still right?"};
        case 408:
        case 425:
            return {Kind::retry, ErrorClass::transient, true, "tried again by itself"};
        case 413:
            return {Kind::rejected, ErrorClass::too_large, false, "the receiver takes no bodies of this size"};
        case 429:
            return {Kind::retry, ErrorClass::throttled, false, "the receiver asks for fewer requests: see rate"};
        default:
            break;
    }
    if (status >= 500) return {Kind::retry, ErrorClass::transient, true, "the receiver failed; tried again by itself"};
    if (status >= 300 && status < 400)
        return {Kind::retry, ErrorClass::missing_target, false,
                "redirects are not followed: put the address it names into destination.url"};
    if (status >= 400) return {Kind::rejected, ErrorClass::rejected, false, "the receiver will not take this event"};
    return {Kind::retry, ErrorClass::transient, true, "not an answer to a POST"};
}

}  // namespace

Verdict verdict_of(const http::ClientResponse& response, const std::string& url, std::span<const Secret> unquotable) {
    if (response.status >= 200 && response.status < 300) return Verdict::accepted();
    auto meaning = meaning_of(response.status);
    auto failure = std::make_shared<Failure>();
    failure->error_class = meaning.error_class;
    failure->code = fmt::format("http_{}", response.status);
    auto said = shown_text(auth::struck_out(response.body, unquotable, kMostOfWhatIsRead), kMostOfWhatItSaid);
    failure->message = fmt::format("answered {} {}{}{}", response.status, http::reason_phrase(response.status),
                                   said.empty() ? "" : ": ", said);
    failure->target = url;
    failure->hint = meaning.hint;
    failure->retry_after = retry_after(response.headers);
    return {meaning.kind, meaning.ambiguous, std::move(failure)};
}

}  // namespace sluice::webhook
