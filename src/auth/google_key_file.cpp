#include "auth/google_key_file.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <optional>
#include <utility>

#include "auth/json_member.hpp"
#include "base/pasted_text.hpp"
#include "net/openssl_ptr.hpp"

namespace sluice::auth {
namespace {

constexpr std::size_t kMostKeyFileBytes = 64 << 10;
constexpr std::size_t kMostNesting = 8;
constexpr int kLeastKeyBits = 2048;
constexpr std::string_view kUniverse = "googleapis.com";
constexpr std::string_view kUsualTokenUri = "https://oauth2.googleapis.com/token";
constexpr std::string_view kHowToGetAKeyFile =
    "In Google Cloud's console: IAM & Admin, Service Accounts, the account, Keys, Add key, Create new key, JSON; paste "
    "all of the file that it downloads.";

Error bad_key_file(std::string message, std::string_view hint = kHowToGetAKeyFile) {
    return make_error(Errc::invalid_argument, std::move(message), std::string(hint));
}

std::optional<boost::json::value> parse_json(std::string_view text) {
    boost::system::error_code wrong;
    boost::json::parse_options options;
    options.max_depth = kMostNesting;
    auto value = boost::json::parse(text, wrong, {}, options);
    if (wrong) return std::nullopt;
    return value;
}

/// Line breaks within strings, as a terminal, a shell or YAML leaves them, written as JSON wants them.
std::string with_escaped_breaks(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 64);
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (in_string && c == '\\' && i + 1 < text.size()) {
            out += c;
            out += text[++i];
            continue;
        }
        if (c == '"') in_string = !in_string;
        if (in_string && c == '\n') {
            out += "\\n";
        } else if (!(in_string && c == '\r')) {
            out += c;
        }
    }
    return out;
}

std::string trimmed_member(const boost::json::object& object, std::string_view name) {
    return std::string(trimmed(text_member(object, name)));
}

Result<std::string> required(const boost::json::object& object, std::string_view name) {
    auto value = trimmed_member(object, name);
    if (value.empty()) return bad_key_file("has no " + std::string(name));
    return value;
}

/// A private key between its marks, with line breaks where PEM has them.
Result<std::string> tidy_pem(std::string_view text) {
    constexpr std::string_view kBegin = "-----BEGIN ";
    constexpr std::string_view kDashes = "-----";
    auto begin = text.find(kBegin);
    auto label_end = begin == std::string_view::npos ? begin : text.find(kDashes, begin + kBegin.size());
    if (label_end == std::string_view::npos) {
        return bad_key_file("has a private_key that does not begin with -----BEGIN PRIVATE KEY-----");
    }
    std::string label(text.substr(begin + kBegin.size(), label_end - begin - kBegin.size()));
    if (label == "ENCRYPTED PRIVATE KEY") return bad_key_file("has a private_key that is locked with a password");
    if (label != "PRIVATE KEY" && label != "RSA PRIVATE KEY")
        return bad_key_file("has a private_key that is something else");
    auto body_begin = label_end + kDashes.size();
    auto end = text.find("-----END " + label + std::string(kDashes), body_begin);
    if (end == std::string_view::npos) {
        return bad_key_file("has a private_key that is cut short: it does not end with -----END " + label + "-----");
    }
    std::string pem = "-----BEGIN " + label + "-----";
    std::size_t column = 64;
    for (std::size_t i = body_begin; i < end; ++i) {
        char c = text[i];
        if (is_space(c)) continue;
        if (c == '\\' && i + 1 < end && (text[i + 1] == 'n' || text[i + 1] == 'r')) {
            ++i;
            continue;
        }
        if (column == 64) {
            pem += '\n';
            column = 0;
        }
        pem += c;
        ++column;
    }
    return pem + "\n-----END " + label + "-----\n";
}

int no_password(char*, int, int, void*) {
    return 0;
}

