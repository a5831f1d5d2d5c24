#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/endpoint.hpp"

namespace sluice::auth {

/// A service account's key, as Google Cloud's console downloads it (`"type": "service_account"`).
struct GoogleServiceAccount {
    std::string client_email;
    std::string private_key_id;  ///< may be empty
    Secret private_key;          ///< PEM, known to be an RSA key
    std::string project_id;      ///< may be empty
};

/// A person's consent, as `gcloud auth application-default login` keeps it (`"type": "authorized_user"`).
struct GoogleAuthorizedUser {
    std::string client_id;
    Secret client_secret;
    Secret refresh_token;
    Endpoint token_endpoint;       ///< https
    std::string token_path;        ///< `/token`
    std::string quota_project_id;  ///< who is charged for the calls; may be empty
};

using GoogleKeyFile = std::variant<GoogleServiceAccount, GoogleAuthorizedUser>;

/// Reads a key file, pasted as text or given as an object. Forgiven: white space, a byte order mark, quotes around the
/// whole, line breaks within the private key in whatever form they survived (real, `\n`, `\\n`, blanks). Files of
/// another kind (external accounts, OAuth clients, API keys, a bare private key, …) are refused by their name. The
/// error's message follows a member's path (`has no client_email`) and contains nothing of any value.
Result<GoogleKeyFile> read_google_key_file(const boost::json::value& given);
Result<GoogleKeyFile> read_google_key_file(std::string_view text);

}  // namespace sluice::auth
