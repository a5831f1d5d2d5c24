#include "destinations/event_hubs/hub_access.hpp"

#include <fmt/format.h>

#include <utility>

#include "auth/azure_sas.hpp"

namespace sluice::event_hubs {

HubAccess::HubAccess(boost::asio::io_context& io, const Clock& clock, const Config& config)
    : clock_(clock), config_(config) {
    if (!config.entra) return;
    tokens_ = std::make_unique<auth::EntraTokens>(io, clock, *config.entra, config.to_entra);
}

boost::asio::awaitable<Result<Secret>> HubAccess::authorization(std::string hub, Deadline deadline) {
    if (tokens_) {
        auto token = co_await tokens_->get(deadline);
        if (!token) co_return token.error();
        Secret bearer("Bearer " + token->text.reveal());
        co_return bearer;
    }
    const auto& credentials = config_.credentials;
    if (!credentials.signature.empty()) co_return credentials.signature;
    auto& signature = signatures_[hub];
    auto now = skew_.corrected(clock_.now());
    if (signature.text.empty() || now >= signature.renew_at) {
        signature.text = auth::azure_sas_token(fmt::format("sb://{}/{}", credentials.host, hub), credentials.key,
                                               now + kLife, credentials.policy);
        signature.renew_at = now + kRenewAfter;
        signature.made_with = skew_.offset();
    }
    co_return signature.text;
}

bool HubAccess::refused(std::string_view hub, std::string_view date) {
    if (tokens_) {
        tokens_->invalidate();
        return true;
    }
    if (!config_.credentials.signature.empty()) return false;
    auto made = signatures_.find(hub);
    // Another request has learnt of the clock meanwhile.
    if (made == signatures_.end()) return true;
    if (!skew_.learn(date, clock_.now(), made->second.made_with)) return false;
    signatures_.clear();
    return true;
}

void HubAccess::close() {
    if (tokens_) tokens_->close();
}

}  // namespace sluice::event_hubs
