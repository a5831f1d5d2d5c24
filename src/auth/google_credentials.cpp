#include "auth/google_credentials.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <chrono>
#include <utility>

#include "auth/clock_skew.hpp"
#include "auth/google_jwt.hpp"
#include "auth/google_token_answer.hpp"
#include "auth/refreshing.hpp"
#include "base/encoding.hpp"
#include "http/client.hpp"

namespace sluice::auth {
namespace {

constexpr std::chrono::seconds kSelfSignedLife{3600};
/// Google keeps a metadata server's token until five minutes before its end: asking much earlier gives the same one.
constexpr RefreshMargins kMargins{std::chrono::minutes(6), std::chrono::minutes(3)};
constexpr std::size_t kMostAnswerBytes = 64 << 10;
constexpr std::chrono::seconds kTokenEndpointLimit{15};
constexpr std::chrono::seconds kMetadataLimit{5};
constexpr std::string_view kMetadataHost = "metadata.google.internal";
constexpr std::string_view kMetadataPath = "/computeMetadata/v1/instance/service-accounts/default/token";

/// Signs its own tokens: no network.
class SelfSignedSource final : public CredentialSource<GoogleToken> {
  public:
    SelfSignedSource(GoogleServiceAccount account, const GoogleCredentialContext& context,
                     std::shared_ptr<const ClockSkew> skew)
        : account_(std::move(account)), clock_(context.clock), audience_(context.audience), skew_(std::move(skew)) {}

    boost::asio::awaitable<Result<GoogleToken>> fetch(Deadline) override {
        const Timestamp issued = skew_->corrected(clock_.now());
        JwtClaims claims{audience_, issued, issued + kSelfSignedLife};
        auto jwt = sign_google_jwt(account_, claims);
        if (!jwt) co_return jwt.error();
        GoogleToken token;
        token.bearer = std::move(*jwt);
        token.expires = claims.expires - skew_->offset();  // by this machine's clock
        token.origin = describe();
        co_return token;
    }

    std::string describe() const override { return "service account " + account_.client_email; }

  private:
    GoogleServiceAccount account_;
    const Clock& clock_;
    std::string audience_;
    std::shared_ptr<const ClockSkew> skew_;
};

GoogleToken token_of(GoogleTokenAnswer answer, Timestamp asked, std::string origin) {
    GoogleToken token;
    token.bearer = std::move(answer.access_token);
    token.expires = asked + answer.lasts;
    token.origin = std::move(origin);
    return token;
}

/// Exchanges a person's refresh token (RFC 6749, 6).
class RefreshTokenSource final : public CredentialSource<GoogleToken> {
  public:
    RefreshTokenSource(GoogleAuthorizedUser user, GoogleCredentialContext context)
        : user_(std::move(user)), context_(std::move(context)) {}

    boost::asio::awaitable<Result<GoogleToken>> fetch(Deadline deadline) override {
        const Secret form(fmt::format("grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
                                      percent_encode(user_.client_id), percent_encode(user_.client_secret.reveal()),
                                      percent_encode(user_.refresh_token.reveal())));
        http::ClientPool pool(context_.io,
                              {.endpoint = user_.token_endpoint, .connect = context_.connect, .max_connections = 1});
        http::ClientRequest request;
        request.target = user_.token_path;
        request.max_response_bytes = kMostAnswerBytes;
        request.headers.add("Content-Type", "application/x-www-form-urlencoded");
        request.headers.add("Accept", "application/json");
        request.body.push_back(form.reveal());
        const Timestamp asked = context_.clock.now();
        auto answer = co_await pool.send(std::move(request), deadline.earlier(kTokenEndpointLimit));
        pool.close();
        if (!answer) {
            const Error& error = answer.error().error;
            co_return make_error(error.code, fmt::format("no token from {}: {}", where(), error.message), error.hint);
        }
        auto read = read_google_token_answer(answer->status, answer->body);
        if (!read) {
            const Error& error = read.error();
            co_return make_error(error.code, fmt::format("no token from {}: {}", where(), error.message), error.hint);
        }
        auto token = token_of(std::move(*read), asked, describe());
        token.quota_project = user_.quota_project_id;
        co_return token;
    }

    std::string describe() const override { return "a person's consent (authorized_user)"; }

  private:
    std::string where() const { return user_.token_endpoint.to_url(); }

    GoogleAuthorizedUser user_;
    GoogleCredentialContext context_;
};

/// https://cloud.google.com/compute/docs/metadata/overview
class MetadataSource final : public CredentialSource<GoogleToken> {
  public:
    explicit MetadataSource(GoogleCredentialContext context) : context_(std::move(context)) {}

