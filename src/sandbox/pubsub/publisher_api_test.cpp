#include <thread>

#include "sandbox/pubsub/pubsub_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using PublisherApi = PubsubFixture;

TEST_F(PublisherApi, KeepsWhatIsPublishedInOrderWithAllItCarries) {
    ASSERT_TRUE(create_topic().ok());
    auto request = request_of({"first", std::string("\xff\x00z", 3)}, "dev-1");
    auto& attributes = *request.mutable_messages(0)->mutable_attributes();
    attributes["recType"] = "io.microshare.leak";
    attributes["id"] = "quote \" and \xe2\x98\x83";
    ASSERT_TRUE(publish(request).ok());
    ASSERT_THAT(response_.message_ids(), SizeIs(2));
    auto items = received_.read(1, 10);
    ASSERT_THAT(items, SizeIs(2));
    EXPECT_EQ(items[0].service, "pubsub");
    EXPECT_EQ(*items[0].target, "events");
    EXPECT_EQ(items[0].key, "dev-1");
    EXPECT_EQ(items[0].id, response_.message_ids(0));
    EXPECT_EQ(items[0].sequence, "1");
    EXPECT_EQ(items[0].attributes, "{\"id\":\"quote \\\" and \xe2\x98\x83\",\"recType\":\"io.microshare.leak\"}");
    EXPECT_EQ(items[0].body.view(), "first");
    EXPECT_EQ(items[1].sequence, "2");
    EXPECT_EQ(items[1].attributes, "");
    EXPECT_EQ(items[1].body.view(), std::string_view("\xff\x00z", 3));
    ASSERT_TRUE(publish({"third"}).ok());
    EXPECT_NE(response_.message_ids(0), items[1].id);
    EXPECT_THAT(bodies(), ElementsAre("first", std::string("\xff\x00z", 3), "third"));
}

