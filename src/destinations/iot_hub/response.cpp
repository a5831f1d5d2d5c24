#include "destinations/iot_hub/response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <charconv>
#include <optional>

#include "base/utf8.hpp"
#include "destination/connection_failure.hpp"

namespace sluice::iot_hub {
namespace {

constexpr std::size_t kMostTold = 300;
constexpr std::string_view kAgain = "the connection was lost; it is made again by itself";

bool is_code(std::string_view text) {
    return text.size() == 6 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The six digits behind `errorCode":` or `ErrorCode:` somewhere in text that may itself be JSON in a JSON string.
std::string code_within(std::string_view text) {
    for (std::string_view name : {"errorCode", "ErrorCode"}) {
        for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
            auto rest = text.substr(at + name.size());
            rest.remove_prefix(std::min(rest.find_first_not_of("\\\": "), rest.size()));
            if (is_code(rest.substr(0, 6))) return std::string(rest.substr(0, 6));
        }
    }
    return {};
}

/// `DeviceNotFound`: how the hub calls its errors.
bool is_name(std::string_view text) {
    constexpr std::size_t kLeast = 3;
    constexpr std::size_t kMost = 64;
    return text.size() >= kLeast && text.size() <= kMost && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
           });
}

/// Of `ErrorCode:IotHubQuotaExceeded;Total number of messages…`.
std::string_view name_at_the_front(std::string_view message) {
    constexpr std::string_view kBefore = "ErrorCode:";
    if (!message.starts_with(kBefore)) return {};
    message.remove_prefix(kBefore.size());
    auto name = message.substr(0, message.find(';'));
    return is_name(name) ? name : std::string_view();
}

/// HTTP.sys, on which the hub stands, says so before the hub sees the message: its properties are headers.
bool tells_of_long_headers(int status, std::string_view body) {
    return status == 400 && body.find("size of the request headers is too long") != std::string_view::npos;
}

std::optional<std::chrono::milliseconds> retry_after(const http::Headers& headers) {
    auto text = headers.get("Retry-After");
    std::uint32_t seconds = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return std::chrono::seconds(seconds);
}

}  // namespace

HubError read_hub_error(std::string_view body, std::string_view name) {
    HubError read;
    read.code = code_within(body);
    boost::system::error_code failed;
    auto parsed = boost::json::parse(body, failed);
    if (!failed && parsed.is_object()) {
        for (std::string_view member : {"Message", "message"}) {
            const auto* value = parsed.get_object().if_contains(member);
            if (value == nullptr || !value->is_string()) continue;
            const std::string_view message(value->get_string().data(), value->get_string().size());
            read.message = shown_text(message, kMostTold);
            // With a small letter others write it too.
            if (member == "Message") read.from = Answerer::hub;
            if (read.code.empty()) read.code = number_of(name_at_the_front(message));
            break;
        }
    }
    if (read.code.empty() && is_name(name)) read.code = number_of(name);
    if (!read.code.empty()) read.from = Answerer::hub;
    return read;
}

Verdict verdict_of_reply(const http::ClientResponse& reply, std::string_view target) {
    if (reply.status == 204) return Verdict::accepted();
    auto told = read_hub_error(reply.body, reply.headers.get("iothub-errorcode"));
    if (tells_of_long_headers(reply.status, reply.body)) told.from = Answerer::hub;
    auto meaning = meaning_of(reply.status, told.code, told.from);
    Failure failure;
    failure.error_class = meaning.error_class;
    failure.code = told.code.empty() ? fmt::format("http_{}", reply.status) : told.code;
    failure.message =
        told.message.empty() ? fmt::format("the hub answered with status {}", reply.status) : told.message;
    failure.target = target;
    failure.hint = meaning.hint;
    failure.retry_after = retry_after(reply.headers);
    auto shared = std::make_shared<const Failure>(std::move(failure));
    return meaning.for_good ? Verdict::rejected(std::move(shared))
                            : Verdict::retry(std::move(shared), meaning.ambiguous);
}

