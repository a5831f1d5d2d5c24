#include "auth/entra_token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <span>
#include <utility>

#include "auth/json_member.hpp"
#include "auth/strike_out.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"
#include "http/client.hpp"

namespace sluice::auth {
namespace {

constexpr std::chrono::seconds kTokenCallLimit{20};
constexpr std::size_t kMaxAnswer = 64 << 10;
constexpr std::string_view kSecretHint =
    "Check tenant_id, client_id and client_secret (the secret's Value, not its Secret ID); has the secret expired?";

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
    });
}

/// Entra's description begins with its code and a sentence; what follows are trace ids on lines of their own.
std::string first_line(std::string_view text) {
    return shown_text(text.substr(0, std::min(text.find_first_of("\r\n"), text.find(" Trace ID:"))), 300);
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
        token.text = Secret(text_member(*object, "access_token"));
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
    std::string told = object == nullptr ? std::string() : first_line(text_member(*object, "error_description"));
    if (told.empty() && object != nullptr) told = first_line(text_member(*object, "error"));
    bool refused = status == 400 || status == 401 || status == 403;
    auto message = fmt::format("Entra answered {}{}{}", status, told.empty() ? "" : ": ", told);
    if (refused) return make_error(Errc::unauthenticated, std::move(message), std::string(kSecretHint));
    return make_error(Errc::unavailable, std::move(message), "It is tried again by itself.");
}

/// Asks the authority. Keeps the connection between two tokens, nothing else.
class EntraTokens::Source final : public CredentialSource<EntraToken> {
  public:
    Source(boost::asio::io_context& io, const Clock& clock, EntraSettings settings, ConnectOptions connect)
        : clock_(clock), settings_(std::move(settings)), pool_(io, pool_options(settings_, std::move(connect))) {}

    boost::asio::awaitable<Result<EntraToken>> fetch(Deadline deadline) override {
        const Secret form = entra_token_form(settings_);
        http::ClientRequest request;
        request.target = entra_token_path(settings_);
        request.headers.add("Content-Type", "application/x-www-form-urlencoded");
        request.headers.add("Accept", "application/json");
        request.body.push_back(form.reveal());
        request.max_response_bytes = kMaxAnswer;
        auto answer = co_await pool_.send(std::move(request), deadline.earlier(kTokenCallLimit));
        if (!answer) {
            auto error = answer.error().error;
            if (error.code == Errc::cancelled) co_return error;
            co_return make_error(Errc::unavailable,
                                 fmt::format("{} was not reached: {}", settings_.authority.to_url(), error.message),
                                 error.hint);
        }
        if (answer->status != 200) answer->body = struck_out(answer->body, std::span(&settings_.client_secret, 1));
        auto token = read_entra_answer(answer->status, answer->body, clock_.now());
        if (token) token->origin = describe();
        co_return token;
    }

    std::string describe() const override {
        return fmt::format("application {} at {}", settings_.client_id, settings_.authority.to_url());
    }

    void close() { pool_.close(); }

  private:
    const Clock& clock_;
    EntraSettings settings_;
    http::ClientPool pool_;
};

EntraTokens::EntraTokens(boost::asio::io_context& io, const Clock& clock, EntraSettings settings,
                         ConnectOptions connect)
    : EntraTokens(std::make_unique<Source>(io, clock, std::move(settings), std::move(connect)), clock) {}

EntraTokens::EntraTokens(std::unique_ptr<Source> source, const Clock& clock)
    : source_(source.get()), refreshing_(std::move(source), clock, {kAdvisory, kMandatory}) {}

EntraTokens::~EntraTokens() = default;

boost::asio::awaitable<Result<EntraToken>> EntraTokens::get(Deadline deadline) {
    return refreshing_.get(deadline);
}

void EntraTokens::invalidate() {
    refreshing_.drop();
}

void EntraTokens::close() {
    source_->close();
}

}  // namespace sluice::auth