Result<void> check_rsa_key(const std::string& pem) {
    BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    ERR_clear_error();
    if (!key) return bad_key_file("has a private_key that cannot be read: was all of it pasted?");
    if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
        return bad_key_file("has a private_key that is not an RSA key");
    if (EVP_PKEY_get_bits(key.get()) < kLeastKeyBits) {
        return bad_key_file("has a private_key of fewer than 2048 bits");
    }
    return {};
}

Result<GoogleKeyFile> read_service_account(const boost::json::object& object) {
    GoogleServiceAccount account;
    auto email = required(object, "client_email");
    if (!email) return email.error();
    bool is_email = email->find('@') != std::string::npos && email->size() <= 320 &&
                    std::all_of(email->begin(), email->end(), [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
    if (!is_email) return bad_key_file("has a client_email that is not an e-mail address");
    account.client_email = std::move(*email);
    account.private_key_id = trimmed_member(object, "private_key_id");
    account.project_id = trimmed_member(object, "project_id");

    auto universe = trimmed_member(object, "universe_domain");
    if (!universe.empty() && universe != kUniverse) {
        return bad_key_file(
            "belongs to another universe_domain than googleapis.com",
            "Keys of Google Cloud itself are supported, those of other clouds run on its software are not.");
    }
    auto key = required(object, "private_key");
    if (!key) return key.error();
    auto pem = tidy_pem(*key);
    if (!pem) return pem.error();
    if (auto good = check_rsa_key(*pem); !good) return good.error();
    account.private_key = Secret(std::move(*pem));
    return GoogleKeyFile(std::move(account));
}

/// `https://host[:port]/path` of a token endpoint.
Result<void> read_token_uri(std::string uri, GoogleAuthorizedUser& user) {
    auto scheme = uri.find("://");
    auto slash = scheme == std::string::npos ? uri.size() : std::min(uri.find('/', scheme + 3), uri.size());
    auto endpoint = Endpoint::parse(uri.substr(0, slash));
    if (!endpoint) return bad_key_file("has a token_uri that is not an address");
    if (!endpoint->tls && !is_loopback_host(endpoint->host)) {
        return bad_key_file("has a token_uri that does not begin with https://");
    }
    std::string path = slash == uri.size() ? "/" : uri.substr(slash);
    bool is_plain = std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!is_plain) return bad_key_file("has a token_uri with blanks in it");
    user.token_endpoint = std::move(*endpoint);
    user.token_path = std::move(path);
    return {};
}

Result<GoogleKeyFile> read_authorized_user(const boost::json::object& object) {
    GoogleAuthorizedUser user;
    constexpr std::string_view kAgain = "Run gcloud auth application-default login again and paste all of the file.";
    for (std::string_view name : {"client_id", "client_secret", "refresh_token"}) {
        if (trimmed_member(object, name).empty()) return bad_key_file("has no " + std::string(name), kAgain);
    }
    user.client_id = trimmed_member(object, "client_id");
    user.client_secret = Secret(trimmed_member(object, "client_secret"));
    user.refresh_token = Secret(trimmed_member(object, "refresh_token"));
    user.quota_project_id = trimmed_member(object, "quota_project_id");
    auto universe = trimmed_member(object, "universe_domain");
    if (!universe.empty() && universe != kUniverse) {
        return bad_key_file("belongs to another universe_domain than googleapis.com", kAgain);
    }
    auto uri = trimmed_member(object, "token_uri");
    if (auto good = read_token_uri(uri.empty() ? std::string(kUsualTokenUri) : uri, user); !good) return good.error();
    return GoogleKeyFile(std::move(user));
}

struct OtherKind {
    std::string_view type;
    std::string_view told;
};
constexpr std::array kOtherTypes = {
    OtherKind{"external_account", "is a workload identity federation file (external_account), which has no key"},
    OtherKind{"external_account_authorized_user", "is a workforce identity federation file, which has no key"},
    OtherKind{"impersonated_service_account", "is a file to impersonate a service account, which has no key"},
    OtherKind{"gdch_service_account", "is a key for Google Distributed Cloud, not for Google Cloud"},
};

Result<GoogleKeyFile> read_object(const boost::json::object& object) {
    auto type = trimmed_member(object, "type");
    if (type == "service_account") return read_service_account(object);
    if (type == "authorized_user") return read_authorized_user(object);
    for (const auto& [other, told] : kOtherTypes) {
        if (type == other) return bad_key_file(std::string(told));
    }
    if (object.contains("installed") || object.contains("web")) {
        return bad_key_file("is an OAuth client's file (client_secret_….json), not a service account's key");
    }
    if (object.contains("project_info") || object.contains("apiKey") || object.contains("firebase_url")) {
        return bad_key_file("is a Firebase app's configuration, not a service account's key");
    }
    if (object.contains("private_key") && object.contains("client_email")) {
        return bad_key_file("has no type: was all of the file pasted?");
    }
    if (!type.empty()) return bad_key_file("is of a type that is not supported: service_account is");
    return bad_key_file("is not a service account's key file");
}

/// What else people have in their hands.
Error refuse_text(std::string_view text) {
    if (text.starts_with("AIza")) return bad_key_file("is an API key, which cannot publish");
    if (text.starts_with("-----BEGIN")) return bad_key_file("is a private key alone, not the file that it came in");
    if (text.starts_with("ya29.")) return bad_key_file("is an access token, which ends within the hour");
    if (text.starts_with("1//")) return bad_key_file("is a refresh token alone, not the file that it came in");
    if (text.find(".iam.gserviceaccount.com") != std::string_view::npos && text.find('{') == std::string_view::npos) {
        return bad_key_file("is a service account's name, not its key");
    }
    if (text.find('\0') != std::string_view::npos || text.starts_with("\x30\x82")) {
        return bad_key_file("is a .p12 key file: create a key of type JSON");
    }
    if (!text.empty() && (text.front() == '/' || text.front() == '~' || text.ends_with(".json"))) {
        return bad_key_file("is a file's path, not its content",
                            "Paste the file's content, or name it as credentials_file.");
    }
    return bad_key_file("is not JSON: was all of the file pasted?");
}

}  // namespace

