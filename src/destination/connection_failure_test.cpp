#include "destination/connection_failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/resolve.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;

const Endpoint kHooks{true, "hooks.example", 443};

TEST(ConnectionFailure, AnAddressThatMayNotBeConnectedToIsNotBlamedOnTheDns) {
    auto refusal = address_refusal("hooks.example");
    auto failure = connection_failure({http::ClientError::Step::resolve, false, refusal.error, refusal.code}, kHooks);
    EXPECT_EQ(to_string(failure.error_class), "transient");
    EXPECT_EQ(failure.code, "address_not_allowed");
    EXPECT_THAT(failure.message, HasSubstr("hooks.example leads to an internal address"));
    EXPECT_THAT(failure.hint, HasSubstr("only the operator's own integrations"));
}

TEST(ConnectionFailure, WhatTheOtherSideSaidIsToldAsUtf8) {
    auto said = make_error(Errc::corrupt, "the proxy answered caf\xE9\x1b[2J");
    auto failure = connection_failure({http::ClientError::Step::proxy, false, said, "proxy_refused"}, kHooks);
    EXPECT_EQ(failure.message, "https://hooks.example: the proxy answered caf\xEF\xBF\xBD [2J");
}

TEST(ConnectionFailure, OtherRefusalsKeepTheHintOfTheirStep) {
    // An expired certificate is forbidden too.
    auto expired = make_error(Errc::forbidden, "the certificate has expired", "the other side must renew it");
    auto failure =
        connection_failure({http::ClientError::Step::tls, false, expired, "tls_certificate_expired"}, kHooks);
    EXPECT_THAT(failure.hint, HasSubstr("must be valid for that name"));
    auto unknown = make_error(Errc::not_found, "the name cannot be resolved");
    EXPECT_THAT(connection_failure({http::ClientError::Step::resolve, false, unknown, "dns_failure"}, kHooks).hint,
                HasSubstr("this machine's DNS"));
}

}  // namespace
}  // namespace sluice
