#include "sandbox/aws/aws_service.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "sandbox/aws/aws_input.hpp"
#include "sandbox/core/http_date.hpp"

namespace sluice::sandbox {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kKinesisPrefix = "Kinesis_20131202.";
constexpr std::string_view kSqsPrefix = "AmazonSQS.";
constexpr std::string_view kForm = "application/x-www-form-urlencoded";
/// How often a waiting reader looks again. A stand-in's readers are tests and people, not production.
constexpr auto kPollInterval = std::chrono::milliseconds(20);

/// Like a UUID of version 4, without asking the operating system for every request.
std::string request_id() {
    thread_local std::uint64_t counter = 0;
    thread_local const std::string prefix = hex_lower(random_bytes(10));
    return fmt::format("{}-{}-{}-{}-{:012x}", prefix.substr(0, 8), prefix.substr(8, 4), prefix.substr(12, 4),
                       prefix.substr(16, 4), ++counter);
}

Error to_error(const AwsError& error) {
    auto code = error.type == "ResourceInUseException" || error.type == "QueueNameExists" ? Errc::conflict
                : error.type == "ResourceNotFoundException" || error.type == "QueueDoesNotExist"
                    ? Errc::not_found
                    : Errc::invalid_argument;
    return make_error(code, error.message);
}

}  // namespace

AwsService::AwsService(AwsOptions options, std::size_t shards, ReceivedLog& received, FaultInjector& faults,
                       const Clock& clock)
    : faults_(faults),
      clock_(clock),
      keys_(options.keys),
      signatures_(keys_),
      streams_(options.streams, received, faults, clock),
      queues_(options.queues, received, faults, clock),
      kinesis_(options.put_limits, shards, streams_, clock),
      sqs_(queues_),
      sts_(options.sts, keys_, clock) {}

bool AwsService::claims(const http::Request& request) const {
    return request.method == "POST" &&
           (request.headers.has("x-amz-target") || request.headers.get("content-type").starts_with(kForm));
}

AwsService::Route AwsService::route(const http::Request& request) {
    auto target = request.headers.get("x-amz-target");
    if (target.starts_with(kKinesisPrefix)) return {&kinesis_, std::string(target.substr(kKinesisPrefix.size()))};
    if (target.starts_with(kSqsPrefix)) return {&sqs_, std::string(target.substr(kSqsPrefix.size()))};
    if (target.empty()) return {&sts_, form_field(request.body, "Action")};
    return {};
}

AwsResult<Caller> AwsService::admit(AwsApi& api, const AwsCall& call, const http::Request& request,
                                    const RequestFaults& faults) {
    using Kind = AuthFailure::Kind;
    auto refusal = [&](AwsError error) {
        if (!faults.code.empty()) error.type = faults.code;
        if (!faults.message.empty()) error.message = faults.message;
        return error;
    };
    auto faulty = faults.refusal.value_or(FaultAction::delay);
    if (faulty == FaultAction::http_500) return refusal(api.internal_failure(faults.status));
    if (faulty == FaultAction::throttle_request) return refusal(api.throttled());
    if (faulty == FaultAction::expired_token)
        return refusal(
            api.auth_error({Kind::expired_session, "The security token included in the request is expired"}));
    auto caller = signatures_.check(request, api.service(), clock_.now() + faults.skew);
    if (!caller) return api.auth_error(caller.error());
    if (faulty == FaultAction::access_denied)
        return refusal(api.auth_error(
            {Kind::access_denied, fmt::format("User: {} is not authorized to perform this operation on {}",
                                              caller->access_key_id, call.target)}));
    if (faulty == FaultAction::missing_target) return refusal(api.missing_target(call.target));
    return std::move(*caller);
}

http::Response AwsService::finish(const AwsApi& api, AwsResult<AwsReply> reply, const http::Request& request,
                                  Timestamp now) const {
    http::Response response;
    if (reply) {
        response.body = std::move(reply->body);
    } else {
        response = api.error_response(reply.error(), request);
    }
    response.headers.set("Content-Type", std::string(api.content_type()));
    response.headers.set("Date", http_date(now));
    response.headers.set("x-amzn-RequestId", request_id());
    return response;
}

