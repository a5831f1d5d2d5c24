#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "ingest/checksum.hpp"
#include "sources/share_api/share_api_fixture_for_test.hpp"

namespace sluice::share_api {
namespace {

TEST(ShareApiWrite, PostCreatesAnObjectAndAnswersWithIt) {
    ShareApiBench api;
    const auto response = api.call("POST", "/share/io.acme", R"( {"hello": "world"} )");
    ASSERT_EQ(response.status, 201) << response.body;
    EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
    const Event event = api.bench.events().at(0);
    EXPECT_EQ(
        response.body,
        R"({"meta":{"currentCount":1,"currentPage":1,"perPage":999,"totalCount":1,"totalPages":1,"source":"db"},"objs":[)" +
            std::string(event->obj) + "]}");
    EXPECT_EQ(response.headers.get("Location"), "/share/io.acme/" + std::string(event->id));
    EXPECT_EQ(event->object_type, ObjectType::objs);
    EXPECT_EQ(event->org, "com.acme");

    const auto object = json_of(response).at("objs").at(0);
    EXPECT_EQ(object.at("checksum"), "93A23971A914E5EACBF0A8D25154CDA309C3C1C72FBB9914D47C60F3CB681588L17");
    EXPECT_EQ(object.at("creatorId"), "tok-full");
    EXPECT_EQ(object.at("owner").at("org"), "com.acme");
    EXPECT_EQ(object.at("owner").at("user"), "acme gateway");
    EXPECT_EQ(object.at("origin").at("remoteAddress"), "203.0.113.9");
    EXPECT_EQ(object.at("origin").at("tokendata").at("id"), "tok-full");
    EXPECT_TRUE(object.at("tags").as_array().empty());
}

TEST(ShareApiWrite, EachPrefixIsAnObjectType) {
    ShareApiBench api;
    const auto share = api.create("/share/io.acme", "{}");
    const auto device = api.create("/device/io.acme", "{}");
    const auto health = api.create("/device-health/io.acme", "{}");
    const auto events = api.bench.events();
    EXPECT_EQ(events[0]->object_type, ObjectType::objs);
    EXPECT_EQ(events[1]->object_type, ObjectType::devices);
    EXPECT_EQ(events[2]->object_type, ObjectType::health);
    EXPECT_EQ(api.call("GET", "/device/io.acme/" + device).status, 200);
    EXPECT_EQ(api.call("GET", "/device/io.acme/" + share).status, 404);
    EXPECT_EQ(api.call("GET", "/device-health/io.acme/" + health).status, 200);
}

TEST(ShareApiWrite, TagsInThePathAreTheObjectsTags) {
    ShareApiBench api;
    const auto response = api.call("POST", "/share/io.acme/tags/Dublin/caf%C3%A9%202", "{}");
    ASSERT_EQ(response.status, 201) << response.body;
    EXPECT_EQ(json_of(response).at("objs").at(0).at("tags"), (boost::json::array{"Dublin", "café 2"}));
    EXPECT_EQ(tags_of(api.bench.events().at(0)->tags), (std::vector<std::string_view>{"Dublin", "café 2"}));
}

TEST(ShareApiWrite, LinesAreCreatedTogetherAndAnsweredWithIdAndChecksum) {
    ShareApiBench api;
    const auto response = api.post_lines("/share/io.acme", "{\"n\":1}\n{\"n\":22}\n");
    ASSERT_EQ(response.status, 201) << response.body;
    const auto events = api.bench.events();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(
        response.body,
        R"({"meta":{"currentCount":2,"currentPage":1,"perPage":2,"totalCount":2,"totalPages":1,"source":"db"},"objs":[)"
        R"({"id":")" +
            std::string(events[0]->id) + R"(","checksum":")" + checksum_of("{\"n\":1}") + R"("},{"id":")" +
            std::string(events[1]->id) + R"(","checksum":")" + checksum_of("{\"n\":22}") + R"("}]})");
    EXPECT_EQ(events[0]->data, "{\"n\":1}");
    EXPECT_EQ(events[1]->data, "{\"n\":22}");
}

