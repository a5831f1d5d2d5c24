#include "sandbox/event_hubs/https_api.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "sandbox/event_hubs/event_hubs_fixture_for_test.hpp"
#include "sandbox/event_hubs/partition_of_key.hpp"

namespace sluice::sandbox {
namespace {

using testing::HasSubstr;

constexpr std::string_view kBatchType = "application/vnd.microsoft.servicebus.json";
constexpr std::string_view kMessages = "/building-events/messages";

class HttpsApiTest : public EventHubsFixture {
  protected:
    static std::string uri(std::string_view path) {
        return "sb://" + std::string(kSandboxNamespace) + std::string(path);
    }

    http::Response send(std::string body, std::string broker = {}, std::string_view path = kMessages,
                        std::string_view type = kBatchType) {
        auto headers = authorization(sas(uri("/building-events"), 1));
        headers.set("Content-Type", std::string(type));
        if (!broker.empty()) headers.set("BrokerProperties", std::move(broker));
        return https("POST", path, std::move(body), std::move(headers));
    }
    int status_with(http::Headers headers, std::string_view path = kMessages) {
        headers.set("Content-Type", std::string(kBatchType));
        return https("POST", path, R"([{"Body":"x"}])", std::move(headers)).status;
    }
    http::Response with_manage(std::string_view method, std::string_view path, std::string body = {}) {
        return https(method, path, std::move(body), authorization(sas(uri("/"))));
    }
};

TEST_F(HttpsApiTest, TakesABatchWhole) {
    auto answer =
        send(R"([{"Body":"one ☃","UserProperties":{"recType":"io.x","n":7,"b":true,"none":null}},{"Body":"two"}])",
             R"({"PartitionKey":"dev-1"})");
    ASSERT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(answer.body, "");
    auto items = received_.read(1, 10);
    ASSERT_EQ(items.size(), 2u);
    EXPECT_EQ(items[0].service, "event_hubs");
    EXPECT_EQ(*items[0].target, "building-events");
    EXPECT_EQ(items[0].body.view(), "one ☃");
    EXPECT_EQ(items[0].key, "dev-1");
    EXPECT_EQ(items[0].attributes, R"({"recType":"io.x","n":"7","b":"true","none":null})");
    EXPECT_EQ(items[0].place, std::to_string(partition_of_key("dev-1", 4)));
    EXPECT_EQ(items[1].body.view(), "two");
    EXPECT_EQ(items[1].sequence, "1");
    EXPECT_EQ(items[1].key, "dev-1");
}

TEST_F(HttpsApiTest, TakesASingleEventWithItsProperties) {
    auto headers = authorization(sas(uri("/building-events"), 2));
    headers.set("Content-Type", "application/json");
    headers.set("BrokerProperties", R"({"PartitionKey":"k"})");
    headers.set("event_type", "\"create\"");
    headers.set("n", "7");
    auto answer = https("POST", "/building-events/messages?timeout=60", "{\"a\":1}", std::move(headers));
    ASSERT_EQ(answer.status, 201) << answer.body;
    auto item = received_.read(1, 1).front();
    EXPECT_EQ(item.body.view(), "{\"a\":1}");
    EXPECT_EQ(item.attributes, R"({"event_type":"create","n":"7"})");
}

TEST_F(HttpsApiTest, CountsAPartitionKeyInCharacters) {
    auto key_of = [](std::string_view character, std::size_t count) {
        std::string key;
        for (std::size_t i = 0; i < count; ++i) key += character;
        return R"({"PartitionKey":")" + key + "\"}";
    };
    for (std::string_view character : {"k", "\\u00e9", "\\u6f22", "\\ud83c\\udf21"}) {
        EXPECT_EQ(send(R"([{"Body":"x"}])", key_of(character, 128)).status, 201) << character;
        EXPECT_EQ(send(R"([{"Body":"x"}])", key_of(character, 129)).status, 400) << character;
    }
    EXPECT_EQ(send(R"([{"Body":"x"}])", key_of("", 1)).status, 400);
}

TEST_F(HttpsApiTest, PlacesByKeyByPartitionOrInTurn) {
    send(R"([{"Body":"a"}])", {}, "/building-events/partitions/2/messages");
    send(R"([{"Body":"b"}])", {}, "/building-events/publishers/dev-9/messages");
    for (int i = 0; i < 4; i++) send(R"([{"Body":"c"}])");
    auto items = received_.read(1, 10);
    ASSERT_EQ(items.size(), 6u);
    EXPECT_EQ(items[0].place, "2");
    EXPECT_EQ(items[1].place, std::to_string(partition_of_key("dev-9", 4)));
    EXPECT_EQ(items[1].key, "dev-9");
    EXPECT_EQ(items[2].place + items[3].place + items[4].place + items[5].place, "0123");
}

TEST_F(HttpsApiTest, RefusesABatchThatIsNone) {
    for (std::string_view body :
         {"", "x", "{}", "[]", "[1]", R"([{"Body":1}])", R"([{"body":"x"}])", R"([{"Body":"x","UserProperties":[]}])",
          R"([{"Body":"x","UserProperties":{"a":{}}}])",
          R"([{"Body":"x","BrokerProperties":{"PartitionKey":"a"}},{"Body":"y"}])"})
        EXPECT_EQ(send(std::string(body)).status, 400) << body;
    EXPECT_EQ(send(R"([{"Body":"x"}])", "nonsense").status, 400);
    EXPECT_EQ(send(R"([{"Body":"x"}])", R"({"PartitionKey":1})").status, 400);
    EXPECT_EQ(send(R"([{"Body":"x"}])", R"({"PartitionKey":"k"})", "/building-events/partitions/1/messages").status,
              400);
    for (auto partition : {"4", "-1", "x"})
        EXPECT_EQ(
            send(R"([{"Body":"x"}])", {}, fmt::format("/building-events/partitions/{}/messages", partition)).status,
            400);
    EXPECT_EQ(send("[{\"Body\":\"" + std::string(1 << 20, 'x') + "\"}]").status, 413);
    EXPECT_EQ(received_.total().items, 0u);
}

TEST_F(HttpsApiTest, LetsInWhoMayAndSaysWhyNobodyElse) {
    auto body_with = [&](http::Headers headers, std::string_view path = kMessages) {
        auto answer = https("POST", path, "x", std::move(headers));
        EXPECT_EQ(answer.status, 401);
        EXPECT_THAT(answer.body, HasSubstr("<Error><Code>401</Code><Detail>"));
        return answer.body;
    };
    EXPECT_EQ(status_with(authorization(sas(uri("/")))), 201);
    EXPECT_EQ(status_with(authorization(sas("https://127.0.0.1:4580/building-events"))), 201);
    EXPECT_EQ(status_with(authorization(sas("amqps://SLUICE-sandbox.servicebus.windows.net/Building-Events", 2))), 201);
    EXPECT_EQ(status_with(authorization("Bearer " + entra_token(kSandboxSenderId, kSandboxSenderSecret))), 201);
    EXPECT_EQ(status_with(authorization(sas(uri("/"))), "/missing/messages"), 404);
    EXPECT_THAT(body_with({}), HasSubstr("MissingToken"));
    EXPECT_THAT(body_with(authorization("Basic x")), HasSubstr("MalformedToken"));
    EXPECT_THAT(body_with(authorization("SharedAccessSignature sr=x")), HasSubstr("MalformedToken"));
    EXPECT_THAT(body_with(authorization(sas(uri("/build")))), HasSubstr("InvalidAudience")) << "no path segment";
    EXPECT_THAT(body_with(authorization(sas("sb://other.servicebus.windows.net/"))), HasSubstr("InvalidAudience"));
    EXPECT_THAT(body_with(authorization(sas(uri("/"), 0, std::chrono::seconds(-1)))), HasSubstr("ExpiredToken"));
    EXPECT_THAT(body_with(authorization(sas(uri("/")) + "x")), HasSubstr("InvalidSignature"))
        << "another policy's name";
    EXPECT_THAT(body_with(authorization(sas(uri("/"), 2)), "/other/messages"), HasSubstr("InvalidSignature"));
    EXPECT_THAT(body_with(authorization("Bearer x.y.z")), HasSubstr("InvalidToken"));
}

TEST_F(HttpsApiTest, CreatesReadsAndDeletesForWhoMayManage) {
    constexpr auto kEntry =
        R"(<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml"><EventHubDescription xmlns=)"
        R"("http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"><PartitionCount>8</PartitionCount>)"
        R"(</EventHubDescription></content></entry>)";
    constexpr auto kPath = "/io.example.made?api-version=2014-01";
    EXPECT_EQ(with_manage("GET", kPath).status, 404);
    auto created = with_manage("PUT", kPath, kEntry);
    EXPECT_EQ(created.status, 201) << created.body;
    EXPECT_THAT(created.body, HasSubstr("<PartitionCount>8</PartitionCount>"));
    EXPECT_EQ(hubs_.find("io.example.made")->partitions, 8);
    EXPECT_EQ(with_manage("PUT", kPath, kEntry).status, 409);
    EXPECT_THAT(with_manage("GET", kPath).body, HasSubstr("<PartitionCount>8</PartitionCount>"));
    EXPECT_EQ(with_manage("PUT", "/x_?api-version=2014-01", kEntry).status, 400) << "its name";
    EXPECT_EQ(with_manage("PUT", "/y", "no entry").status, 400);
    EXPECT_EQ(https("PUT", "/z", kEntry, authorization(sas(uri("/"), 1))).status, 401);
    EXPECT_EQ(with_manage("DELETE", kPath).status, 200);
    EXPECT_EQ(with_manage("DELETE", kPath).status, 404);
}

