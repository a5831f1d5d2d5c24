#include "destinations/event_hubs/https_request.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "destination/test_batch.hpp"

namespace sluice::event_hubs {
namespace {

Config config() {
    Config made;
    made.content_type = "application/json";
    return made;
}

TEST(EventHubsRequest, ABatchIsTheseBytes) {
    TestBatch batch;
    batch.add("5f1a").add("5f1b");
    EXPECT_EQ(
        batch_body(batch.messages(), config()),
        R"([{"Body":"{\"event_type\":\"create\",\"id\":\"5f1a\",\"obj\":{\"_id\":\"5f1a\",\"data\":{\"pad\":\"\"}},)"
        R"(\"obj_type\":\"objs\",\"recType\":\"io.acme.room\",\"source\":\"ShareService\"}",)"
        R"("UserProperties":{"event_type":"create","id":"5f1a","obj_type":"objs","recType":"io.acme.room",)"
        R"("sluice-sequence":"1","sluice-time":"2023-11-14T22:13:20.001Z","source":"ShareService"}},)"
        R"({"Body":"{\"event_type\":\"create\",\"id\":\"5f1b\",\"obj\":{\"_id\":\"5f1b\",\"data\":{\"pad\":\"\"}},)"
        R"(\"obj_type\":\"objs\",\"recType\":\"io.acme.room\",\"source\":\"ShareService\"}",)"
        R"("UserProperties":{"event_type":"create","id":"5f1b","obj_type":"objs","recType":"io.acme.room",)"
        R"("sluice-sequence":"2","sluice-time":"2023-11-14T22:13:20.002Z","source":"ShareService"}}])");
}

TEST(EventHubsRequest, AnyTextComesOutOfTheBatchAsItWentIn) {
    std::string text = "\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9\xf0\x9f\x8c\xa1 end";
    TestBatch batch;
    batch.add("a");
    Message message = batch.messages()[0];
    message.body = text;
    auto parsed = boost::json::parse(batch_body(std::span(&message, 1), config()));
    EXPECT_EQ(parsed.at(0).at("Body").as_string(), text);
}

TEST(EventHubsRequest, SizeIsWhatAMessageAddsToTheBody) {
    TestBatch batch;
    batch.add("a", "a", 3'000).add("b\"c");
    std::size_t sum = 1;
    for (const auto& message : batch.messages()) sum += batch_bytes(message, config());
    EXPECT_EQ(batch_body(batch.messages(), config()).size(), sum);
    auto cloud = config();
    cloud.content_type = "application/cloudevents+json";
    EXPECT_EQ(batch_body(batch.messages().first(1), cloud).size(), 1 + batch_bytes(batch.messages()[0], cloud));
}

TEST(EventHubsRequest, CloudEventsSayWhatTheyAre) {
    auto cloud = config();
    cloud.content_type = "application/cloudevents+json";
    TestBatch batch;
    batch.add("a");
    auto parsed = boost::json::parse(batch_body(batch.messages(), cloud));
    EXPECT_EQ(parsed.at(0).at("UserProperties").at("content-type").as_string(), "application/cloudevents+json");
}

TEST(EventHubsRequest, AKeyIsCarriedInAscii) {
    EXPECT_EQ(broker_properties("device-7"), R"({"PartitionKey":"device-7"})");
    EXPECT_EQ(broker_properties("a\"b\\c\n\x7f"), R"({"PartitionKey":"a\u0022b\u005cc\u000a\u007f"})");
    EXPECT_EQ(broker_properties("caf\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x8c\xa1"),
              R"({"PartitionKey":"caf\u00e9 \u6f22 \ud83c\udf21"})");
}

TEST(EventHubsRequest, AKeyThatIsTooLongIsReplacedByItsHash) {
    EXPECT_EQ(partition_key(std::string(128, 'k')), std::string(128, 'k'));
    std::string umlauts;
    for (int i = 0; i < 128; ++i) umlauts += "\xc3\xbc";
    EXPECT_EQ(partition_key(umlauts), umlauts);
    // SHA-256 of 129 times "k", by coreutils' sha256sum.
    EXPECT_EQ(partition_key(std::string(129, 'k')), "9094034fb2d0ce2e407c9b260f2806ab2efb352e200722fd6296d9cf1cf7e6f5");
}

TEST(EventHubsRequest, EventsOfOneKeyNextToEachOtherShareARequest) {
    TestBatch batch;
    batch.add("1", "a").add("2", "a").add("3", "b").add("4", "c").add("5", "c");
    EXPECT_EQ(request_starts(batch.messages(), config()), (std::vector<std::size_t>{0, 2, 3}));
    auto unkeyed = config();
    unkeyed.keyed = false;
    EXPECT_EQ(request_starts(batch.messages(), unkeyed), (std::vector<std::size_t>{0}));
}

TEST(EventHubsRequest, ARequestHasNoMoreBytesThanAnEventMayHave) {
    TestBatch batch;
    batch.add("1", "a", 400).add("2", "a", 400).add("3", "a", 5'000).add("4", "a");
    auto small = config();
    small.max_message_bytes = 2'000;
    EXPECT_EQ(request_starts(batch.messages(), small), (std::vector<std::size_t>{0, 2, 3}));
}

TEST(EventHubsRequest, TargetsAndTheEntryThatCreatesAHub) {
    EXPECT_EQ(send_target("io.acme.room"), "/io.acme.room/messages?timeout=60&api-version=2014-01");
    EXPECT_EQ(hub_target("io.acme.room"), "/io.acme.room?timeout=60&api-version=2014-01");
    EXPECT_EQ(creation_body(8),
              R"(<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml">)"
              R"(<EventHubDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect">)"
              R"(<PartitionCount>8</PartitionCount></EventHubDescription></content></entry>)");
}

}  // namespace
}  // namespace sluice::event_hubs