TEST(ShareApiWrite, ABadLineIsNamedAndNothingIsCreated) {
    ShareApiBench api;
    const auto response = api.post_lines("/share/io.acme", "{\"n\":1}\n{\"n\":}\n");
    ASSERT_EQ(response.status, 400);
    EXPECT_EQ(code_of(response), "invalid_json");
    EXPECT_EQ(json_of(response).at("line"), 2);
    EXPECT_EQ(json_of(response).at("offset"), 8 + 5);
    EXPECT_TRUE(api.bench.events().empty());
}

TEST(ShareApiWrite, AMissingContentTypeIsTakenAsJson) {
    ShareApiBench api;
    EXPECT_EQ(api.call("POST", "/share/io.acme", "{}").status, 201);
    EXPECT_EQ(api.call("POST", "/share/io.acme", "{}", {"full", {{"Content-Type", "application/json; charset=UTF-8"}}})
                  .status,
              201);
    const auto refused = api.call("POST", "/share/io.acme", "{}", {"full", {{"Content-Type", "text/plain"}}});
    EXPECT_EQ(refused.status, 415);
    EXPECT_EQ(code_of(refused), "unsupported_media_type");
    EXPECT_THAT(refused.body, testing::HasSubstr("the Content-Type is text/plain: send application/json"));
    const auto form =
        api.call("POST", "/share/io.acme", "{}", {"full", {{"Content-Type", "application/x-www-form-urlencoded"}}});
    EXPECT_THAT(form.body, testing::HasSubstr("curl: -H 'Content-Type: application/json'"));
}

TEST(ShareApiWrite, ValidJsonThatIsNoObjectIsUnacceptable) {
    ShareApiBench api;
    const auto response = api.call("POST", "/share/io.acme", "[{}]");
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(code_of(response), "not_an_object");
}

TEST(ShareApiWrite, WhatIsNoObjectIsNamedByItsPlaceInTheBody) {
    ShareApiBench api;
    const auto refused = json_of(api.call("POST", "/share/io.acme", "\n\n [1]"));
    EXPECT_EQ(refused.at("line"), 3);
    EXPECT_EQ(refused.at("offset"), 3);
    const auto of_lines = json_of(api.post_lines("/share/io.acme", "{}\n\n [1]\n"));
    EXPECT_EQ(of_lines.at("line"), 3);
    EXPECT_EQ(of_lines.at("offset"), 5);
}

TEST(ShareApiWrite, PutGivesNewDataAndKeepsTheRest) {
    ShareApiBench api;
    const auto id = api.create("/device/io.acme/tags/Dublin", R"({"n":1})");
    const auto before = json_of(api.call("GET", "/device/io.acme/" + id)).at("objs").at(0);
    const auto response =
        api.call("PUT", "/device/io.acme/" + id, R"({ "n": 2 })", {"operator", {{"Sluice-Org", "com.acme"}}});
    ASSERT_EQ(response.status, 200) << response.body;
    const auto after = json_of(response).at("objs").at(0);
    for (const char* name :
         {"_id", "id", "createDate", "tstamp", "creatorId", "name", "desc", "recType", "tags", "owner", "origin"})
        EXPECT_EQ(after.at(name), before.at(name)) << name;
    EXPECT_EQ(after.at("updaterId"), "tok-operator");
    EXPECT_EQ(after.at("data").at("n"), 2);
    EXPECT_LT(before.at("updateDate").as_string(), after.at("updateDate").as_string());
    EXPECT_EQ(after.at("checksum").as_string(), checksum_of(R"({"n":2})"));
    const Event event = api.bench.events().back();
    EXPECT_EQ(event->event_type, EventType::update);
    EXPECT_EQ(api.call("GET", "/device/io.acme/" + id).body, response.body);
}

