#include "sandbox/event_hubs/https_api.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "auth/xml_text.hpp"
#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "sandbox/event_hubs/https_events.hpp"
#include "sandbox/event_hubs/partition_of_key.hpp"

namespace sluice::sandbox {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kSend = "SendBatch";
constexpr std::string_view kCreate = "CreateEventHub";
constexpr std::string_view kGet = "GetEventHub";
constexpr std::string_view kDelete = "DeleteEventHub";
constexpr std::string_view kIssueToken = "IssueToken";

std::string escape_xml(std::string_view text) {
    std::string out;
    for (char c : text) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '&':
                out += "&amp;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::optional<std::int32_t> parse_int(std::string_view text) {
    std::int32_t value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

http::Response atom(int status, std::string body) {
    auto response = http::Response::text(status, std::move(body));
    response.headers.set("Content-Type", "application/atom+xml;type=entry;charset=utf-8");
    return response;
}

}  // namespace

HttpsApi::HttpsApi(const Access& access, const EntraTokens& tokens, Hubs& hubs, FaultInjector& faults,
                   const Clock& clock)
    : access_(access), tokens_(tokens), hubs_(hubs), faults_(faults), clock_(clock) {}

std::optional<HttpsApi::Call> HttpsApi::read_call(const http::Request& request) {
    if (EntraTokens::claims(request)) return Call{kIssueToken, {}, {}, {}};
    auto segments = request.path_segments();
    if (!segments || segments->empty() || segments->front().empty()) return std::nullopt;
    auto count = segments->size();
    if (request.method == "POST" && count >= 2 && segments->back() == "messages") {
        Call call{kSend, segments->front(), {}, {}};
        if (count == 2) return call;
        const auto& kind = (*segments)[1];
        if (count != 4 || (kind != "partitions" && kind != "publishers")) return std::nullopt;
        (kind == "partitions" ? call.partition : call.publisher) = (*segments)[2];
        return call;
    }
    if (count != 1) return std::nullopt;
    if (request.method == "PUT") return Call{kCreate, segments->front(), {}, {}};
    if (request.method == "GET") return Call{kGet, segments->front(), {}, {}};
    if (request.method == "DELETE") return Call{kDelete, segments->front(), {}, {}};
    return std::nullopt;
}

FaultWords HttpsApi::fault_words() {
    FaultWords words{"event_hubs", {kSend, kCreate, kGet, kDelete, kIssueToken}, {kSend}};
    words.codes.emplace();  // answers have a status and a text
    words.throttles_with_status = true;
    return words;
}

bool HttpsApi::claims(const http::Request& request) {
    if (request.headers.has("x-amz-target")) return false;
    auto call = read_call(request);
    if (!call) return false;
    if (call->operation == kSend || call->operation == kIssueToken) return true;
    // One segment could be anything: an event hub is asked for with a token, or by the version of its API.
    auto authorization = request.headers.get("authorization");
    return authorization.starts_with("SharedAccessSignature ") || authorization.starts_with("Bearer ") ||
           request.query_parameter("api-version").has_value();
}

std::string HttpsApi::resource(std::string_view hub) const {
    return fmt::format("sb://{}/{}", access_.host(), hub);
}

http::Response HttpsApi::error(int status, std::string_view detail) const {
    auto tracking = hex_lower(random_bytes(16));
    auto response = http::Response::text(
        status, fmt::format("<Error><Code>{}</Code><Detail>{} TrackingId:{}, SystemTracker:{}, Timestamp:{}</Detail>"
                            "</Error>",
                            status, escape_xml(detail), tracking, access_.host(), format_rfc3339(clock_.now())));
    response.headers.set("Content-Type", "application/xml; charset=utf-8");
    return response;
}

http::Response HttpsApi::refuse_by_fault(const Call& call, const RequestFaults& faults) const {
    auto said = [&](std::string_view usual) {
        return faults.message.empty() ? usual : std::string_view(faults.message);
    };
    switch (*faults.refusal) {
        case FaultAction::throttle_request:
            return error(faults.status == 503 ? 503 : 429, said("ServerBusy: The request was terminated because the "
                                                                "namespace is being throttled. Error code: 50002."));
        case FaultAction::expired_token:
            return error(401, said("ExpiredToken: The token is expired."));
        case FaultAction::access_denied:
            return error(403, said(fmt::format("Forbidden: access to {} is denied.", resource(call.hub))));
        case FaultAction::missing_target:
            return error(404, said(fmt::format("The messaging entity '{}' could not be found.", resource(call.hub))));
        default:
            return error(faults.status, said("The server encountered an internal error."));
    }
}

asio::awaitable<Outcome> HttpsApi::handle(http::Request request) {
    Outcome outcome;
    auto call = read_call(request);
    if (!call) {
        outcome.response = error(404, "The sandbox has no such resource.");
        co_return outcome;
    }
    auto faults = faults_.on_request({"event_hubs", call->operation, call->hub});
    if (faults.delay.count() > 0) {
        asio::steady_timer timer(co_await asio::this_coro::executor, faults.delay);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (faults.refusal == FaultAction::hang || faults.refusal == FaultAction::reset_before) {
        outcome.ending = faults.refusal == FaultAction::hang ? Outcome::Ending::hang : Outcome::Ending::reset;
        co_return outcome;
    }
    outcome.response =
        faults.refusal ? refuse_by_fault(*call, faults) : run(*call, request, clock_.now() + faults.skew);
    if (faults.ending)
        outcome.ending = faults.ending == FaultAction::hang_after ? Outcome::Ending::hang : Outcome::Ending::reset;
    co_return outcome;
}

http::Response HttpsApi::run(const Call& call, const http::Request& request, Timestamp now) {
    if (call.operation == kIssueToken) return tokens_.issue(request, now);
    auto rights = access_.check_authorization(request.headers.get("authorization"), request.headers.get("host"),
                                              request.path, now);
    if (!rights) return error(401, fmt::format("{}: {}", rights.error().code, rights.error().message));
    if (call.operation != kSend) {
        if (!rights->may_manage())
            return error(401, fmt::format("Unauthorized access. 'Manage' claim(s) are required to perform this "
                                          "operation. Resource: '{}'.",
                                          resource(call.hub)));
        return manage(call, request);
    }
    if (!rights->may_send(call.hub))
        return error(401, fmt::format("Unauthorized access. 'Send' claim(s) are required to perform this operation. "
                                      "Resource: '{}'.",
                                      resource(call.hub)));
    auto hub = hubs_.find(call.hub);
    if (!hub) return error(404, fmt::format("The messaging entity '{}' could not be found.", resource(call.hub)));
    return send(call, request, *hub);
}

http::Response HttpsApi::send(const Call& call, const http::Request& request, const Hubs::Hub& hub) {
    auto most = hubs_.options().max_event_bytes;
    if (request.body.size() > most)
        return error(413, fmt::format("The received message (size: {}) exceeds the limit ({} bytes).",
                                      request.body.size(), most));
    auto sent = read_sent_events(request);
    if (!sent) return error(400, fmt::format("BadRequest: {}.", sent.error().message));
    if (call.publisher) {
        if (sent->partition_key && *sent->partition_key != *call.publisher)
            return error(400, "BadRequest: the partition key of a publisher's events is the publisher's name.");
        sent->partition_key = call.publisher;
    }
    std::int32_t partition = 0;
    if (call.partition) {
        partition = parse_int(*call.partition).value_or(-1);
        if (partition < 0 || partition >= hub.partitions)
            return error(
                400, fmt::format("ArgumentOutOfRange: the partition must be between 0 and {}.", hub.partitions - 1));
        if (sent->partition_key) return error(400, "BadRequest: a partition and a partition key are given.");
    } else if (sent->partition_key) {
        partition = partition_of_key(*sent->partition_key, hub.partitions);
    } else {
        partition = static_cast<std::int32_t>(next_partition_++ % static_cast<std::uint32_t>(hub.partitions));
    }
    for (std::size_t i = 0; faults_.looks_at_records() && i < sent->records.size(); i++) {
        auto fault = faults_.on_record({"event_hubs", kSend, call.hub}, i, sent->partition_key.value_or(""),
                                       sent->records[i].value.value_or(""));
        if (!fault) continue;
        RequestFaults whole;
        whole.refusal = fault->action == FaultAction::throttle ? FaultAction::throttle_request : FaultAction::http_500;
        whole.message = fault->message;
        return refuse_by_fault(call, whole);
    }
    NewBatch batch;
    batch.timestamp = to_epoch_ms(clock_.now());
    for (auto& record : sent->records) record.key = sent->partition_key;
    batch.records = std::move(sent->records);
    auto bytes = std::make_shared<const std::string>(write_record_batch(batch));
    auto read = read_record_batch(*bytes, hubs_.options().max_unpacked_bytes);
    if (!read) return error(500, read.error().message);
    auto appended = hubs_.append(call.hub, partition, *read, {bytes, *bytes});
    if (appended.error == KafkaError::unknown_topic_or_partition)
        return error(404, fmt::format("The messaging entity '{}' could not be found.", resource(call.hub)));
    if (appended.error != KafkaError::none) return error(413, appended.message);
    http::Response created;
    created.status = 201;
    created.headers.set("Content-Type", "application/xml; charset=utf-8");
    return created;
}

std::string HttpsApi::describe(const Hubs::Hub& hub) const {
    return fmt::format(
        R"(<entry xmlns="http://www.w3.org/2005/Atom"><id>https://{0}/{1}</id><title type="text">{1}</title>)"
        R"(<content type="application/xml"><EventHubDescription )"
        R"(xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect">)"
        R"(<MessageRetentionInDays>1</MessageRetentionInDays><Status>Active</Status>)"
        R"(<PartitionCount>{2}</PartitionCount></EventHubDescription></content></entry>)",
        access_.host(), hub.name, hub.partitions);
}

http::Response HttpsApi::manage(const Call& call, const http::Request& request) {
    auto known = hubs_.find(call.hub);
    auto missing =
        fmt::format("SubCode=40400. Not Found. The messaging entity '{}' could not be found.", resource(call.hub));
    if (call.operation == kGet) return known ? atom(200, describe(*known)) : error(404, missing);
    if (call.operation == kDelete) {
        auto removed = hubs_.remove(call.hub);
        return removed ? http::Response::text(200, "") : error(404, missing);
    }
    if (known && request.headers.get("if-match") == "*") return atom(200, describe(*known));
    if (request.body.find("EventHubDescription") == std::string::npos)
        return error(400, "BadRequest: the body is no Atom entry with an EventHubDescription.");
    auto count = auth::xml_text(request.body, "PartitionCount");
    auto partitions = count ? parse_int(*count).value_or(0) : kDefaultPartitions;
    auto made = hubs_.create(call.hub, partitions);
    if (!made) {
        auto code = made.error().code;
        return error(code == Errc::conflict ? 409 : code == Errc::exhausted ? 403 : 400, made.error().message + ".");
    }
    return atom(201, describe({call.hub, partitions, 0}));
}

}  // namespace sluice::sandbox
