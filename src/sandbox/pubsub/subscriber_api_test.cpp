#include "sandbox/pubsub/pubsub_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SubscriberApi : public PubsubFixture {
  protected:
    void SetUp() override {
        PubsubFixture::SetUp();
        ASSERT_TRUE(create_topic().ok());
    }
};

TEST_F(SubscriberApi, ReadsBackWhatWasPublishedAfterTheSubscriptionWasMade) {
    ASSERT_TRUE(publish({"before"}).ok());
    ASSERT_TRUE(create_subscription(false).ok());
    auto request = request_of({"after", std::string("\xff\x00", 2)}, "dev-1");
    (*request.mutable_messages(0)->mutable_attributes())["k\"\n"] = "v\xe2\x98\x83";
    ASSERT_TRUE(publish(request).ok());
    auto messages = pull();
    ASSERT_THAT(messages, SizeIs(2));
    const auto& first = messages[0].message();
    EXPECT_EQ(first.data(), "after");
    EXPECT_EQ(first.ordering_key(), "dev-1");
    EXPECT_EQ(first.message_id(), response_.message_ids(0));
    EXPECT_EQ(first.attributes().at("k\"\n"), "v\xe2\x98\x83");
    EXPECT_EQ(first.publish_time().seconds(), received_.read(2, 1)[0].time_us / 1'000'000);
    EXPECT_EQ(messages[1].message().data(), std::string("\xff\x00", 2));
    EXPECT_THAT(pull(), IsEmpty()) << "they were acknowledged";
}

TEST_F(SubscriberApi, HoldsAKeyUntilItsMessagesAreAcknowledged) {
    ASSERT_TRUE(create_subscription(true).ok());
    ASSERT_TRUE(publish({"a1", "a2", "a3"}, "a").ok());
    ASSERT_TRUE(publish({"b1"}, "b").ok());
    auto first = pull(1, false);
    EXPECT_THAT(data_of(first), ElementsAre("a1"));
    EXPECT_THAT(data_of(pull()), ElementsAre("b1"));
    v1::ModifyAckDeadlineRequest refuse;
    refuse.set_subscription(kSubscription);
    refuse.add_ack_ids(first[0].ack_id());
    google::protobuf::Empty empty;
    ASSERT_TRUE(subscriber()->ModifyAckDeadline(context().get(), refuse, &empty).ok());
    EXPECT_THAT(data_of(pull()), ElementsAre("a1", "a2", "a3"));
}