TEST(ShareApiWrite, DeleteAnswersWithTheObjectAsItLastWas) {
    ShareApiBench api;
    const auto id = api.create("/share/io.acme", R"({"n":1})");
    const auto before = api.call("GET", "/share/io.acme/" + id);
    const auto response = api.call("DELETE", "/share/io.acme/" + id);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, before.body);
    EXPECT_EQ(api.bench.events().back()->event_type, EventType::remove);
    for (const char* method : {"GET", "DELETE", "PUT"}) {
        const auto gone = api.call(method, "/share/io.acme/" + id, "{}");
        EXPECT_EQ(gone.status, 404) << method;
        EXPECT_EQ(code_of(gone), "not_found");
    }
}

TEST(ShareApiWrite, ARepeatedPostIsAnsweredAsTheFirst) {
    ShareApiBench api;
    const Ask keyed{"full", {{"Idempotency-Key", "reading-17"}}};
    const auto first = api.call("POST", "/share/io.acme", R"({"n":1})", keyed);
    const auto second = api.call("POST", "/share/io.acme", R"({"n":1})", keyed);
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(second.status, 201);
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(second.headers.get("Location"), first.headers.get("Location"));
    EXPECT_FALSE(first.headers.has("Idempotency-Replayed"));
    EXPECT_EQ(second.headers.get("Idempotency-Replayed"), "true");
    EXPECT_EQ(api.bench.events().size(), 1u);

    const auto other = api.call("POST", "/share/io.acme", R"({"n":2})", keyed);
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(code_of(other), "idempotency_key_reused");
    const auto bad = api.call("POST", "/share/io.acme", "{}", {"full", {{"Idempotency-Key", std::string(256, 'k')}}});
    EXPECT_EQ(bad.status, 400);
    EXPECT_EQ(code_of(bad), "invalid_idempotency_key");
}

TEST(ShareApiWrite, ARepeatedBulkPostIsAnsweredAsTheFirst) {
    ShareApiBench api;
    const auto first = api.post_lines("/share/io.acme", "{}\n{}", {{"Idempotency-Key", "k"}});
    const auto second = api.post_lines("/share/io.acme", "{}\n{}", {{"Idempotency-Key", "k"}});
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(api.bench.events().size(), 2u);
}

TEST(ShareApiWrite, APipeTokenInThePathCreatesUnderItsPattern) {
    ShareApiBench api;
    const auto response = api.call("POST", "/share/io.acme.lora.raw/token/pipe", R"({"n":1})", {""});
    ASSERT_EQ(response.status, 201) << response.body;
    EXPECT_EQ(response.headers.get("Location").find("token"), std::string_view::npos);
    EXPECT_EQ(json_of(response).at("objs").at(0).at("creatorId"), "pipe-1");
    EXPECT_EQ(response.body.find("\"pipe\""), std::string::npos);

    const auto elsewhere = api.call("POST", "/share/io.acme.other/token/pipe", "{}", {""});
    EXPECT_EQ(elsewhere.status, 403);
    EXPECT_EQ(code_of(elsewhere), "pipe_token_rec_type");
}

TEST(ShareApiWrite, APipeTokenMayOnlyCreate) {
    ShareApiBench api;
    const auto id = api.create("/share/io.acme.lora.raw", "{}");
    EXPECT_EQ(api.call("POST", "/share/io.acme.lora.raw", "{}", {"pipe"}).status, 201);
    EXPECT_EQ(api.call("GET", "/share/io.acme.lora.raw", "", {"pipe"}).status, 403);
    EXPECT_EQ(api.call("GET", "/share/io.acme.lora.raw/" + id, "", {"pipe"}).status, 403);
    EXPECT_EQ(api.call("PUT", "/share/io.acme.lora.raw/" + id, "{}", {"pipe"}).status, 403);
    EXPECT_EQ(api.call("DELETE", "/share/io.acme.lora.raw/" + id, "", {"pipe"}).status, 403);
    EXPECT_EQ(api.call("POST", "/events", "{}", {"pipe"}).status, 403);
}

