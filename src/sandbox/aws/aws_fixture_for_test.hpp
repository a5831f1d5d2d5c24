#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/fake_clock.hpp"
#include "net/run_for_test.hpp"
#include "sandbox/aws/aws_service.hpp"
#include "sandbox/aws/signed_request_for_test.hpp"

namespace sluice::sandbox {

/// A stand-in for AWS without a server, and a client that signs: request in, outcome out.
class AwsFixture : public testing::Test {
  protected:
    struct Reply {
        int status = 0;
        http::Headers headers;
        std::string text;
        boost::json::value json;

        std::string error() const { return std::string(json.at("__type").as_string()); }
    };

    explicit AwsFixture(AwsOptions options = {}) : aws_(std::move(options), 1, received_, faults_, clock_) {}

    http::Request signed_request(std::string_view service, std::string_view target, std::string body) {
        return sandbox::signed_request(key_, service, target, std::move(body), clock_.now() + client_skew_);
    }

    Outcome send(http::Request request) { return run_for_test(io_, aws_.handle(std::move(request))); }

    Reply call(std::string_view service, std::string_view target, std::string body) {
        auto outcome = send(signed_request(service, target, std::move(body)));
        EXPECT_EQ(outcome.ending, Outcome::Ending::answer);
        Reply reply{outcome.response.status, outcome.response.headers, outcome.response.body, {}};
        if (reply.text.starts_with("{")) reply.json = boost::json::parse(reply.text);
        return reply;
    }
    Reply kinesis(std::string_view operation, std::string body) {
        return call("kinesis", "Kinesis_20131202." + std::string(operation), std::move(body));
    }
    Reply sqs(std::string_view operation, std::string body) {
        return call("sqs", "AmazonSQS." + std::string(operation), std::move(body));
    }

    boost::asio::io_context io_;
    FakeClock clock_;
    ReceivedLog received_{{}, clock_};
    FaultInjector faults_;
    AwsService aws_;
    auth::AwsCredentials key_ = sandbox_key();
    std::chrono::seconds client_skew_{0};
};

}  // namespace sluice::sandbox
