#pragma once

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "auth/sigv4.hpp"
#include "base/encoding.hpp"
#include "destination/conformance.hpp"
#include "http/server.hpp"
#include "net/shard.hpp"

namespace sluice::kinesis {

/// For tests: a Kinesis of one stream that behaves as told, checks every signature, and keeps what it stores.
/// On a thread of its own.
class FakeKinesis {
  public:
    static constexpr std::string_view kStream = "building-events";
    static constexpr std::string_view kRegion = "eu-west-1";

    explicit FakeKinesis(auth::AwsCredentials known) : known_(std::move(known)) {
        auto handler = [this](http::Request request) { return answer(std::move(request)); };
        server_ = std::make_unique<http::Server>(shards_, http::Server::Options(), handler);
        shards_.start();
        SLUICE_ASSERT(server_->start(), "a server on a free port starts");
    }
    ~FakeKinesis() {
        server_->stop(Deadline::after({}));
        server_.reset();
        shards_.stop_and_join();
    }

    std::uint16_t port() const { return server_->port(); }
    void shall(PeerBehaviour behaviour) {
        std::lock_guard lock(mutex_);
        behaviour_ = behaviour;
    }
    std::vector<std::string> stored() const {
        std::lock_guard lock(mutex_);
        return stored_;
    }
    std::size_t requests() const {
        std::lock_guard lock(mutex_);
        return requests_;
    }

  private:
    static http::Response error(int status, std::string_view code, std::string_view message) {
        boost::json::object body{{"__type", code}, {"message", message}};
        auto response = http::Response::json(status, boost::json::serialize(body));
        return response;
    }

    /// The signature is made again over the headers it says it covers.
    bool is_signed(const http::Request& request) const {
        auto authorization = request.headers.get("authorization");
        constexpr std::string_view kNames = "SignedHeaders=";
        auto start = authorization.find(kNames);
        if (start == std::string_view::npos) return false;
        auto names = authorization.substr(start + kNames.size());
        names = names.substr(0, names.find(','));
        auth::SigV4Signer::Request to_sign;
        to_sign.method = request.method;
        to_sign.path = request.path;
        for (std::size_t at = 0; at < names.size();) {
            auto end = std::min(names.find(';', at), names.size());
            auto name = names.substr(at, end - at);
            // These two the signer adds by itself.
            if (name != "x-amz-date" && name != "x-amz-security-token") {
                to_sign.headers.emplace_back(name, request.headers.get(name));
            }
            at = end + 1;
        }
        auto hash = hex_lower(as_view(sha256(request.body)));
        to_sign.payload_sha256_hex = hash;
        auto date = request.headers.get("x-amz-date");
        auto time = std::string(date.substr(0, 4)) + "-" + std::string(date.substr(4, 2)) + "-" +
                    std::string(date.substr(6, 5)) + ":" + std::string(date.substr(11, 2)) + ":" +
                    std::string(date.substr(13, 2)) + "Z";
        auto parsed = parse_rfc3339(time);
        if (!parsed) return false;
        auth::SigV4Signer signer{std::string(kRegion), "kinesis"};
        return signer.sign(to_sign, known_, *parsed).authorization == authorization;
    }

    /// Stores the records for which `takes(position)`, and answers for all of them.
    template <class Takes>
    http::Response put(const boost::json::array& records, Takes takes) {
        boost::json::array entries;
        int failed = 0;
        for (std::size_t i = 0; i < records.size(); ++i) {
            if (takes(i)) {
                auto data = records[i].at("Data").as_string();
                stored_.push_back(base64_decode(std::string_view(data.data(), data.size())).value());
                entries.push_back({{"SequenceNumber", std::to_string(stored_.size())}, {"ShardId", "shardId-0"}});
            } else {
                ++failed;
                entries.push_back(
                    {{"ErrorCode", "ProvisionedThroughputExceededException"}, {"ErrorMessage", "Rate exceeded"}});
            }
        }
        boost::json::object body{{"FailedRecordCount", failed}, {"Records", std::move(entries)}};
        return http::Response::json(200, boost::json::serialize(body));
    }

    static boost::asio::awaitable<void> never() {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                        boost::asio::steady_timer::time_point::max());
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }

    boost::asio::awaitable<http::Response> answer(http::Request request) {
        auto behaviour = PeerBehaviour::accept;
        {
            std::lock_guard lock(mutex_);
            behaviour = behaviour_;
        }
        if (behaviour == PeerBehaviour::stay_silent) {
            std::ignore = decide(request, PeerBehaviour::accept);
            co_await never();
        }
        co_return decide(request, behaviour);
    }

    http::Response decide(const http::Request& request, PeerBehaviour behaviour) {
        std::lock_guard lock(mutex_);
        bool is_put = request.headers.get("x-amz-target") == "Kinesis_20131202.PutRecords";
        requests_ += is_put;
        if (!is_signed(request)) return error(400, "InvalidSignatureException", "not the signature of this request");
        auto body = boost::json::parse(request.body);
        switch (behaviour) {
            case PeerBehaviour::throttle:
                return error(400, "LimitExceededException", "Rate exceeded for stream");
            case PeerBehaviour::refuse_credentials:
                return error(400, "UnrecognizedClientException",
                             "The security token included in the request is invalid.");
            case PeerBehaviour::miss_target:
                return error(400, "ResourceNotFoundException", "Stream building-events under account 1 not found.");
            case PeerBehaviour::refuse_as_too_large:
                return error(
                    400, "ValidationException",
                    "Value at 'records.1.member.data' failed to satisfy constraint: Member must have length less "
                    "than or equal to 1048576");
            case PeerBehaviour::fail:
                return error(500, "InternalFailure", "Internal service failure.");
            case PeerBehaviour::talk_nonsense:
                return http::Response::json(200, "{}");
            default:
                break;
        }
        if (!is_put) {
            return http::Response::json(200, R"({"StreamDescriptionSummary":{"StreamStatus":"ACTIVE"}})");
        }
        return put(body.at("Records").as_array(),
                   [behaviour](std::size_t i) { return behaviour != PeerBehaviour::refuse_every_other || i % 2 == 0; });
    }

    auth::AwsCredentials known_;
    mutable std::mutex mutex_;
    PeerBehaviour behaviour_ = PeerBehaviour::accept;
    std::vector<std::string> stored_;
    std::size_t requests_ = 0;
    ShardSet shards_{1};
    std::unique_ptr<http::Server> server_;
};

}  // namespace sluice::kinesis