    boost::asio::awaitable<Result<GoogleToken>> fetch(Deadline deadline) override {
        const std::string url =
            "http://" + (context_.metadata_host.empty() ? std::string(kMetadataHost) : context_.metadata_host);
        auto endpoint = Endpoint::parse(url);
        if (!endpoint) {
            co_return make_error(Errc::unauthenticated, "GCE_METADATA_HOST: " + endpoint.error().message);
        }
        http::ClientPool pool(context_.io, {.endpoint = *endpoint, .connect = {}, .max_connections = 1});
        http::ClientRequest request;
        request.method = "GET";
        request.target = std::string(kMetadataPath);
        request.max_response_bytes = kMostAnswerBytes;
        request.headers.add("Metadata-Flavor", "Google");
        const Timestamp asked = context_.clock.now();
        auto answer = co_await pool.send(std::move(request), deadline.earlier(kMetadataLimit));
        pool.close();
        if (!answer) co_return failed(answer.error().error);
        auto read = read_google_token_answer(answer->status, answer->body);
        if (!read && answer->status == 404) {
            co_return make_error(Errc::unauthenticated, "this machine has no service account to give",
                                 "Attach one to the virtual machine, or paste a service account's key.");
        }
        if (!read) co_return failed(read.error());
        co_return token_of(std::move(*read), asked, describe());
    }

    std::string describe() const override { return "this machine's service account"; }

  private:
    static Error failed(const Error& error) {
        return make_error(error.code, "no token from the metadata server: " + error.message,
                          "{metadata: true} works on Google Cloud's own machines only; elsewhere paste a service "
                          "account's key.");
    }

    GoogleCredentialContext context_;
};

class RefreshingGoogleTokens final : public GoogleTokenProvider {
  public:
    /// `skew` is null where tokens do not depend on this machine's clock.
    RefreshingGoogleTokens(std::unique_ptr<CredentialSource<GoogleToken>> source, const Clock& clock,
                           std::shared_ptr<ClockSkew> skew)
        : clock_(clock), skew_(std::move(skew)), refreshing_(std::move(source), clock, kMargins) {}

    boost::asio::awaitable<Result<GoogleToken>> get(Deadline deadline) override { return refreshing_.get(deadline); }
    void invalidate() override { refreshing_.invalidate(); }
    bool learn_clock(std::string_view date) override {
        if (!skew_ || !skew_->learn(date, clock_.now(), skew_->offset())) return false;
        refreshing_.drop();
        return true;
    }
    std::chrono::milliseconds clock_offset() const override {
        return skew_ ? skew_->offset() : std::chrono::milliseconds(0);
    }
    std::string describe() const override { return refreshing_.describe(); }

  private:
    const Clock& clock_;
    std::shared_ptr<ClockSkew> skew_;
    Refreshing<GoogleToken> refreshing_;
};

bool is_metadata(const boost::json::object& object) {
    const auto* value = object.if_contains("metadata");
    return value != nullptr && object.size() == 1;
}

}  // namespace

Result<GoogleCredentialSettings> parse_google_credentials(const boost::json::value& given, bool operator_owned) {
    const auto* object = given.if_object();
    if (object != nullptr && is_metadata(*object)) {
        const auto& value = object->at("metadata");
        if (!value.is_bool() || !value.get_bool()) {
            return make_error(Errc::invalid_argument, "has a metadata that is not true",
                              "Leave it out and paste a service account's key instead.");
        }
        if (!operator_owned) {
            return make_error(Errc::forbidden, "may not be {metadata: true}, which is for the operator's integrations",
                              "Paste a service account's key.");
        }
        return GoogleCredentialSettings(GoogleMetadataServer{});
    }
    auto file = read_google_key_file(given);
    if (!file) return file.error();
    if (auto* account = std::get_if<GoogleServiceAccount>(&*file)) return GoogleCredentialSettings(std::move(*account));
    return GoogleCredentialSettings(std::move(std::get<GoogleAuthorizedUser>(*file)));
}

std::string google_identity_of(const GoogleCredentialSettings& settings) {
    if (const auto* account = std::get_if<GoogleServiceAccount>(&settings)) {
        return fmt::format("{} {}", account->client_email, hex_lower(as_view(sha256(account->private_key.reveal()))));
    }
    if (const auto* user = std::get_if<GoogleAuthorizedUser>(&settings)) {
        return fmt::format("{} {}", user->client_id, hex_lower(as_view(sha256(user->refresh_token.reveal()))));
    }
    return "metadata";
}

std::unique_ptr<GoogleTokenProvider> make_google_credentials(const GoogleCredentialSettings& settings,
                                                             GoogleCredentialContext context) {
    const Clock& clock = context.clock;
    std::unique_ptr<CredentialSource<GoogleToken>> source;
    std::shared_ptr<ClockSkew> skew;
    if (const auto* account = std::get_if<GoogleServiceAccount>(&settings)) {
        skew = std::make_shared<ClockSkew>();
        source = std::make_unique<SelfSignedSource>(*account, context, skew);
    } else if (const auto* user = std::get_if<GoogleAuthorizedUser>(&settings)) {
        source = std::make_unique<RefreshTokenSource>(*user, std::move(context));
    } else {
        source = std::make_unique<MetadataSource>(std::move(context));
    }
    return std::make_unique<RefreshingGoogleTokens>(std::move(source), clock, std::move(skew));
}

}  // namespace sluice::auth