Result<GoogleKeyFile> read_google_key_file(std::string_view text) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.size() > kMostKeyFileBytes) return bad_key_file("is longer than a key file can be (64 KiB)");
    text = trimmed(text);
    if (text.starts_with(kByteOrderMark)) text = trimmed(text.substr(kByteOrderMark.size()));
    if (text.size() >= 2 && (text.front() == '\'' || text.front() == '`') && text.front() == text.back()) {
        text = trimmed(text.substr(1, text.size() - 2));
    }
    if (text.empty()) return bad_key_file("is empty");
    auto value = parse_json(text);
    if (!value) value = parse_json(with_escaped_breaks(text));
    if (!value && text.size() >= 2 && text.starts_with("\"{") && text.ends_with("}\"")) {
        // Quoted as a whole without escaping what is within.
        text = text.substr(1, text.size() - 2);
        value = parse_json(with_escaped_breaks(text));
    }
    if (value && value->is_string()) {
        // JSON within a JSON string.
        auto inner = trimmed({value->get_string().data(), value->get_string().size()});
        if (!inner.starts_with('{')) return refuse_text(inner);
        auto unquoted = parse_json(inner);
        if (!unquoted) unquoted = parse_json(with_escaped_breaks(inner));
        value = std::move(unquoted);
    }
    if (!value) return refuse_text(text);
    if (value->is_array()) return bad_key_file("is a list, not a service account's key file");
    if (!value->is_object()) return refuse_text(text);
    return read_object(value->get_object());
}

Result<GoogleKeyFile> read_google_key_file(const boost::json::value& given) {
    if (given.is_string()) {
        return read_google_key_file(std::string_view(given.get_string().data(), given.get_string().size()));
    }
    if (!given.is_object()) return bad_key_file("must be a key file, as text or as an object");
    return read_object(given.get_object());
}

}  // namespace sluice::auth
