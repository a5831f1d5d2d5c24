#include "auth/aws_credential_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <optional>
#include <span>
#include <utility>

#include "auth/aws_endpoint.hpp"
#include "base/nearest.hpp"
#include "base/pasted_text.hpp"

namespace sluice::auth {
namespace {

constexpr std::string_view kForms =
    "Give one of {csv}, {csv_file}, {access_key_id, secret_access_key}, {role_arn}, {profile} or {environment: true}.";
/// kAwsCredentialSecretPaths goes as deep.
constexpr int kMaxNesting = 1;

constexpr std::array<std::string_view, 9> kMembers = {"csv",           "access_key_id", "secret_access_key",
                                                      "session_token", "role_arn",      "external_id",
                                                      "source",        "profile",       "environment"};

/// Reads one credentials object. Holds only what its functions share.
class Parser {
  public:
    Parser(std::string_view path, const AwsCredentialRules& rules, const AwsEnvironment& environment, int nesting)
        : path_(path), rules_(rules), environment_(environment), nesting_(nesting) {}

    Result<AwsCredentialSettings> parse(const boost::json::value& credentials) {
        if (credentials.is_string()) {
            return error("", "must be an object, not text",
                         "To give what was pasted, write credentials: {csv: \"…\"}.");
        }
        if (!credentials.is_object()) return error("", "must be an object", kForms);
        object_ = &credentials.get_object();
        if (auto known = check_names(); !known) return known.error();

        bool is_key = has("access_key_id") || has("secret_access_key");
        int forms = has("csv") + is_key + has("role_arn") + has("profile") + has("environment");
        if (forms == 0) return error("", "names no credentials", kForms);
        if (forms > 1) return error("", "names more than one kind of credentials", kForms);
        if (has("csv")) return from_csv();
        if (has("role_arn")) return from_role();
        if (has("profile")) return from_profile();
        if (has("environment")) return from_environment();
        return from_key();
    }

  private:
    Error error(std::string_view member, std::string_view message, std::string_view hint = {}) const {
        auto name = member.empty() ? path_ : fmt::format("{}.{}", path_, member);
        return make_error(Errc::invalid_argument, fmt::format("{} {}", name, message), std::string(hint));
    }

    bool has(std::string_view name) const {
        const auto* value = object_->if_contains(name);
        return value != nullptr && !value->is_null();
    }

    Result<void> check_names() const {
        for (const auto& member : *object_) {
            std::string_view name(member.key().data(), member.key().size());
            if (std::find(kMembers.begin(), kMembers.end(), name) != kMembers.end()) continue;
            auto near = nearest_word(name, kMembers);
            return error(name, "is not a known setting",
                         near.empty() ? std::string(kForms) : fmt::format("Did you mean `{}`?", near));
        }
        return {};
    }

    Result<std::string> text(std::string_view name) const {
        const auto& value = object_->at(name);
        if (!value.is_string()) return error(name, "must be text");
        auto clean = clean_pasted({value.get_string().data(), value.get_string().size()});
        if (clean.empty()) return error(name, "is empty");
        return std::string(clean);
    }

    Result<AwsCredentialSettings> key_settings(std::string_view member, Result<AwsAccessKey> key) const {
        if (!key) return error(member, key.error().message, key.error().hint);
        return AwsCredentialSettings{AwsKeySettings{std::move(*key)}};
    }

    Result<AwsCredentialSettings> from_csv() const {
        auto pasted = text("csv");
        if (!pasted) return pasted.error();
        Secret whole(std::move(*pasted));
        return key_settings("csv", parse_pasted_access_key(whole.reveal()));
    }

    Result<AwsCredentialSettings> from_key() const {
        if (!has("access_key_id")) return error("access_key_id", "is missing");
        auto id = text("access_key_id");
        if (!id) return id.error();
        if (!has("secret_access_key")) return error("secret_access_key", "is missing");
        auto secret = text("secret_access_key");
        if (!secret) return secret.error();
        Result<std::string> token = has("session_token") ? text("session_token") : std::string();
        if (!token) return token.error();
        AwsAccessKey key{std::move(*id), Secret(std::move(*secret)), Secret(std::move(*token))};
        if (auto good = check_access_key(key); !good) return error("", good.error().message, good.error().hint);
        return AwsCredentialSettings{AwsKeySettings{std::move(key)}};
    }

