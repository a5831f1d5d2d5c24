#include "event/payload.hpp"

#include <gtest/gtest.h>

#include "event/sample_event.hpp"
#include "json/validate.hpp"

namespace sluice {
namespace {

constexpr std::string_view kObj =
    R"({"_id":"x","origin":{"id":"o","tokendata":{"id":"t","ip":"10.0.0.1"}},"data":{"v":1.10,"who":"me"},"creatorId":"c"})";
const std::string kBefore = R"({"event_type":"update","id":"64f0c2a9e13b9a0007f4d2c1","obj":)";
const std::string kAfter = R"(,"obj_type":"devices","recType":"io.acme.desk","source":"ShareService"})";

std::string rendered(PayloadForm form, const std::vector<std::string>& redact,
                     const Event& event = sample_event(kObj)) {
    auto renderer = PayloadRenderer::make(form, redact);
    if (!renderer) return renderer.error().message;
    std::string scratch = "untouched";
    auto bytes = renderer->render(event, scratch);
    if (!bytes) return bytes.error().message;
    EXPECT_EQ(renderer->is_stored_bytes(), scratch == "untouched");
    EXPECT_FALSE(json::validate(*bytes, {}));
    return std::string(*bytes);
}

TEST(Payload, DeliversStoredBytesAsTheyStand) {
    Event event = sample_event(kObj);
    std::string scratch;
    auto envelope = PayloadRenderer::make(PayloadForm::envelope, {}).value().render(event, scratch);
    EXPECT_EQ(*envelope, kBefore + std::string(kObj) + kAfter);
    EXPECT_EQ(envelope->data(), event->envelope.data());
    auto object = PayloadRenderer::make(PayloadForm::object, {}).value().render(event, scratch);
    EXPECT_EQ(*object, kObj);
    EXPECT_EQ(object->data(), event->obj.data());
    auto data = PayloadRenderer::make(PayloadForm::data, {}).value().render(event, scratch);
    EXPECT_EQ(*data, R"({"v":1.10,"who":"me"})");
    EXPECT_EQ(data->data(), event->data.data());
}

TEST(Payload, DataOfAnObjectWithoutDataIsNotFound) {
    auto renderer = PayloadRenderer::make(PayloadForm::data, {}).value();
    std::string scratch;
    auto result = renderer.render(sample_event(R"({"a":1})"), scratch);
    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error().code, Errc::not_found);
}

TEST(Payload, RedactsWithinObjInEveryForm) {
    std::vector<std::string> redact = {"origin.tokendata", "creatorId", "data.who"};
    std::string obj = R"({"_id":"x","origin":{"id":"o"},"data":{"v":1.10}})";
    EXPECT_EQ(rendered(PayloadForm::envelope, redact), kBefore + obj + kAfter);
    EXPECT_EQ(rendered(PayloadForm::object, redact), obj);
    EXPECT_EQ(rendered(PayloadForm::data, redact), R"({"v":1.10})");
    std::string cloud_event = rendered(PayloadForm::cloudevents, redact);
    EXPECT_TRUE(cloud_event.ends_with(",\"data\":" + kBefore + obj + kAfter + "}")) << cloud_event;
}

TEST(Payload, RedactsInEveryElementOfAnArray) {
    std::vector<std::string> redact = {"data.users.email", "data.u.email"};
    Event event = sample_event(R"({"data":{"users":[{"email":"a@b.c"},[{"n":1,"email":2}]],"u":{"email":"x@y.z"}}})");
    std::string data = R"({"users":[{},[{"n":1}]],"u":{}})";
    EXPECT_EQ(rendered(PayloadForm::object, redact, event), "{\"data\":" + data + "}");
    EXPECT_EQ(rendered(PayloadForm::envelope, redact, event), kBefore + "{\"data\":" + data + "}" + kAfter);
    EXPECT_EQ(rendered(PayloadForm::data, redact, event), data);
    EXPECT_EQ(rendered(PayloadForm::data, {"data.who"}, sample_event(R"({"data":[{"who":"me"},1]})")), "[{},1]")
        << "data of a ready envelope may be an array";
}

TEST(Payload, TellsWhetherThereIsSomethingToRedactByWhatIsRemoved) {
    Event event = sample_event(R"({"data":{"users":[1,{"email":"a@b.c"}],"n":{"x":1},"n":2}})");
    EXPECT_TRUE(PayloadRenderer::has_path(event, "data.users.email"));
    EXPECT_TRUE(PayloadRenderer::has_path(event, "data.n.x")) << "of duplicate names all are removed";
    EXPECT_FALSE(PayloadRenderer::has_path(event, "data.users.name"));
    EXPECT_FALSE(PayloadRenderer::has_path(event, "data.users.email.x"));
    EXPECT_FALSE(PayloadRenderer::has_path(event, "data..x"));
}

TEST(Payload, RedactingWhatIsAbsentChangesNothing) {
    EXPECT_EQ(rendered(PayloadForm::object, {"nothing.here", "origin.id.x"}), kObj);
    EXPECT_EQ(rendered(PayloadForm::data, {"creatorId"}), R"({"v":1.10,"who":"me"})");
    EXPECT_EQ(rendered(PayloadForm::data, {"data.who"}, sample_event(R"({"data":[1]})")), "[1]");
}

TEST(Payload, RedactingAllOfDataLeavesObjWithoutIt) {
    EXPECT_EQ(rendered(PayloadForm::object, {"data"}, sample_event(R"({"a":1,"data":{}})")), R"({"a":1})");
    EXPECT_EQ(rendered(PayloadForm::data, {"data"}),
              "redact path \"data\" removes all that the payload form \"data\" delivers");
}

TEST(Payload, NamesABadRedactPath) {
    EXPECT_EQ(rendered(PayloadForm::envelope, {"creatorId", ""}), "redact path \"\" has an empty name");
    EXPECT_EQ(rendered(PayloadForm::envelope, {"a..b"}), "redact path \"a..b\" has an empty name");
    EXPECT_EQ(rendered(PayloadForm::envelope, {"a."}), "redact path \"a.\" has an empty name");
    EXPECT_EQ(rendered(PayloadForm::envelope, {".a"}), "redact path \".a\" has an empty name");
    EXPECT_EQ(rendered(PayloadForm::envelope, {"obj.origin"}),
              "redact path \"obj.origin\" starts with obj; paths are already within it");
}

TEST(Payload, WritesCloudEvents) {
    EXPECT_EQ(rendered(PayloadForm::cloudevents, {}),
              R"({"specversion":"1.0","id":"42","source":"/sluice/com.acme/ShareService","type":"io.acme.desk.update",)"
              R"("subject":"64f0c2a9e13b9a0007f4d2c1","time":"2026-11-22T14:05:00.123Z",)"
              R"("datacontenttype":"application/json","data":)" +
                  kBefore + std::string(kObj) + kAfter + "}");
}

TEST(Payload, CloudEventsSourceIsAUriWhateverTheSourceIs) {
    std::string text = rendered(PayloadForm::cloudevents, {}, sample_event("{}", "a \"b\"/é"));
    EXPECT_NE(text.find(R"("source":"/sluice/com.acme/a%20%22b%22%2F%C3%A9")"), std::string::npos) << text;
}

TEST(Payload, FormsHaveTheirNames) {
    for (PayloadForm form : {PayloadForm::envelope, PayloadForm::object, PayloadForm::data, PayloadForm::cloudevents}) {
        EXPECT_EQ(parse_payload_form(to_string(form)), form);
    }
    EXPECT_EQ(to_string(PayloadForm::cloudevents), "cloudevents");
    EXPECT_EQ(parse_payload_form("Envelope"), std::nullopt);
}

TEST(PayloadForm, CloudEventsHaveAMediaTypeOfTheirOwn) {
    EXPECT_EQ(content_type_of(PayloadForm::cloudevents), "application/cloudevents+json");
    EXPECT_EQ(content_type_of(PayloadForm::envelope), "application/json");
    EXPECT_EQ(content_type_of(PayloadForm::object), "application/json");
    EXPECT_EQ(content_type_of(PayloadForm::data), "application/json");
}

}  // namespace
}  // namespace sluice