TEST_F(PublisherApi, ATopicIsThereOnlyWhenCreated) {
    auto status = publish({"x"});
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(status.error_message(), "Resource not found (resource=events).");
    ASSERT_TRUE(create_topic().ok());
    EXPECT_TRUE(publish({"x"}).ok());
    status = create_topic();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
    EXPECT_EQ(status.error_message(), "Resource already exists in the project (resource=events).");
    EXPECT_EQ(create_topic("projects/sluice-sandbox/topics/ab").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(create_topic("events").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    v1::DeleteTopicRequest request;
    request.set_topic(kTopic);
    google::protobuf::Empty empty;
    EXPECT_TRUE(publisher()->DeleteTopic(context().get(), request, &empty).ok());
    EXPECT_EQ(publish({"x"}).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(PublisherApi, TellsATopicsSettings) {
    v1::Topic topic, answer;
    topic.set_name(kTopic);
    topic.mutable_message_retention_duration()->set_seconds(7 * 86400);
    (*topic.mutable_labels())["made-by"] = "sluice";
    ASSERT_TRUE(publisher()->CreateTopic(context().get(), topic, &answer).ok());
    v1::GetTopicRequest request;
    request.set_topic(kTopic);
    ASSERT_TRUE(publisher()->GetTopic(context().get(), request, &answer).ok());
    EXPECT_EQ(answer.SerializeAsString(), topic.SerializeAsString());
    topic.set_name("projects/sluice-sandbox/topics/short");
    topic.mutable_message_retention_duration()->set_seconds(599);
    EXPECT_EQ(publisher()->CreateTopic(context().get(), topic, &answer).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(PublisherApi, ListsAProjectsTopicsByPages) {
    for (const char* id : {"cc1", "aa1", "bb1"})
        ASSERT_TRUE(create_topic(std::string("projects/sluice-sandbox/topics/") + id).ok());
    ASSERT_TRUE(create_topic("projects/other/topics/dd1").ok());
    v1::ListTopicsRequest request;
    request.set_project("projects/sluice-sandbox");
    request.set_page_size(2);
    v1::ListTopicsResponse page;
    ASSERT_TRUE(publisher()->ListTopics(context().get(), request, &page).ok());
    ASSERT_THAT(page.topics(), SizeIs(2));
    EXPECT_EQ(page.topics(0).name(), "projects/sluice-sandbox/topics/aa1");
    request.set_page_token(page.next_page_token());
    v1::ListTopicsResponse rest;
    ASSERT_TRUE(publisher()->ListTopics(context().get(), request, &rest).ok());
    ASSERT_THAT(rest.topics(), SizeIs(1));
    EXPECT_EQ(rest.topics(0).name(), "projects/sluice-sandbox/topics/cc1");
    EXPECT_EQ(rest.next_page_token(), "");
    request.set_page_token("nonsense");
    EXPECT_EQ(publisher()->ListTopics(context().get(), request, &rest).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(PublisherApi, RefusesARequestAsAWholeAndKeepsNothingOfIt) {
    ASSERT_TRUE(create_topic().ok());
    EXPECT_EQ(publish(std::vector<std::string>(1001, "x")).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(publish({"good", ""}).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    auto mixed = request_of({"a", "b"}, "one");
    mixed.mutable_messages(1)->set_ordering_key("two");
    EXPECT_EQ(publish(mixed).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(publish({std::string(10'000'000, 'x')}).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(bodies(), IsEmpty());
    EXPECT_TRUE(publish(std::vector<std::string>(1000, "x")).ok());
    auto largest = request_of({""});
    largest.mutable_messages(0)->set_data(std::string(10'000'000 - largest.ByteSizeLong() - 8, 'x'));
    while (largest.ByteSizeLong() < 10'000'000) largest.mutable_messages(0)->mutable_data()->push_back('x');
    ASSERT_EQ(largest.ByteSizeLong(), 10'000'000u);
    EXPECT_TRUE(publish(largest).ok());
}

TEST_F(PublisherApi, TakesCompressedRequests) {
    ASSERT_TRUE(create_topic().ok());
    auto compressed = context();
    compressed->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    auto request = request_of({std::string(100'000, 'x')});
    EXPECT_TRUE(publisher()->Publish(compressed.get(), request, &response_).ok());
    EXPECT_EQ(received_.total().bytes, 100'000u);
}

TEST_F(PublisherApi, NumbersEveryTopicByItself) {
    const std::string other = "projects/elsewhere/topics/events";
    ASSERT_TRUE(create_topic().ok());
    ASSERT_TRUE(create_topic(other).ok());
    ASSERT_TRUE(publish({"a", "b"}).ok());
    auto request = request_of({"c"});
    request.set_topic(other);
    ASSERT_TRUE(publish(request).ok());
    auto items = received_.read(1, 10);
    EXPECT_EQ(*items[2].target, "elsewhere:events");
    EXPECT_EQ(items[2].sequence, "1");
}

TEST_F(PublisherApi, KeepsEachPublishersOrderFromManyAtOnce) {
    ASSERT_TRUE(create_topic().ok());
    std::vector<std::thread> publishers;
    for (int p = 0; p < 4; p++) {
        publishers.emplace_back([this, p] {
            auto stub = v1::Publisher::NewStub(channel_);
            for (int n = 0; n < 50; n++) {
                auto key = "key-" + std::to_string(p);
                auto request = request_of({std::to_string(2 * n), std::to_string(2 * n + 1)}, key);
                v1::PublishResponse answer;
                EXPECT_TRUE(stub->Publish(context().get(), request, &answer).ok());
            }
        });
    }
    for (auto& thread : publishers) thread.join();
    std::map<std::string, int> next;
    std::uint64_t sequence = 0;
    for (const auto& item : received_.read(1, 1000)) {
        EXPECT_EQ(item.body.view(), std::to_string(next[item.key]++));
        EXPECT_EQ(item.sequence, std::to_string(++sequence)) << "a topic's numbers rise in the order of acceptance";
    }
    EXPECT_EQ(sequence, 400u);
}

TEST_F(PublisherApi, TellsWhichRightsACallerHas) {
    ASSERT_TRUE(create_topic().ok());
    auto iam = google::iam::v1::IAMPolicy::NewStub(channel());
    auto ask = [&](const std::string& resource) {
        google::iam::v1::TestIamPermissionsRequest request;
        request.set_resource(resource);
        request.add_permissions("pubsub.topics.publish");
        request.add_permissions("pubsub.topics.get");
        google::iam::v1::TestIamPermissionsResponse answer;
        EXPECT_TRUE(iam->TestIamPermissions(context().get(), request, &answer).ok());
        return std::vector<std::string>(answer.permissions().begin(), answer.permissions().end());
    };
    EXPECT_THAT(ask(kTopic), SizeIs(2));
    EXPECT_THAT(ask("projects/sluice-sandbox"), SizeIs(2));
    EXPECT_THAT(ask("projects/sluice-sandbox/topics/missing"), IsEmpty());
    sign_in(GoogleRole::publisher);
    EXPECT_THAT(ask(kTopic), ElementsAre("pubsub.topics.publish"));
}

class PublisherApiThatMakesTopics : public PubsubFixture {
  protected:
    static PubsubOptions options() {
        PubsubOptions options;
        options.topics.create_on_use = true;
        return options;
    }
    PublisherApiThatMakesTopics() : PubsubFixture(options()) {}
};

TEST_F(PublisherApiThatMakesTopics, MakesThemUntilTheyAreDeleted) {
    EXPECT_TRUE(publish({"x"}).ok());
    ASSERT_TRUE(pubsub_.delete_target("pubsub", "events"));
    EXPECT_EQ(publish({"x"}).error_code(), grpc::StatusCode::NOT_FOUND);
    ASSERT_TRUE(pubsub_.create_target("pubsub", "events", "{}"));
    EXPECT_TRUE(publish({"x"}).ok());
}

}  // namespace
}  // namespace sluice::sandbox
