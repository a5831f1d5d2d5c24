// Settings that do not run yet: what they would send, and a sample sent with them. And one dead letter, looked at.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "delivery/delivery_test_kit.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;

std::shared_ptr<Failure> refusal() {
    auto made = std::make_shared<Failure>();
    made->error_class = ErrorClass::credentials;
    made->code = "E1";
    made->message = "as the test wants";
    return made;
}

class Drafts : public testing::Test {
  protected:
    Drafts() {
        rig.peer();
        rig.start();
    }
    EventPreview preview(const IntegrationConfig& config, std::optional<Event> event = {}, std::string rec_type = {}) {
        return rig.run(rig.engine().preview(config, std::move(event), std::move(rec_type))).value();
    }
    DeliveryRig rig;
};

TEST_F(Drafts, APreviewIsWhatWouldBeSentAndSendsNothing) {
    IntegrationConfig config = rig.config("a");
    config.filter.rec_types = {"io.acme.*.unpacked.**"};
    config.key = "{obj.data.device.id|id}";
    EventPreview shown = preview(config);
    EXPECT_EQ(shown.undeliverable, nullptr);
    EXPECT_EQ(shown.body, shown.event->envelope);
    EXPECT_EQ(shown.key, "sample-device");
    EXPECT_EQ(shown.event->rec_type, "io.acme.sample.unpacked.sample");
    EXPECT_EQ(shown.content_type, "application/json");
    EXPECT_TRUE(rig.peer()->stored().empty());
    EXPECT_EQ(preview(config, {}, "io.acme.door.unpacked").event->rec_type, "io.acme.door.unpacked");
}

TEST_F(Drafts, ASampleHasEveryMemberOfAnObject) {
    // product.md, "An object, as the Share API returns it".
    auto object = boost::json::parse(std::string(preview(rig.config("a")).event->obj)).as_object();
    for (const char* name : {"_id", "id", "checksum", "createDate", "updateDate", "tstamp", "creatorId", "updaterId",
                             "name", "desc", "recType", "tags", "owner", "origin", "data"})
        EXPECT_TRUE(object.contains(name)) << name;
    EXPECT_EQ(object.size(), 15u);
    for (const char* name : {"appid", "org", "owners", "user"}) EXPECT_TRUE(object["owner"].as_object().contains(name));
    for (const char* name : {"checksum", "createDate", "creatorId", "desc", "id", "name", "remoteAddress", "tokendata"})
        EXPECT_TRUE(object["origin"].as_object().contains(name)) << name;
    EXPECT_TRUE(object["data"].at("sluice_sample").as_bool());
}

TEST_F(Drafts, WhatIsLeftOutIsNotInThePreview) {
    IntegrationConfig config = rig.config("a");
    config.payload = PayloadForm::object;
    config.redact = {"origin.tokendata", "creatorId"};
    EventPreview shown = preview(config);
    EXPECT_THAT(shown.body, Not(HasSubstr("tokendata")));
    EXPECT_THAT(shown.body, HasSubstr(R"("updaterId")"));
    EXPECT_TRUE(PayloadRenderer::has_path(shown.event, "origin.tokendata"));
    EXPECT_FALSE(PayloadRenderer::has_path(shown.event, "origin.nothing"));
}

TEST_F(Drafts, APreviewTellsWhatWouldBecomeADeadLetter) {
    IntegrationConfig config = rig.config("a");
    config.key = "{obj.data.room}";
    EventPreview shown = preview(config);
    ASSERT_NE(shown.undeliverable, nullptr);
    EXPECT_EQ(shown.undeliverable->code, "no_key");
    config.key = "{id}";
    rig.peer()->limits.max_message_bytes_absolute = 100;
    shown = preview(config);
    ASSERT_NE(shown.undeliverable, nullptr);
    EXPECT_EQ(shown.undeliverable->error_class, ErrorClass::too_large);
}

TEST_F(Drafts, ASampleIsSentWithSettingsThatAreNotKept) {
    IntegrationConfig config = rig.config("a");
    config.key = "{obj.data.room}";  // which a sample does not have
    EXPECT_EQ(rig.run(rig.engine().send_sample(config, Deadline::never())).value(), std::nullopt);
    ASSERT_EQ(rig.peer()->stored().size(), 1u);
    EXPECT_THAT(rig.peer()->stored()[0].body, HasSubstr(R"("sluice_sample":true)"));
    EXPECT_TRUE(rig.run(rig.engine().list()).empty());
    rig.peer()->set_script([](std::span<const Message> messages) {
        return std::vector<Verdict>(messages.size(), Verdict::retry(refusal()));
    });
    auto refused = rig.run(rig.engine().send_sample(config, Deadline::never())).value();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, "E1");
    EXPECT_EQ(refused->error_class, ErrorClass::credentials);
}

TEST_F(Drafts, ADeadLetterIsShownAsItWouldBeSentAgain) {
    rig.peer()->set_script([](std::span<const Message> messages) {
        return std::vector<Verdict>(messages.size(), Verdict::rejected(refusal()));
    });
    IntegrationConfig config = rig.config("a");
    config.payload = PayloadForm::data;
    ASSERT_TRUE(rig.add(config));
    rig.append(2, [](std::size_t i) { return "o" + std::to_string(i); });
    rig.cursors.wait_for_settled("a", 2);
    DeadLetterPreview letter = rig.run(rig.engine().dead_letter("a", {0, 2})).value();
    EXPECT_EQ(letter.letter.code, "E1");
    EXPECT_EQ(letter.preview.body, R"({"pad":""})");
    EXPECT_EQ(letter.preview.key, "o1");
    EXPECT_THAT(std::string(letter.preview.event->envelope), HasSubstr(R"("id":"o1")"));
    EXPECT_EQ(rig.run(rig.engine().dead_letter("a", {0, 3})).error().code, Errc::not_found);
    EXPECT_EQ(rig.run(rig.engine().dead_letter("b", {0, 1})).error().code, Errc::not_found);
}

TEST_F(Drafts, TheLatestEventsOfAnOrgAreFound) {
    rig.append(3, [](std::size_t i) { return "o" + std::to_string(i); });
    EventFilter filter;
    filter.orgs = {"com.acme"};
    auto events = rig.run(rig.engine().latest_events(filter)).value();
    ASSERT_EQ(events.size(), 3u);
    EXPECT_EQ(events.back().sequence(), 3u);
    filter.orgs = {"com.other"};
    EXPECT_TRUE(rig.run(rig.engine().latest_events(filter)).value().empty());
    EXPECT_EQ(rig.run(rig.engine().event({0, 2})).value()->id, "o1");
}

}  // namespace
}  // namespace sluice
