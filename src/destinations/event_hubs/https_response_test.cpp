#include "destinations/event_hubs/https_response.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::event_hubs {
namespace {

using testing::HasSubstr;

http::ClientResponse answer(int status, std::string body = {}) {
    http::ClientResponse made;
    made.status = status;
    made.body = std::move(body);
    return made;
}

std::string error(int status, std::string_view detail) {
    return "<Error><Code>" + std::to_string(status) + "</Code><Detail>" + std::string(detail) + "</Detail></Error>";
}

TEST(EventHubsResponse, Only201IsAcceptance) {
    EXPECT_EQ(verdict_of_send(answer(201), "rooms").kind, Verdict::Kind::accepted);
    for (int status : {200, 202, 204, 302}) {
        auto verdict = verdict_of_send(answer(status, "<html>welcome</html>"), "rooms");
        EXPECT_EQ(verdict.kind, Verdict::Kind::retry) << status;
        EXPECT_TRUE(verdict.ambiguous) << status;
    }
}

TEST(EventHubsResponse, TheServicesWordsAreTold) {
    auto verdict = verdict_of_send(
        answer(401,
               error(401, "InvalidSignature: The token has an invalid signature. TrackingId:3c4f, SystemTracker:x")),
        "rooms");
    EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_FALSE(verdict.ambiguous);
    EXPECT_EQ(verdict.failure->error_class, ErrorClass::credentials);
    EXPECT_EQ(verdict.failure->code, "InvalidSignature");
    EXPECT_EQ(verdict.failure->message,
              "answered 401 Unauthorized: InvalidSignature: The token has an invalid signature.");
}

TEST(EventHubsResponse, WordsThatAreNoUtf8AreToldAsUtf8) {
    auto verdict = verdict_of_send(answer(400, error(400, "caf\xE9\x01!")), "rooms");
    EXPECT_EQ(verdict.failure->message, "answered 400 Bad Request: caf\xEF\xBF\xBD !");
}

TEST(EventHubsResponse, WhatIsNoErrorDocumentIsToldByItsStatus) {
    auto verdict = verdict_of_send(answer(500, "something else"), "rooms");
    EXPECT_EQ(verdict.failure->code, "http_500");
    EXPECT_TRUE(verdict.ambiguous);
    EXPECT_EQ(read_https_error(404, error(404, "The messaging entity could not be found.")).code, "http_404");
}

TEST(EventHubsResponse, NoEventIsGivenUpForAPageThatIsNotTheServices) {
    for (int status : {400, 413}) {
        auto verdict = verdict_of_send(answer(status, "<h2>Bad Request - Invalid Hostname</h2>"), "rooms");
        EXPECT_EQ(verdict.kind, Verdict::Kind::retry) << status;
        EXPECT_FALSE(verdict.ambiguous) << status;
        EXPECT_EQ(verdict.failure->error_class, ErrorClass::transient) << status;
        EXPECT_THAT(verdict.failure->hint, HasSubstr("endpoint")) << status;
        EXPECT_EQ(verdict_of_send(answer(status, error(status, "no")), "rooms").kind, Verdict::Kind::rejected);
    }
}

TEST(EventHubsResponse, AHubThatTheCredentialsMayNotSendToHoldsBackNoOther) {
    auto verdict = verdict_of_send(
        answer(401, error(401, "Unauthorized access. 'Send' claim(s) are required to perform this operation.")),
        "rooms");
    EXPECT_EQ(verdict.failure->error_class, ErrorClass::credentials);
    EXPECT_EQ(verdict.failure->target, "rooms");
    EXPECT_THAT(verdict.failure->hint, HasSubstr("Send right"));
    EXPECT_EQ(verdict_of_send(answer(401, error(401, "InvalidSignature: no")), "rooms").failure->target, "");
}

TEST(EventHubsResponse, ThrottlingKeepsTheTimeThatTheServiceAsksFor) {
    auto busy = answer(503, error(503, "ServerBusy: throttled. Error code: 50002."));
    busy.headers.add("Retry-After", "7");
    auto verdict = verdict_of_send(busy, "rooms");
    EXPECT_EQ(verdict.failure->error_class, ErrorClass::throttled);
    EXPECT_EQ(verdict.failure->retry_after, std::chrono::seconds(7));
    EXPECT_FALSE(verdict.ambiguous);
}

TEST(EventHubsResponse, CreationIsDoneOrRefusedInWords) {
    EXPECT_EQ(creation_outcome(answer(201), "rooms"), nullptr);
    EXPECT_EQ(creation_outcome(answer(409, error(409, "exists")), "rooms"), nullptr);
    auto refused = creation_outcome(answer(401, error(401, "'Manage' claim(s) are required")), "rooms");
    EXPECT_EQ(refused->error_class, ErrorClass::missing_target);
    EXPECT_EQ(refused->target, "rooms");
    EXPECT_THAT(refused->message, HasSubstr("no Manage"));
    refused = creation_outcome(answer(403, error(403, "QuotaExceeded: ten event hubs")), "rooms");
    EXPECT_EQ(refused->error_class, ErrorClass::missing_target);
    EXPECT_THAT(refused->hint, HasSubstr("used up"));
    auto failed = creation_outcome(answer(500), "rooms");
    EXPECT_EQ(failed->error_class, ErrorClass::transient);
    EXPECT_EQ(failed->target, "rooms");
}

TEST(EventHubsResponse, ALookTellsThereMissingForbiddenAndFailed) {
    auto there = read_hub_look(answer(200,
                                      "<entry><content><EventHubDescription><PartitionCount>4</PartitionCount>"
                                      "</EventHubDescription></content></entry>"),
                               "rooms");
    EXPECT_EQ(there.kind, HubLook::Kind::there);
    EXPECT_EQ(there.partitions, 4);
    EXPECT_EQ(read_hub_look(answer(404), "rooms").kind, HubLook::Kind::missing);
    EXPECT_EQ(read_hub_look(answer(200, "<feed xmlns=\"a\"></feed>"), "rooms").kind, HubLook::Kind::missing);
    EXPECT_EQ(read_hub_look(answer(401, error(401,
                                              "Unauthorized access. 'Manage,EventHub' claim(s) are required to "
                                              "perform this operation.")),
                            "rooms")
                  .kind,
              HubLook::Kind::may_not_look);
    auto failed = read_hub_look(answer(401, error(401, "InvalidSignature: no")), "rooms");
    EXPECT_EQ(failed.kind, HubLook::Kind::failed);
    EXPECT_EQ(failed.failure.error_class, ErrorClass::credentials);
    EXPECT_EQ(read_hub_look(answer(200, "welcome"), "rooms").kind, HubLook::Kind::failed);
}

}  // namespace
}  // namespace sluice::event_hubs