TEST_F(HttpsApiTest, WhatCameOverHttpsIsReadOverKafka) {
    send(R"([{"Body":"one","UserProperties":{"h":"v"}}])", R"({"PartitionKey":"k"})", "/building-events/messages");
    auto fetched = hubs_.fetch("building-events", partition_of_key("k", 4), 0, 1 << 20);
    auto batch = read_record_batch(fetched.batches, 1 << 20);
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->records.front().value, "one");
    EXPECT_EQ(batch->records.front().key, "k");
    EXPECT_EQ(batch->records.front().header_count, 1u);
}

TEST_F(HttpsApiTest, GoesWrongWhenToldTo) {
    struct Case {
        std::string rule;
        int status;
        std::string text;
    };
    for (const auto& [rule, status, text] : std::vector<Case>{
             {R"({"operation":"SendBatch","action":"http_500","status":502})", 502, "internal"},
             {R"({"action":"throttle_request"})", 429, "ServerBusy"},
             {R"({"action":"throttle_request","status":503})", 503, "ServerBusy"},
             {R"({"action":"throttle","record":1})", 429, "ServerBusy"},
             {R"({"action":"fail_record","message":"m"})", 500, "m"},
             {R"({"action":"expired_token"})", 401, "ExpiredToken"},
             {R"({"action":"access_denied"})", 403, "denied"},
             {R"({"target":"building-events","action":"missing_target"})", 404, "could not be found"},
             {R"({"action":"skew","skew":7200})", 401, "ExpiredToken"},
         }) {
        ASSERT_TRUE(faults_.set_json("[" + rule + "]"));
        auto answer = send(R"([{"Body":"x"},{"Body":"y"}])");
        EXPECT_EQ(answer.status, status) << rule;
        EXPECT_THAT(answer.body, HasSubstr(text)) << rule;
    }
    EXPECT_EQ(received_.total().items, 0u);
    ASSERT_TRUE(faults_.set_json(R"([{"action":"reset_before","nth":1},{"action":"hang_after","nth":2}])"));
    auto headers = authorization(sas(uri("/")));
    EXPECT_EQ(https_outcome("POST", kMessages, "x", headers).ending, Outcome::Ending::reset);
    EXPECT_EQ(received_.total().items, 0u);
    EXPECT_EQ(https_outcome("POST", kMessages, "x", headers).ending, Outcome::Ending::hang);
    EXPECT_EQ(received_.total().items, 1u);
}