    Result<AwsCredentialSettings> from_role() const {
        AwsRoleSettings role;
        auto arn = text("role_arn");
        if (!arn) return arn.error();
        auto parts = AwsArn::parse(*arn);
        if (!parts || parts->service != "iam" || !parts->resource.starts_with("role/")) {
            return error("role_arn", "is not the ARN of a role",
                         "It has the form arn:aws:iam::123456789012:role/name.");
        }
        role.role_arn = std::move(*arn);
        if (has("external_id")) {
            auto external_id = text("external_id");
            if (!external_id) return external_id.error();
            role.external_id = std::move(*external_id);
        }
        if (has("source")) {
            if (nesting_ >= kMaxNesting)
                return error("source", "is nested too deeply", "Give keys, a profile or the environment.");
            Parser inner(fmt::format("{}.source", path_), rules_, environment_, nesting_ + 1);
            auto source = inner.parse(object_->at("source"));
            if (!source) return source.error();
            role.source = std::make_shared<const AwsCredentialSettings>(std::move(*source));
        } else if (!rules_.operator_owned) {
            // Sluice itself will assume the role: only with the external id that belongs to this integration.
            if (!role.external_id.empty() && role.external_id != rules_.external_id) {
                return error("external_id", "is made by Sluice for this integration",
                             fmt::format("Leave it out, and let the role's trust policy ask for sts:ExternalId {}.",
                                         rules_.external_id));
            }
            role.external_id = rules_.external_id;
        }
        return AwsCredentialSettings{std::move(role)};
    }

    Result<AwsCredentialSettings> from_profile() const {
        if (!rules_.operator_owned) return error("profile", "is for the operator's own integrations only");
        auto name = text("profile");
        if (!name) return name.error();
        return AwsCredentialSettings{AwsProfileSettings{std::move(*name)}};
    }

    Result<AwsCredentialSettings> from_environment() const {
        if (!rules_.operator_owned) return error("environment", "is for the operator's own integrations only");
        const auto& value = object_->at("environment");
        if (!value.is_bool() || !value.get_bool()) return error("environment", "must be true", kForms);
        return AwsCredentialSettings{AwsChainSettings{}};
    }

    std::string path_;
    const AwsCredentialRules& rules_;
    const AwsEnvironment& environment_;
    int nesting_;
    const boost::json::object* object_ = nullptr;
};

}  // namespace

std::string aws_external_id_for(std::string_view org, std::string_view integration_id) {
    return fmt::format("sluice:{}:{}", org, integration_id);
}

std::optional<std::pair<std::string, std::string>> describe_aws_credentials(const boost::json::value& credentials) {
    const auto* object = credentials.if_object();
    if (object == nullptr) return std::nullopt;
    auto text = [object](std::string_view name) {
        const auto* value = object->if_contains(name);
        if (value == nullptr || !value->is_string()) return std::string();
        return std::string(clean_pasted({value->get_string().data(), value->get_string().size()}));
    };
    if (auto csv = text("csv"); !csv.empty()) {
        Secret whole(std::move(csv));
        auto key = parse_pasted_access_key(whole.reveal());
        if (!key) return std::nullopt;
        return std::pair(std::string("access key id"), std::move(key->id));
    }
    for (auto [member, name] : {std::pair("access_key_id", "access key id"), std::pair("role_arn", "role"),
                                std::pair("profile", "profile"), std::pair("csv_file", "access key file")})
        if (auto value = text(member); !value.empty()) return std::pair(std::string(name), std::move(value));
    if (object->contains("environment")) return std::pair(std::string("credentials"), std::string("the environment's"));
    return std::nullopt;
}

Result<AwsCredentialSettings> parse_aws_credentials(const boost::json::value& credentials, std::string_view path,
                                                    const AwsCredentialRules& rules,
                                                    const AwsEnvironment& environment) {
    return Parser(path, rules, environment, 0).parse(credentials);
}

}  // namespace sluice::auth
