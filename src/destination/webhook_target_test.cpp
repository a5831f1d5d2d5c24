#include "destination/webhook_target.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace sluice {
namespace {

TEST(WebhookTarget, SignsAsStandardWebhooksDoes) {
    // Independent of the code under test: HMAC-SHA-256 over id, timestamp and body, joined by dots.
    auto expected = "v1," + base64_encode(as_view(hmac_sha256("signing key", "msg_1.1700000000.{\"a\":1}")));
    EXPECT_EQ(webhook_signature(Secret("signing key"), "msg_1", "1700000000", "{\"a\":1}"), expected);
}

}  // namespace
}  // namespace sluice
