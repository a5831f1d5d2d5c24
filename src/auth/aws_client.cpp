#include "auth/aws_client.hpp"

#include <utility>

#include "base/encoding.hpp"

namespace sluice::auth {
namespace {

/// Far above the longest honest answer, and no more than a tenant's own endpoint may have the process hold.
constexpr std::size_t kMaxAnswerBytes = 1 << 20;

bool means_refused_credentials(AwsErrorKind kind) {
    return kind == AwsErrorKind::expired_credentials || kind == AwsErrorKind::unknown_key;
}

}  // namespace

AwsClient::AwsClient(boost::asio::io_context& io, const Clock& clock, Options options,
                     std::unique_ptr<AwsCredentialsProvider> credentials)
    : clock_(clock),
      credentials_(std::move(credentials)),
      signer_(options.region, options.service),
      pool_(io, {.endpoint = options.endpoint, .connect = options.connect, .max_connections = options.max_connections}),
      host_(options.endpoint.host_header()) {}

AwsClient::~AwsClient() {
    pool_.close();
}

void AwsClient::close() {
    pool_.close();
}

http::ClientRequest AwsClient::signed_request(const AwsCall& call, std::string_view payload_sha256_hex,
                                              const AwsCredentials& credentials) {
    SigV4Signer::Request to_sign;
    to_sign.headers = call.headers;
    to_sign.headers.emplace_back("Host", host_);
    to_sign.headers.emplace_back("Content-Type", call.content_type);
    if (!call.target.empty()) to_sign.headers.emplace_back("X-Amz-Target", call.target);
    to_sign.payload_sha256_hex = payload_sha256_hex;
    auto signature = signer_.sign(to_sign, credentials, skew_.corrected(clock_.now()));

    http::ClientRequest request;
    for (const auto& [name, value] : to_sign.headers) {
        if (name != "Host") request.headers.add(std::string(name), std::string(value));
    }
    request.headers.add("X-Amz-Date", std::move(signature.amz_date));
    if (!signature.security_token.empty()) {
        request.headers.add("X-Amz-Security-Token", std::move(signature.security_token));
    }
    request.headers.add("Authorization", std::move(signature.authorization));
    request.body.push_back(call.body);
    request.max_response_bytes = kMaxAnswerBytes;
    return request;
}

boost::asio::awaitable<AwsCallResult> AwsClient::call(AwsCall call, Deadline deadline) {
    const auto payload_hash = hex_lower(as_view(sha256(call.body)));
    bool refetched = false;
    bool reset_clock = false;
    for (;;) {
        auto credentials = co_await credentials_->get(deadline);
        if (!credentials) {
            AwsCallError failed;
            failed.no_credentials = true;
            failed.error = credentials.error();
            co_return failed;
        }
        auto signed_with = skew_.offset();
        auto request = signed_request(call, payload_hash, *credentials);
        auto answer = co_await pool_.send(std::move(request), deadline);
        if (!answer) {
            AwsCallError failed;
            failed.transport = answer.error();
            failed.error = answer.error().error;
            co_return failed;
        }
        AwsReply reply;
        reply.status = answer->status;
        reply.headers = std::move(answer->headers);
        reply.body = std::move(answer->body);
        if (reply.ok()) co_return reply;

        reply.error = read_aws_error(reply.status, reply.headers, reply.body, *credentials);
        auto kind = aws_error_kind(reply.error.code, reply.status);
        if (!refetched && means_refused_credentials(kind) && credentials_->invalidate()) {
            refetched = true;
            continue;
        }
        if (!reset_clock && skew_.learn(reply.error.code, reply.headers.get("date"), clock_.now(), signed_with)) {
            reset_clock = true;
            continue;
        }
        co_return reply;
    }
}

}  // namespace sluice::auth
