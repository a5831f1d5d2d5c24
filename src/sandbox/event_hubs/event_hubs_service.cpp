#include "sandbox/event_hubs/event_hubs_service.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "sandbox/event_hubs/kafka_faults.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::uint16_t kAfterTheSandboxsOwn = 1;

}  // namespace

EventHubsService::EventHubsService(EventHubsOptions options, ReceivedLog& received, FaultInjector& faults,
                                   const Clock& clock)
    : tokens_(std::move(options.entra), options.access.host),
      access_(std::move(options.access), tokens_),
      hubs_(std::move(options.hubs), received),
      broker_(access_, hubs_, faults, clock),
      https_(access_, tokens_, hubs_, faults, clock),
      server_(broker_, options.kafka) {}

Result<void> EventHubsService::start(const ListenOptions& listen) {
    std::shared_ptr<TlsServerContext> tls;
    if (!listen.certificate_pem.empty()) {
        auto made = TlsServerContext::from_pem(listen.certificate_pem, listen.key_pem);
        if (!made) return made.error();
        tls = std::move(*made);
    }
    bool chosen = listen.base_port != 0 && listen.base_port != UINT16_MAX;
    auto port = chosen ? static_cast<std::uint16_t>(listen.base_port + kAfterTheSandboxsOwn) : std::uint16_t{0};
    bool v6 = listen.address.find(':') != std::string::npos;
    auto scheme = tls ? "https" : "http";
    auto started = server_.start(listen.address, port, std::move(tls));
    if (!started) return started.error();
    std::lock_guard lock(mutex_);
    url_ = fmt::format("{}://{}{}{}:{}", scheme, v6 ? "[" : "", listen.address, v6 ? "]" : "", server_.port());
    return {};
}

void EventHubsService::stop() {
    {
        std::lock_guard lock(mutex_);
        url_.clear();
    }
    server_.stop();
}

std::string EventHubsService::kafka_url() const {
    std::lock_guard lock(mutex_);
    return url_;
}

std::vector<Listener> EventHubsService::listeners() const {
    auto url = kafka_url();
    if (url.empty()) return {};
    return {{"event_hubs_kafka", std::move(url)}};
}

std::vector<FaultWords> EventHubsService::fault_words() const {
    auto words = kafka_fault_words();
    words.push_back(HttpsApi::fault_words());
    return words;
}

std::vector<Target> EventHubsService::targets() const {
    std::vector<Target> all;
    for (const auto& hub : hubs_.list())
        all.push_back(
            {"event_hubs", hub.name, fmt::format(R"({{"partitions":{},"events":{}}})", hub.partitions, hub.events)});
    return all;
}

Result<void> EventHubsService::create_target(std::string_view, std::string_view name, std::string_view settings) {
    std::int64_t partitions = kDefaultPartitions;
    if (!settings.empty()) {
        boost::system::error_code failure;
        auto document = boost::json::parse(boost::json::string_view(settings.data(), settings.size()), failure);
        const auto* object = failure ? nullptr : document.if_object();
        if (object == nullptr) return make_error(Errc::invalid_argument, "the settings are not a JSON object");
        if (const auto* given = object->if_contains("partitions")) {
            const auto* number = given->if_int64();
            partitions = number && *number >= 1 && *number <= 32 ? *number : 0;
        }
    }
    return hubs_.create(name, static_cast<std::int32_t>(partitions));
}

Result<void> EventHubsService::delete_target(std::string_view, std::string_view name) {
    return hubs_.remove(name);
}

}  // namespace sluice::sandbox
