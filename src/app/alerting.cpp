#include "app/alerting.hpp"

#include <spdlog/spdlog.h>

#include <limits>
#include <utility>

namespace sluice::app {

Alerting::Alerting(Parts parts, bool allow_loopback_to_tenants)
    : parts_(parts),
      directory_({parts.sealed, parts.registry, parts.writes}, allow_loopback_to_tenants),
      sender_({parts.io, directory_, parts.store, parts.writes, parts.clock}, AlertSender::Pace(),
              [](const std::string& warning) { spdlog::warn("{}", warning); }) {}

Result<void> Alerting::open(const Configuration& configuration, StateWatch& watch) {
    auto from_file = AlertDirectory::check(configuration.alerts, configuration.locate);
    if (!from_file) return from_file.error();
    if (auto loaded = directory_.load(std::move(*from_file)); !loaded) return loaded;
    Principal anybody;
    anybody.is_operator = true;
    for (const AlertDirectory::Item& item : directory_.list(anybody, {}, std::numeric_limits<std::size_t>::max()))
        if (item.unusable)
            spdlog::error("the alert \"{}\" of {} tells nobody: its settings cannot be used any more: {}", item.id,
                          item.org, item.unusable->message);
    auto told = AlertSender::told_before(parts_.store);
    if (!told) return told.error();
    TellingPace pace;
    pace.trouble = pace.recovery = std::chrono::duration_cast<std::chrono::seconds>(configuration.alert_after);
    watch.listen(
        pace, [this](const Transition& transition) { sender_.tell(transition); }, *told);
    return {};
}

boost::asio::awaitable<void> Alerting::stop() {
    co_await sender_.stop();
}

}  // namespace sluice::app
