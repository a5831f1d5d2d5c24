#include "destinations/event_hubs/https_response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "auth/xml_text.hpp"
#include "base/utf8.hpp"
#include "destinations/event_hubs/hub_creation.hpp"

namespace sluice::event_hubs {
namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Without the ids that only the service's own people can use.
std::string shown(std::string_view told) {
    for (std::string_view tail : {"TrackingId:", "SystemTracker:"}) told = told.substr(0, told.find(tail));
    std::string text = shown_text(told, kMostTold);
    while (!text.empty() && (text.back() == ' ' || text.back() == ',')) text.pop_back();
    return text;
}

/// Seconds (RFC 9110 §10.2.3).
std::optional<std::chrono::milliseconds> retry_after(const http::Headers& headers) {
    auto text = headers.get("Retry-After");
    int seconds = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
    return std::chrono::seconds(seconds);
}

Failure failure_of_answer(const http::ClientResponse& answer, std::string_view hub, const HttpsError& error) {
    auto meaning = meaning_of_status(answer.status, error.code, error.from, error.lacks_right);
    Failure failure;
    failure.error_class = meaning.error_class;
    failure.code = error.code;
    failure.message = fmt::format("answered {} {}{}{}", answer.status, http::reason_phrase(answer.status),
                                  error.detail.empty() ? "" : ": ", error.detail);
    if (meaning.of_target) failure.target = hub;
    failure.hint = meaning.hint;
    failure.retry_after = retry_after(answer.headers);
    return failure;
}

int partitions_of(std::string_view body) {
    auto text = auth::xml_text(body, "PartitionCount").value_or(std::string());
    int count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    return count;
}

/// `Unauthorized access. 'Send' claim(s) are required to perform this operation.`
bool names_a_claim(std::string_view detail) {
    return detail.find("claim(s) are required") != std::string_view::npos;
}

/// `'Manage,EventHub' claim(s) are required`
bool wants_manage(std::string_view detail) {
    return detail.find("claim") != std::string_view::npos && detail.find("Manage") != std::string_view::npos;
}

}  // namespace

HttpsError read_https_error(int status, std::string_view body) {
    HttpsError error;
    auto detail = auth::xml_text(body, "Detail");
    if (detail && body.find("<Error") != std::string_view::npos) error.from = Answerer::service;
    error.detail = shown(detail.value_or(std::string()));
    error.lacks_right = names_a_claim(error.detail);
    auto colon = error.detail.find(':');
    bool named =
        colon != std::string::npos && colon >= 3 && colon <= 48 &&
        std::all_of(error.detail.begin(), error.detail.begin() + static_cast<std::ptrdiff_t>(colon), is_letter);
    error.code = named ? error.detail.substr(0, colon) : fmt::format("http_{}", status);
    return error;
}

Verdict verdict_of_send(const http::ClientResponse& answer, std::string_view hub) {
    if (answer.status == 201) return Verdict::accepted();
    auto error = read_https_error(answer.status, answer.body);
    auto meaning = meaning_of_status(answer.status, error.code, error.from, error.lacks_right);
    auto failure = std::make_shared<const Failure>(failure_of_answer(answer, hub, error));
    if (meaning.for_good) return Verdict::rejected(failure);
    return Verdict::retry(failure, meaning.may_be_stored);
}

std::shared_ptr<const Failure> creation_outcome(const http::ClientResponse& answer, std::string_view hub) {
    if (answer.status == 200 || answer.status == 201 || answer.status == 409) return nullptr;
    auto error = read_https_error(answer.status, answer.body);
    auto refusal = [&](Refusal why) {
        return std::make_shared<const Failure>(hub_missing(why, error.code, error.detail, hub));
    };
    bool of_quota = error.code.find("Quota") != std::string::npos || error.detail.find("quota") != std::string::npos ||
                    error.detail.find("SubCode=40304") != std::string::npos;
    if (answer.status == 403 && of_quota) return refusal(Refusal::no_room);
    if (answer.status == 401 || answer.status == 403) return refusal(Refusal::no_right);
    if (answer.status == 400) return refusal(Refusal::no_room);
    auto failure = failure_of_answer(answer, hub, error);
    failure.target = hub;
    failure.message = fmt::format("event hub “{}” could not be created: {}", hub, failure.message);
    return std::make_shared<const Failure>(std::move(failure));
}

HubLook read_hub_look(const http::ClientResponse& answer, std::string_view hub) {
    HubLook look;
    if (answer.status == 200 && answer.body.find("EventHubDescription") != std::string::npos) {
        look.kind = HubLook::Kind::there;
        look.partitions = partitions_of(answer.body);
        return look;
    }
    auto error = read_https_error(answer.status, answer.body);
    look.failure = failure_of_answer(answer, hub, error);
    // For a hub that it does not have, the service answers with a feed that has nothing in it.
    bool empty_feed = answer.status == 200 && answer.body.find("<feed") != std::string::npos;
    if (empty_feed || answer.status == 404 || answer.status == 410) {
        look.kind = HubLook::Kind::missing;
        look.failure.error_class = ErrorClass::missing_target;
        look.failure.target = hub;
    } else if ((answer.status == 401 || answer.status == 403) && wants_manage(error.detail)) {
        look.kind = HubLook::Kind::may_not_look;
    }
    return look;
}

}  // namespace sluice::event_hubs