TEST_F(SubscriberApi, KnowsItsSubscriptions) {
    EXPECT_EQ(create_subscription(true, "projects/sluice-sandbox/subscriptions/x").error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
    ASSERT_TRUE(create_subscription(true).ok());
    EXPECT_EQ(create_subscription(true).error_code(), grpc::StatusCode::ALREADY_EXISTS);
    v1::GetSubscriptionRequest get;
    get.set_subscription(kSubscription);
    v1::Subscription subscription;
    ASSERT_TRUE(subscriber()->GetSubscription(context().get(), get, &subscription).ok());
    EXPECT_EQ(subscription.topic(), kTopic);
    EXPECT_EQ(subscription.ack_deadline_seconds(), 10);
    EXPECT_TRUE(subscription.enable_message_ordering());

    v1::ListTopicSubscriptionsRequest of_topic;
    of_topic.set_topic(kTopic);
    v1::ListTopicSubscriptionsResponse names;
    ASSERT_TRUE(publisher()->ListTopicSubscriptions(context().get(), of_topic, &names).ok());
    EXPECT_THAT(names.subscriptions(), ElementsAre(kSubscription));

    google::protobuf::Empty empty;
    v1::DeleteTopicRequest drop_topic;
    drop_topic.set_topic(kTopic);
    ASSERT_TRUE(publisher()->DeleteTopic(context().get(), drop_topic, &empty).ok());
    ASSERT_TRUE(subscriber()->GetSubscription(context().get(), get, &subscription).ok());
    EXPECT_EQ(subscription.topic(), "_deleted-topic_");

    v1::DeleteSubscriptionRequest drop;
    drop.set_subscription(kSubscription);
    ASSERT_TRUE(subscriber()->DeleteSubscription(context().get(), drop, &empty).ok());
    EXPECT_EQ(subscriber()->GetSubscription(context().get(), get, &subscription).error_code(),
              grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(create_subscription(true).error_code(), grpc::StatusCode::NOT_FOUND) << "its topic is gone";
}

TEST_F(SubscriberApi, RefusesWhatItDoesNotHave) {
    v1::Subscription wanted, answer;
    wanted.set_name(kSubscription);
    wanted.set_topic(kTopic);
    wanted.mutable_push_config()->set_push_endpoint("https://example.com/push");
    EXPECT_EQ(subscriber()->CreateSubscription(context().get(), wanted, &answer).error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
    wanted.clear_push_config();
    wanted.set_filter("attributes:recType");
    EXPECT_EQ(subscriber()->CreateSubscription(context().get(), wanted, &answer).error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
    wanted.clear_filter();
    wanted.set_ack_deadline_seconds(601);
    EXPECT_EQ(subscriber()->CreateSubscription(context().get(), wanted, &answer).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(SubscriberApi, ForgetsWhatTheLogForgot) {
    ASSERT_TRUE(create_subscription(true).ok());
    ASSERT_TRUE(publish({"a1"}, "a").ok());
    received_.clear();
    ASSERT_TRUE(publish({"a2"}, "a").ok());
    EXPECT_THAT(data_of(pull()), ElementsAre("a2"));
}

class StreamingPullTest : public SubscriberApi {
  protected:
    using Stream = grpc::ClientReaderWriter<v1::StreamingPullRequest, v1::StreamingPullResponse>;

    std::unique_ptr<Stream> open(grpc::ClientContext& context, std::int64_t max_outstanding = 0) {
        auto stream = subscriber_->StreamingPull(&context);
        v1::StreamingPullRequest request;
        request.set_subscription(kSubscription);
        request.set_stream_ack_deadline_seconds(60);
        request.set_max_outstanding_messages(max_outstanding);
        EXPECT_TRUE(stream->Write(request));
        return stream;
    }
    void read(Stream& stream, std::size_t messages) {
        v1::StreamingPullResponse response;
        while (read_.size() < messages && stream.Read(&response))
            read_.insert(read_.end(), response.received_messages().begin(), response.received_messages().end());
    }
    void SetUp() override {
        SubscriberApi::SetUp();
        subscriber_ = subscriber();
    }

    std::unique_ptr<v1::Subscriber::Stub> subscriber_;
    std::vector<v1::ReceivedMessage> read_;
};

TEST_F(StreamingPullTest, SendsWhatComesInOrderAndTakesAcknowledgements) {
    ASSERT_TRUE(create_subscription(true).ok());
    ASSERT_TRUE(publish({"a1", "a2"}, "a").ok());
    auto context = this->context();
    auto stream = open(*context);
    read(*stream, 2);
    ASSERT_TRUE(publish({"a3"}, "a").ok());
    read(*stream, 3);
    EXPECT_THAT(data_of(read_), ElementsAre("a1", "a2", "a3"));
    EXPECT_THAT(pull(), IsEmpty()) << "the stream has them";
    v1::StreamingPullRequest done;
    for (const auto& message : read_) done.add_ack_ids(message.ack_id());
    ASSERT_TRUE(stream->Write(done));
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    ASSERT_TRUE(publish({"a4"}, "a").ok());
    EXPECT_THAT(data_of(pull()), ElementsAre("a4")) << "the key is free again";
}

TEST_F(StreamingPullTest, HoldsToTheClientsBound) {
    ASSERT_TRUE(create_subscription(false).ok());
    ASSERT_TRUE(publish({"1", "2", "3"}).ok());
    auto context = this->context();
    auto stream = open(*context, 2);
    read(*stream, 2);
    EXPECT_THAT(data_of(read_), ElementsAre("1", "2"));
    v1::StreamingPullRequest done;
    done.add_ack_ids(read_[0].ack_id());
    ASSERT_TRUE(stream->Write(done));
    read(*stream, 3);
    EXPECT_EQ(read_[2].message().data(), "3");
    context->TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(StreamingPullTest, GivesBackWhatIsRefused) {
    ASSERT_TRUE(create_subscription(true).ok());
    ASSERT_TRUE(publish({"a1", "a2"}, "a").ok());
    auto context = this->context();
    auto stream = open(*context);
    read(*stream, 2);
    v1::StreamingPullRequest refuse;
    refuse.add_modify_deadline_ack_ids(read_[0].ack_id());
    refuse.add_modify_deadline_seconds(0);
    ASSERT_TRUE(stream->Write(refuse));
    read(*stream, 4);
    EXPECT_THAT(data_of(read_), ElementsAre("a1", "a2", "a1", "a2"));
    context->TryCancel();
    stream->Finish();
}

TEST_F(StreamingPullTest, TellsWhyItDoesNotOpen) {
    auto missing = context();
    auto stream = open(*missing);
    read(*stream, 1);
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
    ASSERT_TRUE(create_subscription(false).ok());
    sign_in(GoogleRole::publisher);
    auto context = this->context();
    stream = open(*context);
    read(*stream, 1);
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(StreamingPullTest, EndsWhenItsSubscriptionIsDeleted) {
    ASSERT_TRUE(create_subscription(false).ok());
    ASSERT_TRUE(publish({"1"}).ok());
    auto context = this->context();
    auto stream = open(*context);
    read(*stream, 1);
    ASSERT_TRUE(pubsub_.topics().remove_subscription(kSubscription));
    read(*stream, 2);
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace sluice::sandbox