Failure failure_of_open(const mqtt::OpenError& error, const Endpoint& endpoint, std::string_view target) {
    Failure failure;
    failure.error_class = ErrorClass::transient;
    failure.code = error.code;
    failure.message =
        fmt::format("{}:{}: {}", endpoint.host, endpoint.port, shown_text(error.error.message, kMostTold));
    if (error.network) {
        failure.hint = error.error.hint.empty() ? connection_hint(error.network->step, endpoint) : error.error.hint;
    } else if (error.refused) {
        auto meaning = meaning_of(*error.refused);
        failure.error_class = meaning.error_class;
        failure.code = name_of(*error.refused);
        failure.target = target;
        failure.hint = meaning.hint;
    } else {
        failure.target = target;
        failure.hint = error.code == "not_mqtt"
                           ? "Does an IoT hub, or what stands in for one, listen there? MQTT is spoken on port 8883."
                           : "The hub took the connection and did not answer; it is tried again by itself.";
    }
    return failure;
}

void explain_refusal(Failure& failure, const Device& device, HubClock::Comparison clock, Timestamp now) {
    if (device.token_expires && *device.token_expires <= now) {
        failure.code = "token_expired";
        failure.message +=
            fmt::format("; the SharedAccessSignature expired at {}", format_rfc3339(*device.token_expires));
        failure.hint =
            "Give the device's connection string with its SharedAccessKey: tokens are then made and renewed.";
        return;
    }
    switch (clock) {
        case HubClock::Comparison::agrees:
            failure.hint += " This machine's clock agrees with the hub's.";
            break;
        case HubClock::Comparison::was_off:
            failure.hint += " This machine's clock is off; the hub's time is used for tokens from now on.";
            break;
        case HubClock::Comparison::not_made:
            failure.hint += " And is this machine's clock right? A token is valid by the hub's.";
            break;
    }
}

Failure device_in_use(const Device& device, std::string_view target, bool by_this_integration) {
    Failure failure;
    failure.error_class = ErrorClass::transient;
    failure.code = "device_in_use";
    failure.target = target;
    if (by_this_integration) {
        failure.message = fmt::format(
            "this integration is already connected as the device {} of {}, as it was before its "
            "settings changed or as it runs",
            device.name(), device.host);
        failure.hint = "It is tried again by itself, and goes on when that connection is closed.";
    } else {
        failure.message = fmt::format("another integration of this Sluice is connected as the device {} of {}",
                                      device.name(), device.host);
        failure.hint =
            "Give each integration a device of its own: a hub lets a device be connected only once, and two would "
            "end each other's connection. This one tries again by itself, and goes on when the other lets go.";
    }
    return failure;
}

Failure failure_of_loss(const mqtt::Lost& lost, SessionHistory::Diagnosis diagnosis, std::string_view target) {
    Failure failure;
    failure.error_class = ErrorClass::transient;
    failure.code = lost.code;
    failure.message = shown_text(lost.error.message, kMostTold);
    failure.target = target;
    failure.hint = kAgain;
    if (lost.cause == mqtt::Lost::Cause::deadline || lost.cause == mqtt::Lost::Cause::silence)
        failure.hint = "The hub did not answer in time. A hub that throttles answers slowly: see its metrics.";
    if (lost.cause == mqtt::Lost::Cause::not_mqtt) failure.hint = "Does an IoT hub listen there?";
    switch (diagnosis) {
        case SessionHistory::Diagnosis::none:
            break;
        case SessionHistory::Diagnosis::taken_over:
            failure.code = "connection_taken_over";
            failure.message = fmt::format(
                "the hub ends the connection of {} again and again, soon after it is made (its error 400027)", target);
            failure.hint =
                "Two senders use this device: a hub keeps only the newest connection of an identity. Stop the other "
                "one, "
                "or give this integration a device of its own.";
            break;
        case SessionHistory::Diagnosis::refuses_messages:
            failure.error_class = ErrorClass::throttled;
            failure.code = "closed_without_acknowledgement";
            failure.message = fmt::format("the hub lets {} connect, and ends the connection when it sends", target);
            failure.hint =
                "Most often the hub's daily message quota is used up: it takes messages again at 00:00 UTC, or with "
                "more "
                "units. Else its send rate is exceeded, or another client connects as this device all the time.";
            break;
        case SessionHistory::Diagnosis::held_back:
            failure.error_class = ErrorClass::throttled;
            failure.code = "acknowledged_slowly";
            failure.message = fmt::format("the hub takes long to acknowledge the messages of {}", target);
            failure.hint =
                "That is how a hub throttles over MQTT: its send rate is used up. More units or a higher tier raise "
                "it.";
            break;
    }
    return failure;
}

}  // namespace sluice::iot_hub
