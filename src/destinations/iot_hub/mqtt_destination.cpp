#include "destinations/iot_hub/mqtt_destination.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <set>
#include <utility>

#include "destination/connection_probe.hpp"
#include "destinations/iot_hub/probe.hpp"
#include "destinations/iot_hub/request.hpp"
#include "destinations/iot_hub/targets.hpp"

namespace sluice::iot_hub {

namespace asio = boost::asio;

namespace {

/// Messages of one call that are under way at a time: all of it. At 30 ms to the hub and back one call at a time is
/// 3,000 messages a second, many times what a device may send.
constexpr std::size_t kWindow = 100;
constexpr std::size_t kMaxBatchBytes = 1 << 20;
constexpr std::size_t kLeastConcurrent = 4;
constexpr std::size_t kMostConcurrent = 64;
constexpr std::chrono::seconds kTendEvery{5};
constexpr std::chrono::seconds kCloseTimeout{5};

}  // namespace

MqttDestination::MqttDestination(asio::io_context& io, const Clock& clock, Config config,
                                 std::shared_ptr<TlsClientContext> tls, std::optional<Endpoint> date_endpoint)
    : io_(io),
      config_(std::move(config)),
      around_{io_, clock, config_, std::move(tls), HubClock(clock), std::move(date_endpoint)},
      sessions_(config_.devices.size()),
      tasks_(io),
      stop_tending_(io.get_executor()) {
    for (std::size_t i = 0; i < config_.device_names.size(); ++i) device_of_target_.emplace(config_.device_names[i], i);
}

MqttDestination::~MqttDestination() = default;

Limits MqttDestination::limits() const {
    Limits limits;
    limits.max_events = kWindow;
    limits.max_bytes = kMaxBatchBytes;
    limits.max_message_bytes_safe = kMaxMessageBytes;
    limits.max_message_bytes_absolute = kMaxMessageBytes;
    limits.max_concurrent = std::clamp(2 * config_.devices.size(), kLeastConcurrent, kMostConcurrent);
    limits.same_key = SameKeyInBatch::in_order;
    limits.one_target_per_batch = true;
    limits.fixed_target = config_.devices.size() == 1;
    return limits;
}

Result<void> MqttDestination::target_of(const Event& event, std::string& out) const {
    return append_target(config_, event, out);
}

Result<SentBeside> MqttDestination::beside(const Message& message) const {
    return application_properties(config_, message.event);
}

std::size_t MqttDestination::size_of(const Message& message) const {
    return message_bytes(config_, message);
}

DeviceSession& MqttDestination::session_of(std::size_t device) {
    auto& session = sessions_[device];
    if (!session) session = std::make_unique<DeviceSession>(around_, device);
    return *session;
}

std::size_t MqttDestination::open_connections() const noexcept {
    return static_cast<std::size_t>(std::count_if(
        sessions_.begin(), sessions_.end(), [](const auto& session) { return session && session->is_connected(); }));
}

asio::awaitable<std::vector<Verdict>> MqttDestination::deliver(std::span<const Message> messages, Deadline deadline) {
    co_await asio::this_coro::throw_if_cancelled(false);
    if (messages.empty()) co_return std::vector<Verdict>();
    auto found = device_of_target_.find(messages.front().target);
    if (found == device_of_target_.end())
        co_return std::vector<Verdict>(messages.size(), Verdict::rejected(unknown_target(messages.front().target)));
    if (deadline.passed()) co_return std::vector<Verdict>(messages.size(), too_late(messages.front().target));

    std::vector<std::string> topics;
    std::vector<mqtt::Outgoing> outgoing;
    std::vector<std::pair<std::size_t, Verdict>> unsendable;
    topics.reserve(messages.size());
    outgoing.reserve(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
        auto topic = message_topic(config_, config_.devices[found->second], messages[i].event);
        if (topic) {
            topics.push_back(std::move(*topic));
            outgoing.push_back({topics.back(), messages[i].body});
        } else {
            unsendable.emplace_back(i, Verdict::rejected(unsendable_message(topic.error(), found->first)));
        }
    }
    std::vector<Verdict> verdicts;
    if (!outgoing.empty()) {
        if (!std::exchange(tending_, true)) tasks_.spawn(tend_sessions());
        verdicts = co_await session_of(found->second).publish(outgoing, deadline);
    }
    for (auto& [index, verdict] : unsendable)
        verdicts.insert(verdicts.begin() + static_cast<std::ptrdiff_t>(index), std::move(verdict));
    co_return verdicts;
}

asio::awaitable<void> MqttDestination::tend_sessions() {
    for (bool any = true; any && !closed_;) {
        co_await stop_tending_.wait(Deadline::after(kTendEvery));
        any = false;
        for (std::size_t i = 0; i < sessions_.size() && !closed_; ++i) {
            if (!sessions_[i] || !sessions_[i]->is_in_use()) continue;
            any = true;
            co_await sessions_[i]->tend();
        }
    }
    tending_ = false;
}

asio::awaitable<bool> MqttDestination::probe_hosts(const std::vector<std::size_t>& devices, Deadline deadline,
                                                   ProbeReport& report) {
    std::set<Endpoint> seen;
    for (std::size_t device : devices) {
        auto endpoint = config_.endpoint_of(config_.devices[device]);
        if (!seen.insert(endpoint).second) continue;
        bool reached = co_await probe_connection(io_, endpoint, config_.connect, deadline, report);
        if (!reached) co_return false;
    }
    co_return true;
}

asio::awaitable<ProbeReport> MqttDestination::probe(Deadline deadline) {
    co_await asio::this_coro::throw_if_cancelled(false);
    ProbeReport report;
    auto devices = devices_to_probe(config_);
    bool reached = co_await probe_hosts(devices, deadline, report);
    if (!reached) {
        add_skipped(report);
        co_return report;
    }
    std::vector<DeviceFinding> findings;
    for (std::size_t device : devices) {
        DeviceSession::Check check = co_await session_of(device).check(deadline);
        findings.push_back({device, std::move(check.failure), check.was_connected});
    }
    add_findings(report, config_, findings, around_.hub_clock.now(), around_.hub_clock.offset());
    co_return report;
}

asio::awaitable<void> MqttDestination::close() {
    closed_ = true;
    stop_tending_.set();
    co_await tasks_.join();
    auto deadline = Deadline::after(kCloseTimeout);
    for (auto& session : sessions_) {
        if (session) co_await session->close(deadline);
    }
}

}  // namespace sluice::iot_hub
