#include "auth/clock_skew.hpp"

#include <gtest/gtest.h>

namespace sluice::auth {
namespace {

using namespace std::chrono_literals;

const Timestamp kNow = parse_rfc3339("2026-11-23T14:05:00Z").value();

TEST(ClockSkew, DatesOfHttpAreReadStrictly) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), parse_rfc3339("1994-11-06T08:49:37Z").value());
    EXPECT_EQ(parse_http_date("Mon, 23 Nov 2026 14:05:00 GMT"), kNow);
    for (auto bad :
         {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 24:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 0a Nov 1994 08:49:37 GMT"}) {
        EXPECT_FALSE(parse_http_date(bad)) << bad;
    }
}

TEST(ClockSkew, LearnsFromAnAnswerThatIsFarApart) {
    ClockSkew skew;
    EXPECT_TRUE(skew.learn("RequestTimeTooSkewed", "Mon, 23 Nov 2026 14:15:00 GMT", kNow, skew.offset()));
    EXPECT_EQ(skew.offset(), 10min);
    EXPECT_EQ(skew.corrected(kNow), kNow + 10min);
    // Once corrected, the same answer says nothing new: there is no endless retry.
    EXPECT_FALSE(skew.learn("RequestTimeTooSkewed", "Mon, 23 Nov 2026 14:15:00 GMT", kNow, skew.offset()));
}

TEST(ClockSkew, WhatWasSignedBeforeAnotherRequestLearntIsWorthARetryToo) {
    ClockSkew skew;
    auto signed_with = skew.offset();
    EXPECT_TRUE(skew.learn("RequestTimeTooSkewed", "Mon, 23 Nov 2026 14:15:00 GMT", kNow, signed_with));
    EXPECT_TRUE(skew.learn("RequestTimeTooSkewed", "Mon, 23 Nov 2026 14:15:00 GMT", kNow, signed_with));
    EXPECT_EQ(skew.offset(), 10min);
}

TEST(ClockSkew, LearnsBackwardsAndAgainWhenTheClockIsPutRight) {
    ClockSkew skew;
    EXPECT_TRUE(skew.learn("InvalidSignatureException", "Mon, 23 Nov 2026 13:05:00 GMT", kNow, skew.offset()));
    EXPECT_EQ(skew.offset(), -1h);
    EXPECT_TRUE(skew.learn("SignatureDoesNotMatch", "Mon, 23 Nov 2026 14:05:00 GMT", kNow, skew.offset()));
    EXPECT_EQ(skew.offset(), 0ms);
}

TEST(ClockSkew, IsNotBlamedWithinFourMinutesNorForOtherCodes) {
    ClockSkew skew;
    EXPECT_FALSE(skew.learn("SignatureDoesNotMatch", "Mon, 23 Nov 2026 14:08:59 GMT", kNow, skew.offset()));
    EXPECT_FALSE(skew.learn("AccessDeniedException", "Mon, 23 Nov 2026 16:05:00 GMT", kNow, skew.offset()));
    EXPECT_FALSE(skew.learn("SignatureDoesNotMatch", "", kNow, skew.offset()));
    EXPECT_TRUE(skew.learn("SignatureDoesNotMatch", "Mon, 23 Nov 2026 14:09:00 GMT", kNow, skew.offset()));
}

}  // namespace
}  // namespace sluice::auth
