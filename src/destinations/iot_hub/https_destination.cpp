#include "destinations/iot_hub/https_destination.hpp"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <set>
#include <utility>

#include "auth/strike_out.hpp"
#include "base/encoding.hpp"
#include "destination/connection_failure.hpp"
#include "destination/connection_probe.hpp"
#include "destinations/iot_hub/probe.hpp"
#include "destinations/iot_hub/request.hpp"
#include "destinations/iot_hub/response.hpp"
#include "destinations/iot_hub/targets.hpp"

namespace sluice::iot_hub {

namespace asio = boost::asio;

namespace {

/// A hub, or what stands before it, may quote the request that it refuses.
void strike_out(http::ClientResponse& reply, const Secret& token) {
    if (reply.status / 100 != 2) reply.body = auth::struck_out(reply.body, auth::quotable_parts(token.reveal()));
}

}  // namespace

HttpsDestination::HttpsDestination(asio::io_context& io, const Clock& clock, Config config, std::size_t max_connections)
    : io_(io), clock_(clock), config_(std::move(config)), max_connections_(max_connections), hub_clock_(clock) {
    for (std::size_t i = 0; i < config_.device_names.size(); ++i) device_of_target_.emplace(config_.device_names[i], i);
}

Limits HttpsDestination::limits() const {
    Limits limits;
    limits.max_events = 1;
    limits.max_bytes = kMaxMessageBytes;
    limits.max_message_bytes_safe = kMaxMessageBytes;
    limits.max_message_bytes_absolute = kMaxMessageBytes;
    limits.max_concurrent = max_connections_;
    limits.fixed_target = config_.devices.size() == 1;
    return limits;
}

Result<void> HttpsDestination::target_of(const Event& event, std::string& out) const {
    return append_target(config_, event, out);
}

Result<SentBeside> HttpsDestination::beside(const Message& message) const {
    return application_properties(config_, message.event);
}

std::size_t HttpsDestination::size_of(const Message& message) const {
    return message_bytes(config_, message);
}

const Secret& HttpsDestination::token_of(std::size_t device) {
    Token& token = tokens_[device];
    auto steady = clock_.steady_now();
    if (token.text.empty() || steady >= token.good_until) {
        auto minted = mint_token(config_.devices[device], hub_clock_.now(), config_.token_lifetime);
        token.text = std::move(minted.token);
        token.good_until =
            minted.use_for == std::chrono::milliseconds::max() ? SteadyTime::max() : steady + minted.use_for;
    }
    return token.text;
}

http::ClientPool& HttpsDestination::pool_of(const Device& device) {
    auto endpoint = config_.endpoint_of(device);
    auto& pool = pools_[endpoint];
    if (!pool) {
        http::ClientPool::Options options;
        options.endpoint = endpoint;
        options.connect = config_.connect;
        options.max_connections = max_connections_;
        pool = std::make_unique<http::ClientPool>(io_, std::move(options));
    }
    return *pool;
}

bool HttpsDestination::learn_time(const http::ClientResponse& reply, std::size_t device,
                                  std::uint64_t corrections_before) {
    if (reply.status != 401 || config_.devices[device].key.empty()) return false;
    // Another request, refused before this one, may have learnt it already.
    if (corrections_ != corrections_before) return true;
    if (!hub_clock_.learn(reply.headers.get("Date"))) return false;
    ++corrections_;
    tokens_.clear();
    return true;
}

asio::awaitable<Verdict> HttpsDestination::deliver_one(const Message& message, Deadline deadline) {
    auto found = device_of_target_.find(message.target);
    if (found == device_of_target_.end()) co_return Verdict::rejected(unknown_target(message.target));
    if (deadline.passed()) co_return too_late(message.target);
    const Device& device = config_.devices[found->second];
    for (bool again = true;; again = false) {
        auto corrections = corrections_;
        const Secret token = token_of(found->second);
        auto request = message_request(config_, device, message, token);
        if (!request) co_return Verdict::rejected(unsendable_message(request.error(), message.target));
        http::ClientResult reply = co_await pool_of(device).send(std::move(*request), deadline);
        if (!reply) co_return connection_verdict(reply.error(), config_.endpoint_of(device));
        strike_out(*reply, token);
        // Nothing was stored, and the reason is gone: the one thing that is tried again here.
        bool corrected = again && learn_time(*reply, found->second, corrections);
        if (!corrected) co_return verdict_of_reply(*reply, message.target);
    }
}

asio::awaitable<std::vector<Verdict>> HttpsDestination::deliver(std::span<const Message> messages, Deadline deadline) {
    co_await asio::this_coro::throw_if_cancelled(false);
    std::vector<Verdict> verdicts;
    verdicts.reserve(messages.size());
    for (const auto& message : messages) {
        Verdict verdict = co_await deliver_one(message, deadline);
        verdicts.push_back(std::move(verdict));
    }
    co_return verdicts;
}

asio::awaitable<std::optional<Failure>> HttpsDestination::check(std::size_t index, Deadline deadline) {
    const Device& device = config_.devices[index];
    for (bool again = true;; again = false) {
        auto corrections = corrections_;
        // Asking for a command that may wait for the device: there is nothing to read that writes less.
        http::ClientRequest request;
        request.method = "GET";
        request.target =
            fmt::format("/devices/{}/messages/devicebound?api-version={}", percent_encode(device.id), kHttpsApiVersion);
        const Secret token = token_of(index);
        request.headers.add("Authorization", token.reveal());
        request.max_response_bytes = 512 << 10;
        request.truncate_response = true;
        http::ClientResult reply = co_await pool_of(device).send(std::move(request), deadline);
        if (!reply) co_return connection_failure(reply.error(), config_.endpoint_of(device));
        strike_out(*reply, token);
        if (again && learn_time(*reply, index, corrections)) continue;
        if (reply->status / 100 == 2) {
            // One that was handed out is given back, or the device would not see it for a minute.
            std::string tag(reply->headers.get("ETag"));
            std::erase(tag, '"');
            if (reply->status == 200 && !tag.empty()) {
                http::ClientRequest abandon;
                abandon.target = fmt::format("/devices/{}/messages/devicebound/{}/abandon?api-version={}",
                                             percent_encode(device.id), percent_encode(tag), kHttpsApiVersion);
                abandon.headers.add("Authorization", token_of(index).reveal());
                (void)co_await pool_of(device).send(std::move(abandon), deadline);
            }
            co_return std::nullopt;
        }
        Verdict verdict = verdict_of_reply(*reply, config_.device_names[index]);
        Failure failure = *verdict.failure;
        if (failure.error_class == ErrorClass::credentials) {
            auto compared = reply->headers.has("Date") ? HubClock::Comparison::agrees : HubClock::Comparison::not_made;
            explain_refusal(failure, device, compared, hub_clock_.now());
        }
        co_return failure;
    }
}

asio::awaitable<ProbeReport> HttpsDestination::probe(Deadline deadline) {
    co_await asio::this_coro::throw_if_cancelled(false);
    ProbeReport report;
    auto devices = devices_to_probe(config_);
    std::set<Endpoint> seen;
    for (std::size_t device : devices) {
        auto endpoint = config_.endpoint_of(config_.devices[device]);
        if (!seen.insert(endpoint).second) continue;
        bool reached = co_await probe_connection(io_, endpoint, config_.connect, deadline, report);
        if (!reached) {
            add_skipped(report);
            co_return report;
        }
    }
    std::vector<DeviceFinding> findings;
    for (std::size_t device : devices) {
        auto failure = co_await check(device, deadline);
        findings.push_back({device, std::move(failure), false});
    }
    add_findings(report, config_, findings, hub_clock_.now(), hub_clock_.offset());
    co_return report;
}

asio::awaitable<void> HttpsDestination::close() {
    for (auto& [endpoint, pool] : pools_) pool->close();
    co_return;
}

}  // namespace sluice::iot_hub