TEST_F(HttpsApiTest, ClaimsItsOwnRequestsOnly) {
    auto claims = [](std::string_view method, std::string_view path, http::Headers headers = {}) {
        http::Request request;
        request.method = std::string(method);
        request.path = std::string(path);
        request.headers = std::move(headers);
        return HttpsApi::claims(request);
    };
    EXPECT_TRUE(claims("POST", "/hub/messages"));
    EXPECT_TRUE(claims("POST", "/hub/partitions/0/messages"));
    EXPECT_TRUE(claims("POST", "/tenant/oauth2/v2.0/token"));
    EXPECT_TRUE(claims("PUT", "/hub", authorization("SharedAccessSignature sr=x")));
    EXPECT_FALSE(claims("POST", "/"));
    EXPECT_FALSE(claims("POST", "/000000000000/queue"));
    EXPECT_FALSE(claims("POST", "/devices/d/messages/events"));
    EXPECT_FALSE(claims("POST", "/a/b/messages"));
    EXPECT_FALSE(claims("PUT", "/hub", authorization("AWS4-HMAC-SHA256 Credential=x")));
    EXPECT_FALSE(claims("GET", "/favicon.ico"));
    http::Headers aws;
    aws.set("X-Amz-Target", "AmazonSQS.SendMessage");
    EXPECT_FALSE(claims("POST", "/hub/messages", std::move(aws)));
}

}  // namespace
}  // namespace sluice::sandbox
