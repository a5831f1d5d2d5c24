#include "destinations/iot_hub/device_session.hpp"

#include <utility>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "destinations/iot_hub/request.hpp"
#include "destinations/iot_hub/response.hpp"
#include "destinations/iot_hub/sas_token.hpp"
#include "http/ascii.hpp"

namespace sluice::iot_hub {

namespace asio = boost::asio;

namespace {

/// Saying goodbye is a courtesy.
constexpr std::chrono::seconds kGoodbye{2};

Failure no_time(std::string_view target, std::string message) {
    return {ErrorClass::transient,         "timeout",   std::move(message), std::string(target),
            "it is tried again by itself", std::nullopt};
}

std::string lower_case(std::string text) {
    for (char& c : text) c = http::to_lower_ascii(c);
    return text;
}

}  // namespace

DeviceSession::DeviceSession(HubSurroundings& around, std::size_t device)
    : around_(around), device_(device), gate_(around.io.get_executor()), no_users_(around.io.get_executor()) {}

DeviceSession::~DeviceSession() {
    SLUICE_ASSERT(!connection_, "close() a session before it is destroyed");
}

ConnectedDevices::Claimant DeviceSession::claimant() const {
    ConnectedDevices::Claimant claimant;
    // A host's case says nothing, a device's does.
    claimant.device = lower_case(around_.config.endpoint_of(device()).to_url()) + " " + lower_case(device().host) +
                      "/" + device().name();
    const auto& secret = device().key.empty() ? device().token : device().key;
    claimant.credentials = as_view(sha256(secret.reveal()));
    claimant.integration = around_.config.integration;
    return claimant;
}

bool DeviceSession::is_due_for_renewal() const {
    return around_.clock.steady_now() >= renew_at_;
}

void DeviceSession::leave() {
    last_use_ = around_.clock.steady_now();
    if (--users_ == 0) no_users_.set();
}

void DeviceSession::note_end(bool publishing) {
    if (!connection_ || connection_->is_open() || std::exchange(end_is_noted_, true)) return;
    using Cause = mqtt::Lost::Cause;
    const auto& lost = *connection_->lost();
    if (lost.cause == Cause::closed_by_server) {
        history_.ended_by_hub(SessionHistory::Clock::now(), publishing);
    } else if (lost.cause == Cause::deadline) {
        history_.ended_for_silence();
    } else {
        history_.ended_otherwise();
    }
}

asio::awaitable<DeviceSession::Opened> DeviceSession::connect(std::uint16_t keep_alive_seconds,
                                                              HubClock::Comparison& compared, Deadline deadline) {
    auto endpoint = around_.config.endpoint_of(device());
    auto minted = mint_token(device(), around_.hub_clock.now(), around_.config.token_lifetime);
    auto hello = connect_packet(device(), minted.token, keep_alive_seconds);
    Opened opened = co_await mqtt::Connection::open(around_.io, endpoint, around_.config.connect, around_.tls,
                                                    std::move(hello), deadline);
    bool refused = !opened && opened.error().refused &&
                   (*opened.error().refused == mqtt::ConnectCode::not_authorized ||
                    *opened.error().refused == mqtt::ConnectCode::bad_user_name_or_password);
    if (refused && around_.date_endpoint && !device().key.empty()) {
        compared =
            co_await around_.hub_clock.compare(around_.io, *around_.date_endpoint, around_.config.connect, deadline);
        if (compared == HubClock::Comparison::was_off) {
            // The one case in which it is tried again at once: nothing was sent, and the reason is gone.
            minted = mint_token(device(), around_.hub_clock.now(), around_.config.token_lifetime);
            hello = connect_packet(device(), minted.token, keep_alive_seconds);
            opened = co_await mqtt::Connection::open(around_.io, endpoint, around_.config.connect, around_.tls,
                                                     std::move(hello), deadline);
        }
    }
    renew_at_ = minted.use_for == std::chrono::milliseconds::max() ? SteadyTime::max()
                                                                   : around_.clock.steady_now() + minted.use_for;
    co_return opened;
}

asio::awaitable<void> DeviceSession::end_connection(Deadline deadline) {
    note_end(false);
    if (connection_->is_open()) history_.ended_otherwise();
    end_is_noted_ = true;
    co_await connection_->close(deadline.earlier(kGoodbye));
    connection_.reset();
}

asio::awaitable<std::optional<Failure>> DeviceSession::replace(Deadline deadline) {
    if (connection_) {
        // What is under way finishes on the old connection: nothing of the new one can overtake it.
        while (users_ > 0) {
            if (!co_await no_users_.wait(deadline) && users_ > 0)
                co_return no_time(target(), "the connection is being renewed, and there was no time left for it");
        }
        co_await end_connection(deadline);
    }
    auto fail = [this](Failure failure) {
        claim_.reset();
        ++failed_attempts_;
        last_failure_ = failure;
        return failure;
    };
    if (!claim_) {
        auto taken = around_.connected.take(claimant());
        if (!taken.claim) co_return fail(device_in_use(device(), target(), taken.is_same_integration));
        claim_ = std::move(taken.claim);
    }
    auto compared = HubClock::Comparison::not_made;
    Opened opened = co_await connect(kKeepAliveSeconds, compared, deadline);
    if (!opened) {
        Failure failure = failure_of_open(opened.error(), around_.config.endpoint_of(device()), target());
        if (failure.error_class == ErrorClass::credentials)
            explain_refusal(failure, device(), compared, around_.hub_clock.now());
        co_return fail(std::move(failure));
    }
    if (!claim_->confirm()) {
        co_await (*opened)->close(deadline.earlier(kGoodbye));
        co_return fail(device_in_use(device(), target(), false));
    }
    connection_ = std::move(*opened);
    end_is_noted_ = false;
    history_.opened(connection_->opened_at());
    co_return std::nullopt;
}

asio::awaitable<std::optional<Failure>> DeviceSession::join(Deadline deadline) {
    auto attempts_before = failed_attempts_;
    auto hold = co_await gate_.take(deadline);
    if (!hold) co_return no_time(target(), "there was no time left to connect");
    if (!is_connected() || is_due_for_renewal()) {
        // Who waited while another tried in vain does not try again at once.
        if (failed_attempts_ != attempts_before && !is_connected()) co_return *last_failure_;
        auto failure = co_await replace(deadline);
        if (failure) co_return failure;
    }
    ++users_;
    last_use_ = around_.clock.steady_now();
    co_return std::nullopt;
}

asio::awaitable<std::vector<Verdict>> DeviceSession::publish(std::span<const mqtt::Outgoing> messages,
                                                             Deadline deadline) {
    auto failure = co_await join(deadline);
    if (failure) {
        auto why = std::make_shared<const Failure>(std::move(*failure));
        co_return std::vector<Verdict>(messages.size(), Verdict::retry(std::move(why), false));
    }
    mqtt::Published outcome = co_await connection_->publish(messages, deadline);
    history_.waited(outcome.slowest);
    if (outcome.acknowledged > 0) history_.acknowledged();
    note_end(true);
    auto diagnosis = connection_->is_open() ? SessionHistory::Diagnosis::none : history_.diagnosis();
    leave();

    std::vector<Verdict> verdicts(outcome.acknowledged, Verdict::accepted());
    if (outcome.acknowledged < messages.size()) {
        auto why = std::make_shared<const Failure>(failure_of_loss(*outcome.lost, diagnosis, target()));
        verdicts.resize(messages.size(), Verdict::retry(std::move(why), outcome.maybe_sent));
    }
    co_return verdicts;
}

asio::awaitable<DeviceSession::Check> DeviceSession::check(Deadline deadline) {
    Check found;
    auto hold = co_await gate_.take(deadline);
    if (!hold) {
        found.failure = no_time(target(), "there was no time left to connect");
        co_return found;
    }
    if (is_connected()) {
        found.was_connected = true;
        co_return found;
    }
    std::optional<ConnectedDevices::Claim> claim;
    if (!claim_) {
        auto taken = around_.connected.take(claimant());
        claim = std::move(taken.claim);
        if (!claim && !taken.is_same_integration) {
            found.failure = device_in_use(device(), target(), false);
            co_return found;
        }
        // With the credentials of a connection that there is, nothing is left to find out. Others are tried all the
        // same: that ends this integration's own connection at the most, which it makes again.
        if (!claim && taken.is_connected && taken.has_same_credentials) {
            found.was_connected = true;
            co_return found;
        }
    }
    auto renew_at = renew_at_;
    auto compared = HubClock::Comparison::not_made;
    Opened opened = co_await connect(kTestKeepAliveSeconds, compared, deadline);
    renew_at_ = renew_at;
    if (opened) {
        co_await (*opened)->close(deadline.earlier(kGoodbye));
        co_return found;
    }
    found.failure = failure_of_open(opened.error(), around_.config.endpoint_of(device()), target());
    if (found.failure->error_class == ErrorClass::credentials)
        explain_refusal(*found.failure, device(), compared, around_.hub_clock.now());
    co_return found;
}

asio::awaitable<void> DeviceSession::tend() {
    if (!connection_ || gate_.is_taken()) co_return;
    connection_->keep_alive();
    bool idle = around_.clock.steady_now() - last_use_ >= kMaxIdle;
    if (users_ > 0 || !(idle || is_due_for_renewal() || !connection_->is_open())) co_return;
    auto hold = co_await gate_.take(Deadline::after(kGoodbye));
    if (!hold || !connection_ || users_ > 0) co_return;
    co_await end_connection(Deadline::after(kGoodbye));
    claim_.reset();
}

asio::awaitable<void> DeviceSession::close(Deadline deadline) {
    auto hold = co_await gate_.take(Deadline::never());
    if (connection_) co_await end_connection(deadline);
    claim_.reset();
}

}  // namespace sluice::iot_hub
