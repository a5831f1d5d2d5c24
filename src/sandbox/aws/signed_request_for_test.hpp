#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "auth/sigv4.hpp"
#include "base/encoding.hpp"
#include "http/message.hpp"
#include "sandbox/aws/key_ring.hpp"

namespace sluice::sandbox {

inline auth::AwsCredentials sandbox_key() {
    auth::AwsCredentials key;
    key.access_key_id = kSandboxAccessKeyId;
    key.secret_access_key = Secret(std::string(kSandboxSecretAccessKey));
    return key;
}

/// For tests: a request as a client of AWS sends it. Without `target` it is a form, as STS takes it.
inline http::Request signed_request(const auth::AwsCredentials& key, std::string_view service, std::string_view target,
                                    std::string body, Timestamp now, std::string host = "127.0.0.1:4566") {
    http::Request request;
    request.method = "POST";
    request.target = request.path = "/";
    request.body = std::move(body);
    request.headers.add("Host", std::move(host));
    if (target.empty()) {
        request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    } else {
        request.headers.add("X-Amz-Target", std::string(target));
    }
    auth::SigV4Signer::Request to_sign;
    for (const auto& [name, value] : request.headers.all()) to_sign.headers.emplace_back(name, value);
    auto hash = hex_lower(as_view(sha256(request.body)));
    to_sign.payload_sha256_hex = hash;
    auth::SigV4Signer signer("eu-west-1", std::string(service));
    auto made = signer.sign(to_sign, key, now);
    request.headers.add("X-Amz-Date", made.amz_date);
    request.headers.add("Authorization", made.authorization);
    if (!made.security_token.empty()) request.headers.add("X-Amz-Security-Token", made.security_token);
    return request;
}

/// The bytes of a request on the wire.
inline std::string to_wire(const http::Request& request) {
    auto out = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
    for (const auto& [name, value] : request.headers.all()) out += fmt::format("{}: {}\r\n", name, value);
    out += fmt::format("Content-Length: {}\r\n\r\n", request.body.size());
    return out + request.body;
}

}  // namespace sluice::sandbox