TEST(ShareApiWrite, OnlyPipeTokensAreTakenFromAPath) {
    ShareApiBench api;
    for (const char* token : {"full", "operator", "unknown"}) {
        const auto response = api.call("POST", std::string("/share/io.acme.lora.raw/token/") + token, "{}", {""});
        EXPECT_EQ(response.status, 401) << token;
        EXPECT_EQ(response.body.find(token), std::string::npos);
    }
}

constexpr std::string_view kEnvelope =
    R"({"event_type":"delete","id":"a","obj":{"data":{"n":1}},"obj_type":"objs","recType":"io.acme","source":"Platform"})";

TEST(ShareApiWrite, EventsTakesReadyEnvelopes) {
    ShareApiBench api;
    const auto one = api.call("POST", "/events", std::string(kEnvelope));
    EXPECT_EQ(one.status, 201);
    EXPECT_EQ(one.body, R"({"count":1,"first_sequence":"1","last_sequence":"1"})");
    const auto two = api.post_lines("/events", std::string(kEnvelope) + "\n" + std::string(kEnvelope) + "\n");
    EXPECT_EQ(two.status, 201);
    EXPECT_EQ(two.body, R"({"count":2,"first_sequence":"2","last_sequence":"3"})");
    EXPECT_EQ(api.bench.events().at(2)->envelope, kEnvelope);
}

TEST(ShareApiWrite, EventsRefusesWhatIsNoEnvelope) {
    ShareApiBench api;
    std::string more(kEnvelope);
    more.insert(more.size() - 1, ",\"sequence\":1");
    const auto response = api.post_lines("/events", std::string(kEnvelope) + "\n" + more);
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(code_of(response), "invalid_envelope");
    EXPECT_EQ(json_of(response).at("line"), 2);
    EXPECT_TRUE(api.bench.events().empty());
}

TEST(ShareApiWrite, EventsNeedsAllThreeScopes) {
    ShareApiBench api;
    const auto response = api.call("POST", "/events", std::string(kEnvelope), {"writer"});
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(code_of(response), "insufficient_scope");
    EXPECT_NE(response.body.find("SHARE:UPDATE"), std::string::npos);
}

TEST(ShareApiWrite, BackPressureSaysWhenToComeBack) {
    Ingest::Options options;
    options.over_backlog = [](std::string_view org) { return org == "com.other"; };
    ShareApiBench api(options);
    const auto backlog = api.call("POST", "/share/io.acme", "{}", {"other"});
    EXPECT_EQ(backlog.status, 429);
    EXPECT_EQ(code_of(backlog), "org_backlog");
    EXPECT_GT(std::stoi(std::string(backlog.headers.get("Retry-After"))), 0);

    api.bench.log.fail_next_append(make_error(Errc::exhausted, "less than 1GiB is free"));
    const auto full = api.call("POST", "/share/io.acme", "{}");
    EXPECT_EQ(full.status, 503);
    EXPECT_GT(std::stoi(std::string(full.headers.get("Retry-After"))), 0);
    EXPECT_TRUE(api.bench.events().empty());
}

TEST(ShareApiWrite, WhatIsTooLargeIsRefused) {
    Ingest::Options options;
    options.limits.data.max_bytes = 100;
    options.limits.max_lines = 2;
    ShareApiBench api(options);
    const auto large = api.call("POST", "/share/io.acme", "{\"a\":\"" + std::string(100, 'x') + "\"}");
    EXPECT_EQ(large.status, 413);
    EXPECT_EQ(code_of(large), "object_too_large");
    const auto many = api.post_lines("/share/io.acme", "{}\n{}\n{}");
    EXPECT_EQ(many.status, 413);
    EXPECT_EQ(code_of(many), "too_many_lines");
    EXPECT_TRUE(api.bench.events().empty());
}

}  // namespace
}  // namespace sluice::share_api
