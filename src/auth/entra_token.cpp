#include "auth/entra_token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <list>
#include <utility>

#include "base/encoding.hpp"
#include "net/signal_event.hpp"

namespace sluice::auth {
namespace {

constexpr std::chrono::seconds kCallLimit{20};
constexpr std::size_t kMaxAnswer = 64 << 10;
constexpr std::string_view kSecretHint =
    "Check tenant_id, client_id and client_secret (the secret's Value, not its Secret ID); has the secret expired?";

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
    });
}

std::string text_of(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) return {};
    return std::string(value->get_string().data(), value->get_string().size());
}

/// Entra's description begins with its code and a sentence; what follows are trace ids on lines of their own.
std::string first_line(std::string text) {
    text.resize(std::min({text.find_first_of("\r\n"), text.find(" Trace ID:"), text.size()}));
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (text.size() > 300) text.resize(300);
    return text;
}

std::optional<std::int64_t> seconds_of(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_int64()) return value->get_int64();
    return std::nullopt;
}

http::ClientPool::Options pool_options(const EntraSettings& settings, ConnectOptions connect) {
    http::ClientPool::Options options;
    options.endpoint = settings.authority;
    options.connect = std::move(connect);
    options.max_connections = 1;
    return options;
}

}  // namespace

Result<void> check_entra_ids(const EntraSettings& settings) {
    if (!is_id(settings.tenant_id))
        return make_error(Errc::invalid_argument, "tenant id is not one",
                          "The Directory (tenant) ID on the application's overview page.");
    if (!is_id(settings.client_id))
        return make_error(Errc::invalid_argument, "client id is not one",
                          "The Application (client) ID on the application's overview page.");
    return {};
}

std::string entra_token_path(const EntraSettings& settings) {
    return "/" + settings.tenant_id + "/oauth2/v2.0/token";
}

Secret entra_token_form(const EntraSettings& settings) {
    return Secret("grant_type=client_credentials&client_id=" + percent_encode(settings.client_id) + "&client_secret=" +
                  percent_encode(settings.client_secret.reveal()) + "&scope=" + percent_encode(settings.scope));
}

Result<EntraToken> read_entra_answer(int status, std::string_view body, Timestamp now) {
    boost::system::error_code bad;
    auto value = boost::json::parse(body, bad);
    const auto* object = bad ? nullptr : value.if_object();
    if (status == 200 && object != nullptr) {
        EntraToken token;
        token.text = Secret(text_of(*object, "access_token"));
        auto seconds = seconds_of(*object, "expires_in");
        if (!token.text.empty() && seconds && *seconds > 0 && *seconds <= 7 * 24 * 3600) {
            token.expires = now + std::chrono::seconds(*seconds);
            return token;
        }
    }
    if (status == 200) {
        return make_error(Errc::unavailable, "Entra's answer has no token",
                          "Is it Entra that answers at the authority?");
    }
    std::string told = object == nullptr ? std::string() : first_line(text_of(*object, "error_description"));
    if (told.empty() && object != nullptr) told = first_line(text_of(*object, "error"));
    bool refused = status == 400 || status == 401 || status == 403;
    auto message = fmt::format("Entra answered {}{}{}", status, told.empty() ? "" : ": ", told);
    if (refused) return make_error(Errc::unauthenticated, std::move(message), std::string(kSecretHint));
    return make_error(Errc::unavailable, std::move(message), "It is tried again by itself.");
}

/// One fetch and those who wait for it.
struct EntraTokens::Flight {
    std::list<SignalEvent> waiting;
    std::optional<Result<EntraToken>> outcome;  ///< nothing when the leader was cancelled: somebody else has to lead
    bool landed = false;
};

EntraTokens::EntraTokens(boost::asio::io_context& io, const Clock& clock, EntraSettings settings,
                         ConnectOptions connect)
    : clock_(clock), settings_(std::move(settings)), pool_(io, pool_options(settings_, std::move(connect))) {}

EntraTokens::~EntraTokens() = default;

void EntraTokens::close() {
    pool_.close();
}

void EntraTokens::invalidate() {
    current_.reset();
}

boost::asio::awaitable<Result<EntraToken>> EntraTokens::fetch(Deadline deadline) {
    const Secret form = entra_token_form(settings_);
    http::ClientRequest request;
    request.target = entra_token_path(settings_);
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.headers.add("Accept", "application/json");
    request.body.push_back(form.reveal());
    request.max_response_bytes = kMaxAnswer;
    auto answer = co_await pool_.send(std::move(request), deadline.earlier(kCallLimit));
    if (!answer) {
        auto error = answer.error().error;
        if (error.code == Errc::cancelled) co_return error;
        co_return make_error(Errc::unavailable,
                             fmt::format("{} was not reached: {}", settings_.authority.to_url(), error.message),
                             error.hint);
    }
    co_return read_entra_answer(answer->status, answer->body, clock_.now());
}

boost::asio::awaitable<Result<EntraToken>> EntraTokens::lead(Deadline deadline) {
    auto flight = std::make_shared<Flight>();
    flight_ = flight;
    auto fetched = co_await fetch(deadline);
    flight_.reset();
    bool cancelled = !fetched && fetched.error().code == Errc::cancelled;
    auto now = clock_.now();
    if (fetched) {
        auto life = fetched->expires - now;
        refresh_at_ = std::max(fetched->expires - kAdvisory, now + life / 2);
        must_refresh_at_ = std::max(fetched->expires - kMandatory, refresh_at_);
        next_attempt_ = Timestamp::min();
        current_ = *fetched;
    } else if (!cancelled) {
        next_attempt_ = now + kRetryAfterFailure;
        if (current_ && now < current_->expires) fetched = *current_;
    }
    if (!cancelled) flight->outcome = fetched;
    flight->landed = true;
    for (auto& each : flight->waiting) each.set();
    co_return fetched;
}

boost::asio::awaitable<Result<EntraToken>> EntraTokens::get(Deadline deadline) {
    for (;;) {
        auto now = clock_.now();
        if (current_ && now < current_->expires) {
            bool may_wait = now < must_refresh_at_ && flight_ != nullptr;
            if (now < refresh_at_ || may_wait || now < next_attempt_) co_return *current_;
        }
        if (!flight_) {
            auto fetched = co_await lead(deadline);
            co_return fetched;
        }
        auto flight = flight_;
        auto executor = co_await boost::asio::this_coro::executor;
        auto& event = flight->waiting.emplace_back(executor);
        while (!flight->landed) {
            if (!co_await event.wait(deadline)) break;
        }
        if (!flight->landed) {
            flight->waiting.remove_if([&event](const SignalEvent& each) { return &each == &event; });
            co_return make_error(Errc::timeout,
                                 "the token did not arrive in time from " + settings_.authority.to_url());
        }
        if (flight->outcome) co_return *flight->outcome;
    }
}

}  // namespace sluice::auth
