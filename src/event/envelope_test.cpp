#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "event/codec.hpp"
#include "event/envelope_reader.hpp"
#include "event/envelope_writer.hpp"
#include "json/validate.hpp"

namespace sluice {
namespace {

using namespace std::string_literals;

const std::string kCanonical =
    R"({"event_type":"create","id":"a1","obj":{"data":{"v":1},"x":2},"obj_type":"objs","recType":"io.acme.desk","source":"Gate"})";

std::string error_of(const std::string& text) {
    EXPECT_FALSE(json::validate(text, {})) << text;
    auto parts = EnvelopeReader().read(text);
    if (parts) return "accepted";
    EXPECT_EQ(parts.error().code, Errc::invalid_argument);
    return parts.error().message + (parts.error().hint.empty() ? "" : " / " + parts.error().hint);
}

/// kCanonical with one value replaced.
std::string with(const std::string& member, const std::string& value) {
    std::string text = "{";
    for (const auto& [name, old] : std::vector<std::pair<std::string, std::string>>{{"event_type", R"("create")"},
                                                                                    {"id", R"("a1")"},
                                                                                    {"obj", "{}"},
                                                                                    {"obj_type", R"("objs")"},
                                                                                    {"recType", R"("r")"},
                                                                                    {"source", R"("s")"}}) {
        text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + (name == member ? value : old);
    }
    return text + "}";
}

EventView written(const std::string& text, EventBatch& batch) {
    EnvelopeReader reader;
    EventView attributes;
    attributes.org = "com.acme";
    EnvelopeWriter(batch).add(reader.read(text).value(), attributes);
    return decode_event(batch.body(batch.size() - 1)).value();
}

TEST(EnvelopeReader, GivesTheSixParts) {
    EnvelopeReader reader;
    EnvelopeParts parts = reader.read(kCanonical).value();
    EXPECT_EQ(parts.event_type, EventType::create);
    EXPECT_EQ(parts.object_type, ObjectType::objs);
    EXPECT_EQ(parts.id, "a1");
    EXPECT_EQ(parts.rec_type, "io.acme.desk");
    EXPECT_EQ(parts.source, "Gate");
    EXPECT_EQ(parts.raw_obj, R"({"data":{"v":1},"x":2})");
    EXPECT_EQ(parts.data, R"({"v":1})");
}

TEST(EnvelopeReader, RefusesAMissingMember) {
    EXPECT_EQ(error_of("{}"), R"(the envelope lacks "event_type", "id", "obj", "obj_type", "recType", "source")");
    std::string text = kCanonical;
    text.erase(text.find(R"(,"source")"), R"(,"source":"Gate")"s.size());
    EXPECT_EQ(error_of(text), R"(the envelope lacks "source")");
}

TEST(EnvelopeReader, RefusesAMemberThatIsThereTwice) {
    std::string text = kCanonical;
    EXPECT_EQ(error_of(text.insert(1, R"("id":"a1",)")), R"("id" is there twice)");
    text = kCanonical;
    EXPECT_EQ(error_of(text.insert(1, R"("\u0069d":"a1",)")), R"("id" is there twice)");
}

TEST(EnvelopeReader, RefusesAMemberTooMany) {
    std::string text = kCanonical;
    EXPECT_EQ(error_of(text.insert(1, R"("rectype":"x",)")),
              R"("rectype" is not a member of an envelope / did you mean "recType"?)");
    text = kCanonical;
    EXPECT_EQ(
        error_of(text.insert(1, R"("something":"x",)")),
        R"("something" is not a member of an envelope / an envelope has event_type, id, obj, obj_type, recType and source, and no more)");
    text = kCanonical;
    EXPECT_EQ(error_of(text.insert(1, "\"" + std::string(100, 'n') + "\":1,")),
              "the envelope has a member that is none of its six / an envelope has event_type, id, obj, obj_type, "
              "recType and "
              "source, and no more");
}

TEST(EnvelopeReader, RefusesWrongTypesAndValues) {
    EXPECT_EQ(error_of("[]"), "an envelope is a JSON object");
    EXPECT_EQ(error_of("\"{}\""), "an envelope is a JSON object");
    EXPECT_EQ(error_of(with("event_type", "1")), R"("event_type" is not a string)");
    EXPECT_EQ(error_of(with("event_type", "null")), R"("event_type" is not a string)");
    EXPECT_EQ(error_of(with("event_type", R"("created")")), R"("event_type" is not one of create, update, delete)");
    EXPECT_EQ(error_of(with("obj_type", R"("obj")")), R"("obj_type" is not one of objs, devices, health)");
    EXPECT_EQ(error_of(with("obj_type", "{}")), R"("obj_type" is not a string)");
    EXPECT_EQ(error_of(with("obj", "[]")), R"("obj" is not an object)");
    EXPECT_EQ(error_of(with("obj", "null")), R"("obj" is not an object)");
    EXPECT_EQ(error_of(with("id", "7")), R"("id" is not a string)");
    for (const std::string& id :
         {R"("")"s, R"("-a")"s, R"("a b")"s, R"("a\u0000")"s, "\"" + std::string(129, 'a') + "\""}) {
        EXPECT_THAT(error_of(with("id", id)), testing::StartsWith(R"("id" is not an id / )")) << id;
    }
    EXPECT_EQ(error_of(with("id", "\"" + std::string(128, 'a') + "\"")), "accepted");
    EXPECT_EQ(error_of(with("recType", "[]")), R"("recType" is not a string)");
    for (const std::string& rec_type :
         {R"("")"s, R"("a..b")"s, R"("a.*")"s, R"("a/b")"s, "\"" + std::string(129, 'a') + "\""}) {
        EXPECT_THAT(error_of(with("recType", rec_type)), testing::StartsWith(R"("recType" is not a recType / )"))
            << rec_type;
    }
    EXPECT_EQ(error_of(with("source", "true")), R"("source" is not a string)");
    EXPECT_EQ(error_of(with("source", R"("")")), R"("source" is not 1 to 128 bytes long)");
    EXPECT_EQ(error_of(with("source", "\"" + std::string(128, 's') + "\"")), "accepted");
    EXPECT_EQ(error_of(with("source", "\"" + std::string(129, 's') + "\"")), R"("source" is not 1 to 128 bytes long)");
    EXPECT_EQ(error_of(with("source", R"("a\r\nb")")), R"("source" has a control character in it)");
    EXPECT_EQ(error_of(with("source", R"("a\u007f")")), R"("source" has a control character in it)");
}

TEST(EnvelopeReader, ComparesAndGivesValuesUnescaped) {
    EnvelopeReader reader;
    std::string text =
        R"({"event_\u0074ype":"\u0064elete","id":"\u0061\u003a1","obj":{"d\u0061ta":5},"obj_type":"he\u0061lth","recType":"\u0072","source":"\u00e9\/"})";
    EnvelopeParts parts = reader.read(text).value();
    EXPECT_EQ(parts.event_type, EventType::remove);
    EXPECT_EQ(parts.object_type, ObjectType::health);
    EXPECT_EQ(parts.id, "a:1");
    EXPECT_EQ(parts.rec_type, "r");
    EXPECT_EQ(parts.source, "é/");
    EXPECT_EQ(parts.data, "5");
    EXPECT_EQ(parts.raw_id, R"("\u0061\u003a1")");
}

TEST(EnvelopeReader, CanBeUsedAgainAfterARefusal) {
    EnvelopeReader reader;
    EXPECT_FALSE(reader.read(with("id", R"("\u0020")")));
    EXPECT_EQ(reader.read(kCanonical).value().id, "a1");
}

TEST(EnvelopeWriter, PutsMembersInCanonicalOrder) {
    std::vector<std::string> members = {R"("event_type":"create")",        R"("id":"a1")",
                                        R"("obj":{"data":{"v":1},"x":2})", R"("obj_type":"objs")",
                                        R"("recType":"io.acme.desk")",     R"("source":"Gate")"};
    std::sort(members.begin(), members.end());
    std::size_t orders = 0;
    do {
        std::string text = "{" + members[0];
        for (std::size_t i = 1; i < members.size(); ++i) text += "," + members[i];
        EventBatch batch;
        EventView view = written(text + "}", batch);
        ASSERT_EQ(view.envelope, kCanonical);
        ASSERT_EQ(view.obj, R"({"data":{"v":1},"x":2})");
        ASSERT_EQ(view.data, R"({"v":1})");
        ++orders;
    } while (std::next_permutation(members.begin(), members.end()));
    EXPECT_EQ(orders, 720u);
}

TEST(EnvelopeWriter, KeepsValuesAsTheyCameIn) {
    std::string text =
        R"({"event_type":"\u0063reate","id":"\u0061","obj":{"a":1E400,"a":-0},"obj_type":"obj\u0073","recType":"\u0072","source":"\u00e9\/\""})";
    EventBatch batch;
    EventView view = written(text, batch);
    EXPECT_EQ(view.envelope, text);
    EXPECT_EQ(view.event_type, EventType::create);
    EXPECT_EQ(view.id, "a");
    EXPECT_EQ(view.rec_type, "r");
    EXPECT_EQ(view.source, "é/\"");
    EXPECT_EQ(view.org, "com.acme");
    EXPECT_TRUE(view.data.empty());
    EXPECT_FALSE(view.kept_as_object);
}

