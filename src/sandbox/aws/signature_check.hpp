#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "auth/sigv4.hpp"
#include "base/clock.hpp"
#include "http/message.hpp"
#include "sandbox/aws/key_ring.hpp"

namespace sluice::sandbox {

/// Why AWS would not let a caller in.
struct AuthFailure {
    enum class Kind {
        missing_token,         ///< no Authorization header at all
        incomplete_signature,  ///< one that cannot be read
        unknown_key,
        wrong_signature,  ///< secret, signed content or region differ
        wrong_clock,      ///< signed more than five minutes before or after the service's now
        expired_session,
        access_denied,
    };
    Kind kind = Kind::missing_token;
    std::string message;
};

/// Who signed a request.
struct Caller {
    std::string access_key_id;
    std::string region;
};

/// Checks a request's Signature Version 4 as AWS does: key, clock, session, then the signature itself over what was
/// received. Thread: any; each thread's checks are served by a signer of their own.
class SignatureCheck {
  public:
    explicit SignatureCheck(const KeyRing& keys) : keys_(keys) {}

    /// `service`: the name in the credential's scope. `now`: the service's clock.
    boost::system::result<Caller, AuthFailure> check(const http::Request& request, std::string_view service,
                                                     Timestamp now);

  private:
    /// A signer keeps its day's key and belongs to one thread, so there is one per shard, region, service and key.
    auth::SigV4Signer& signer(std::size_t shard, std::string_view region, std::string_view service,
                              std::string_view key);

    const KeyRing& keys_;
    std::mutex mutex_;
    std::map<std::tuple<std::size_t, std::string, std::string, std::string>, std::unique_ptr<auth::SigV4Signer>>
        signers_;
};

/// `service` of `AWS4-HMAC-SHA256 Credential=ID/date/region/service/aws4_request, …`; empty when it cannot be read.
std::string_view signing_service(std::string_view authorization);

}  // namespace sluice::sandbox