asio::awaitable<Outcome> AwsService::handle(http::Request request) {
    Outcome outcome;
    auto route = this->route(request);
    if (route.api == nullptr) {
        outcome.response = finish(
            kinesis_, AwsError{400, "UnknownOperationException", "the sandbox stands in for no such service", {}},
            request, clock_.now());
        co_return outcome;
    }
    auto& api = *route.api;
    auto call = api.prepare(route.operation, request);
    std::string_view target = call ? std::string_view(call->target) : std::string_view();
    auto faults = faults_.on_request({api.service(), route.operation, target});

    asio::steady_timer timer(co_await asio::this_coro::executor);
    if (faults.delay.count() > 0) {
        timer.expires_after(faults.delay);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (faults.refusal == FaultAction::hang || faults.refusal == FaultAction::reset_before) {
        outcome.ending = faults.refusal == FaultAction::hang ? Outcome::Ending::hang : Outcome::Ending::reset;
        co_return outcome;
    }
    AwsResult<AwsReply> reply = AwsReply{};
    AwsCall nothing;
    auto caller = admit(api, call ? *call : nothing, request, faults);
    if (!caller) {
        reply = caller.error();
    } else if (!call) {
        reply = call.error();
    } else {
        reply = call->run(*caller);
        auto give_up = std::chrono::steady_clock::now() + call->wait;
        while (reply && reply->nothing_yet && std::chrono::steady_clock::now() < give_up) {
            timer.expires_after(kPollInterval);
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            reply = call->run(*caller);
            auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none) break;  // the server stops
        }
    }
    if (faults.ending) {
        outcome.ending = faults.ending == FaultAction::hang_after ? Outcome::Ending::hang : Outcome::Ending::reset;
        co_return outcome;
    }
    outcome.response = finish(api, std::move(reply), request, clock_.now() + faults.skew);
    co_return outcome;
}

std::vector<Target> AwsService::targets() const {
    std::vector<Target> all;
    for (const auto& stream : streams_.list())
        all.push_back(
            {"kinesis", stream.name,
             fmt::format(R"({{"open_shards":{},"max_record_kib":{}}})", stream.open_shards, stream.max_record_kib)});
    for (const auto& queue : queues_.list())
        all.push_back({"sqs", queue.name, fmt::format(R"({{"fifo":{},"messages":{}}})", queue.fifo, queue.messages)});
    return all;
}

Result<void> AwsService::create_target(std::string_view service, std::string_view name, std::string_view settings) {
    auto input = parse_input(settings);
    if (!input) return to_error(input.error());
    if (service == "sqs") {
        auto created = queues_.create(name, *input);
        if (!created) return to_error(created.error());
        return {};
    }
    if (!is_stream_name(name))
        return make_error(Errc::invalid_argument, "a stream's name has 1 to 128 of the characters a-z A-Z 0-9 _ . -");
    StreamSettings stream;
    auto shards = integer_member(*input, "shards").value_or(1);
    auto kib = integer_member(*input, "max_record_kib").value_or(1024);
    if (shards < 1 || shards > 10'000) return make_error(Errc::invalid_argument, "shards: must be from 1 to 10000");
    if (kib < 1024 || kib > 10'240)
        return make_error(Errc::invalid_argument, "max_record_kib: must be from 1024 to 10240");
    stream.shards = static_cast<std::size_t>(shards);
    stream.max_record_kib = static_cast<std::size_t>(kib);
    auto created = streams_.create(name, stream);
    if (!created) return to_error(created.error());
    return {};
}

Result<void> AwsService::delete_target(std::string_view service, std::string_view name) {
    auto removed = service == "sqs" ? queues_.remove(name) : streams_.remove(name);
    if (!removed) return to_error(removed.error());
    return {};
}

}  // namespace sluice::sandbox