TEST(EnvelopeWriter, WritesAnEnvelopeAroundAnObjWrittenInPlace) {
    EventBatch batch;
    EnvelopeWriter writer(batch);
    EventView attributes;
    attributes.event_type = EventType::remove;
    attributes.object_type = ObjectType::health;
    attributes.kept_as_object = true;
    attributes.org = "com.acme";
    attributes.rec_type = "r";
    attributes.id = "i";
    attributes.source = "a\"b";
    for (int round = 0; round < 2; ++round) {
        std::string& out = writer.begin(attributes);
        out += R"({"_id":"i","data":)";
        std::size_t data_offset = writer.obj_size();
        ASSERT_FALSE(json::minify_to(out, " { \"v\" : 1 } ", {}));
        std::size_t data_size = writer.obj_size() - data_offset;
        out += '}';
        writer.end(data_offset, data_size);
    }
    ASSERT_EQ(batch.size(), 2u);
    EventView view = decode_event(batch.body(1)).value();
    EXPECT_EQ(
        view.envelope,
        R"({"event_type":"delete","id":"i","obj":{"_id":"i","data":{"v":1}},"obj_type":"health","recType":"r","source":"a\"b"})");
    EXPECT_EQ(view.obj, R"({"_id":"i","data":{"v":1}})");
    EXPECT_EQ(view.data, R"({"v":1})");
    EXPECT_EQ(view.source, "a\"b");
    EXPECT_TRUE(view.kept_as_object);
    EXPECT_EQ(batch.body(0), batch.body(1));
}

}  // namespace
}  // namespace sluice
