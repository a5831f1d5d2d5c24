#include "destinations/iot_hub/response.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::iot_hub {
namespace {

using testing::HasSubstr;

http::ClientResponse reply(int status, std::string body = "") {
    http::ClientResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

TEST(IotHubResponse, OnlyNoContentIsAcceptance) {
    EXPECT_EQ(verdict_of_reply(reply(204), "room").kind, Verdict::Kind::accepted);
    for (int status : {200, 201, 202, 206, 302}) {
        EXPECT_EQ(verdict_of_reply(reply(status), "room").kind, Verdict::Kind::retry) << status;
    }
}

TEST(IotHubResponse, TheHubsCodeAndWordsAreTold) {
    // As the service writes it: JSON within a JSON string.
    auto verdict = verdict_of_reply(
        reply(
            404,
            R"({"Message":"ErrorCode:DeviceNotFound;{\"errorCode\":404001,\"message\":\"Device room not registered\"}","ExceptionMessage":"Tracking ID:1"})"),
        "room");
    EXPECT_EQ(verdict.failure->code, "404001");
    EXPECT_THAT(verdict.failure->message, HasSubstr("Device room not registered"));
    EXPECT_EQ(verdict.failure->target, "room");
    EXPECT_EQ(to_string(verdict.failure->error_class), "missing_target");
}

TEST(IotHubResponse, CodesAreReadInEveryFormThatTheHubWrites) {
    EXPECT_EQ(read_hub_error(R"({"errorCode":401002,"trackingId":"x","message":"Unauthorized"})").code, "401002");
    EXPECT_EQ(read_hub_error(R"({"errorCode":401002,"message":"Unauthorized"})").message, "Unauthorized");
    EXPECT_EQ(read_hub_error(R"({"Message":"ErrorCode:429001;Throttled"})").code, "429001");
    EXPECT_EQ(read_hub_error("ErrorCode:IotHubNotFound; then errorCode: 404002").code, "404002");
    EXPECT_EQ(read_hub_error(R"({"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized"})").code, "401002");
    EXPECT_EQ(read_hub_error("", "DeviceNotFound").code, "404001");
    EXPECT_EQ(read_hub_error(R"({"Message":"ErrorCode:SomethingNew;no"})").code, "SomethingNew");
    EXPECT_EQ(read_hub_error("", "no such thing: 1").code, "");
    EXPECT_EQ(read_hub_error("<html>errorCode 12").code, "");
    EXPECT_EQ(read_hub_error("").code, "");
}

TEST(IotHubResponse, AUsedUpQuotaIsTheHubsAndNotTheCredentialsFault) {
    // As the service writes it over HTTPS: the name alone, in the body and in a header.
    auto refused = reply(
        403,
        R"({"Message":"ErrorCode:IotHubQuotaExceeded;Total number of messages on IotHub 'h' exceeded the allocated quota.","ExceptionMessage":"Tracking ID:1"})");
    for (bool with_body : {true, false}) {
        if (!with_body) refused.body.clear();
        refused.headers.set("iothub-errorcode", "IotHubQuotaExceeded");
        auto verdict = verdict_of_reply(refused, "room");
        EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
        EXPECT_EQ(to_string(verdict.failure->error_class), "throttled");
        EXPECT_EQ(verdict.failure->code, "403002");
        EXPECT_THAT(verdict.failure->hint, HasSubstr("00:00 UTC"));
    }
}

TEST(IotHubResponse, NoMessageIsGivenUpForAPageThatIsNotTheHubs) {
    for (const char* page :
         {"<h2>Bad Request - Invalid Hostname</h2>", R"({"statusCode":400,"message":"no route"})", ""}) {
        for (int status : {400, 413}) {
            auto verdict = verdict_of_reply(reply(status, page), "room");
            EXPECT_EQ(verdict.kind, Verdict::Kind::retry) << status << page;
            EXPECT_FALSE(verdict.ambiguous);
            EXPECT_EQ(to_string(verdict.failure->error_class), "transient") << status << page;
            EXPECT_THAT(verdict.failure->hint, HasSubstr("endpoint"));
        }
    }
    auto of_the_hub = reply(400, R"({"Message":"ErrorCode:ArgumentInvalid;no"})");
    EXPECT_EQ(verdict_of_reply(of_the_hub, "room").kind, Verdict::Kind::rejected);
}

TEST(IotHubResponse, AMessageWhosePropertiesAreTooLongForHeadersIsGivenUp) {
    auto verdict = verdict_of_reply(reply(400,
                                          "<h2>Bad Request - Request Too Long</h2><hr><p>HTTP Error 400. The size of "
                                          "the request headers is too long.</p>"),
                                    "room");
    EXPECT_EQ(verdict.kind, Verdict::Kind::rejected);
}

TEST(IotHubResponse, WithoutACodeTheStatusIsTheCode) {
    auto verdict = verdict_of_reply(reply(503, "busy"), "room");
    EXPECT_EQ(verdict.failure->code, "http_503");
    EXPECT_TRUE(verdict.ambiguous);
}

TEST(IotHubResponse, TheHubsWishToWaitIsPassedOn) {
    auto response = reply(429);
    response.headers.add("Retry-After", "17");
    EXPECT_EQ(verdict_of_reply(response, "room").failure->retry_after, std::chrono::seconds(17));
    response.headers.set("Retry-After", "soon");
    EXPECT_FALSE(verdict_of_reply(response, "room").failure->retry_after);
}

TEST(IotHubResponse, LongAndUnprintableWordsAreTidied) {
    auto error = read_hub_error("{\"Message\":\"a\\nb" + std::string(1000, 'x') + "\"}");
    EXPECT_LE(error.message.size(), 300u);
    EXPECT_THAT(error.message, testing::StartsWith("a b"));
}

TEST(IotHubResponse, ANetworkThatLeadsNowhereConcernsAll) {
    mqtt::OpenError error;
    error.network = ConnectError{ConnectStep::connect, make_error(Errc::unavailable, "refused"), "connection_refused"};
    error.error = error.network->error;
    error.code = "connection_refused";
    auto failure = failure_of_open(error, {true, "hub.net", 8883}, "room");
    EXPECT_EQ(failure.code, "connection_refused");
    EXPECT_EQ(failure.target, "");
    EXPECT_THAT(failure.message, HasSubstr("hub.net:8883"));
    EXPECT_NE(failure.hint, "");
}

TEST(IotHubResponse, ARefusalConcernsItsDeviceAndListsTheReasons) {
    mqtt::OpenError error;
    error.refused = mqtt::ConnectCode::not_authorized;
    error.error = make_error(Errc::unauthenticated, "code 5");
    auto failure = failure_of_open(error, {true, "hub.net", 8883}, "room");
    EXPECT_EQ(to_string(failure.error_class), "credentials");
    EXPECT_EQ(failure.target, "room");
    EXPECT_THAT(failure.hint,
                testing::AllOf(HasSubstr("in the hub"), HasSubstr("enabled"), HasSubstr("connection string")));
}

TEST(IotHubResponse, ARefusalSaysWhatTheClockHasToDoWithIt) {
    Device device;
    device.key = Secret("k");
    auto told = [&](HubClock::Comparison comparison) {
        Failure failure;
        explain_refusal(failure, device, comparison, Timestamp());
        return failure.hint;
    };
    EXPECT_THAT(told(HubClock::Comparison::agrees), HasSubstr("clock agrees"));
    EXPECT_THAT(told(HubClock::Comparison::was_off), HasSubstr("clock is off"));
    EXPECT_THAT(told(HubClock::Comparison::not_made), HasSubstr("clock right?"));
}

TEST(IotHubResponse, AnExpiredTokenIsNamed) {
    Device device;
    device.token = Secret("t");
    device.token_expires = Timestamp(std::chrono::hours(1));
    Failure failure;
    explain_refusal(failure, device, HubClock::Comparison::not_made, Timestamp(std::chrono::hours(2)));
    EXPECT_EQ(failure.code, "token_expired");
    EXPECT_THAT(failure.message, HasSubstr("1970-01-01T01:00:00"));
    EXPECT_THAT(failure.hint, HasSubstr("SharedAccessKey"));
}

TEST(IotHubResponse, EachWayToLoseAConnectionHasItsNameAndClass) {
    mqtt::Lost lost{mqtt::Lost::Cause::closed_by_server, make_error(Errc::unavailable, "closed"), "connection_closed"};
    using Diagnosis = SessionHistory::Diagnosis;
    auto told = [&](Diagnosis diagnosis) { return failure_of_loss(lost, diagnosis, "room"); };
    EXPECT_EQ(told(Diagnosis::none).code, "connection_closed");
    EXPECT_EQ(to_string(told(Diagnosis::none).error_class), "transient");
    EXPECT_EQ(told(Diagnosis::taken_over).code, "connection_taken_over");
    EXPECT_THAT(told(Diagnosis::taken_over).hint, HasSubstr("Two senders use this device"));
    EXPECT_THAT(told(Diagnosis::taken_over).message, HasSubstr("400027"));
    EXPECT_EQ(to_string(told(Diagnosis::taken_over).error_class), "transient");
    EXPECT_EQ(to_string(told(Diagnosis::refuses_messages).error_class), "throttled");
    EXPECT_THAT(told(Diagnosis::refuses_messages).hint, HasSubstr("daily message quota"));
    EXPECT_EQ(to_string(told(Diagnosis::held_back).error_class), "throttled");
    for (auto diagnosis : {Diagnosis::none, Diagnosis::taken_over, Diagnosis::refuses_messages, Diagnosis::held_back})
        EXPECT_EQ(told(diagnosis).target, "room");
}

}  // namespace
}  // namespace sluice::iot_hub
