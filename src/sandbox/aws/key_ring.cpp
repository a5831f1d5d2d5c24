#include "sandbox/aws/key_ring.hpp"

#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace sluice::sandbox {

KeyRing::KeyRing(const std::vector<AccessKey>& keys) {
    for (const auto& key : keys) {
        auth::AwsCredentials credentials;
        credentials.access_key_id = key.access_key_id;
        credentials.secret_access_key = Secret(key.secret_access_key);
        credentials.origin = "access key";
        add(std::move(credentials));
    }
}

std::optional<auth::AwsCredentials> KeyRing::find(std::string_view access_key_id) const {
    std::lock_guard lock(mutex_);
    auto found = keys_.find(access_key_id);
    if (found == keys_.end()) return std::nullopt;
    return found->second;
}

void KeyRing::add(auth::AwsCredentials credentials) {
    std::lock_guard lock(mutex_);
    auto id = credentials.access_key_id;
    keys_.insert_or_assign(std::move(id), std::move(credentials));
}

auth::AwsCredentials KeyRing::open_session(Timestamp expires, std::string origin) {
    auth::AwsCredentials session;
    session.access_key_id = "ASIA" + hex_upper(random_bytes(8));
    session.secret_access_key = Secret(base64_encode(random_bytes(30)));
    session.session_token = Secret(base64_encode(random_bytes(96)));
    session.expires = expires;
    session.origin = std::move(origin);
    add(session);
    return session;
}

}  // namespace sluice::sandbox
