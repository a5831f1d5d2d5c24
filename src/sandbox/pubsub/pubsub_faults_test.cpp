#include "sandbox/pubsub/pubsub_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using grpc::StatusCode;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class PubsubFaults : public PubsubFixture {
  protected:
    void SetUp() override {
        PubsubFixture::SetUp();
        ASSERT_TRUE(create_topic().ok());
    }
    void rules(std::string_view json) {
        auto set = faults_.set_json(json);
        ASSERT_TRUE(set) << set.error().message;
    }
    /// The status of a Publish under a rule that strikes once; the next one must go well again.
    grpc::Status under(std::string_view rule) {
        rules(rule);
        auto status = publish({"struck"});
        faults_.clear();
        channel_.reset();  // its connection may be cut off, which it notices only after a while
        EXPECT_TRUE(publish({"well"}).ok());
        return status;
    }
    /// Of a call that is not answered.
    StatusCode given_up_on() {
        auto impatient = context();
        impatient->set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
        return publisher()->Publish(impatient.get(), request_of({"struck"}), &response_).error_code();
    }
};

TEST_F(PubsubFaults, AreToldAsTheServiceWouldTellThem) {
    auto status = under(R"([{"action":"throttle_request"}])");
    EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(status.error_message(), HasSubstr("Quota exceeded for quota metric"));
    EXPECT_EQ(under(R"([{"action":"http_500"}])").error_code(), StatusCode::INTERNAL);
    EXPECT_EQ(under(R"([{"action":"http_500","status":503}])").error_code(), StatusCode::UNAVAILABLE);
    EXPECT_EQ(under(R"([{"action":"http_500","status":504}])").error_code(), StatusCode::DEADLINE_EXCEEDED);
    EXPECT_EQ(under(R"([{"action":"http_500","code":"ABORTED"}])").error_code(), StatusCode::ABORTED);
    EXPECT_EQ(under(R"([{"action":"throttle_request","code":"OfAnotherService"}])").error_code(),
              StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(under(R"([{"action":"fail_record","code":"OfAnotherService"}])").error_code(), StatusCode::INTERNAL);
    EXPECT_EQ(under(R"([{"action":"expired_token"}])").error_code(), StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(under(R"([{"action":"access_denied"}])").error_code(), StatusCode::PERMISSION_DENIED);
    status = under(R"([{"action":"missing_target","message":"gone"}])");
    EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
    EXPECT_EQ(status.error_message(), "gone");
    for (const auto& body : bodies()) EXPECT_EQ(body, "well");
}

TEST_F(PubsubFaults, OfOneMessageFailTheWholeRequest) {
    rules(R"([{"action":"throttle","record":1,"nth":1}])");
    EXPECT_EQ(publish({"a", "b", "c"}).error_code(), StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(bodies(), IsEmpty());
    EXPECT_TRUE(publish({"a", "b", "c"}).ok());
    rules(R"([{"action":"fail_record","key":"^bad$"}])");
    EXPECT_EQ(publish({"d"}, "bad").error_code(), StatusCode::INTERNAL);
    EXPECT_TRUE(publish({"e"}, "good").ok());
    EXPECT_THAT(bodies(), ElementsAre("a", "b", "c", "e"));
}

TEST_F(PubsubFaults, APoisonedMessageIsFoundByHalving) {
    rules(R"([{"action":"fail_record","body":"poison","code":"INVALID_ARGUMENT"}])");
    EXPECT_EQ(publish({"a", "b", "c poison", "d"}).error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_TRUE(publish({"a", "b"}).ok());
    EXPECT_EQ(publish({"c poison", "d"}).error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(publish({"c poison"}).error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_TRUE(publish({"d"}).ok());
    EXPECT_THAT(bodies(), ElementsAre("a", "b", "d"));
}

TEST_F(PubsubFaults, LookAtOperationAndTopic) {
    rules(R"([{"operation":"CreateTopic","action":"access_denied"},{"operation":"GetTopic","action":"http_500"},
              {"operation":"TestIamPermissions","action":"http_500","status":503},
              {"target":"other","action":"throttle_request"}])");
    EXPECT_TRUE(publish({"x"}).ok());
    EXPECT_EQ(create_topic("projects/sluice-sandbox/topics/more").error_code(), StatusCode::PERMISSION_DENIED);
    v1::GetTopicRequest get;
    get.set_topic(kTopic);
    v1::Topic topic;
    EXPECT_EQ(publisher()->GetTopic(context().get(), get, &topic).error_code(), StatusCode::INTERNAL);
    google::iam::v1::TestIamPermissionsRequest ask;
    ask.set_resource(kTopic);
    google::iam::v1::TestIamPermissionsResponse answer;
    EXPECT_EQ(
        google::iam::v1::IAMPolicy::NewStub(channel())->TestIamPermissions(context().get(), ask, &answer).error_code(),
        StatusCode::UNAVAILABLE);
}

TEST_F(PubsubFaults, ADelayedRequestIsWorkedOnAfterwards) {
    EXPECT_TRUE(under(R"([{"action":"delay","delay":"20ms"}])").ok());
    EXPECT_THAT(bodies(), ElementsAre("struck", "well"));
    rules(R"([{"action":"delay","delay":"10m"}])");
    EXPECT_EQ(given_up_on(), StatusCode::DEADLINE_EXCEEDED);
    EXPECT_THAT(bodies(), SizeIs(2));
}

TEST_F(PubsubFaults, ARequestHangsBeforeOrAfterItIsAccepted) {
    rules(R"([{"action":"hang"}])");
    EXPECT_EQ(given_up_on(), StatusCode::DEADLINE_EXCEEDED);
    EXPECT_THAT(bodies(), IsEmpty());
    rules(R"([{"action":"hang_after"}])");
    EXPECT_EQ(given_up_on(), StatusCode::DEADLINE_EXCEEDED);
    EXPECT_THAT(bodies(), ElementsAre("struck"));
}

TEST_F(PubsubFaults, AConnectionIsCutOffBeforeOrAfterARequestIsAccepted) {
    auto status = under(R"([{"action":"reset_before"}])");
    EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE) << status.error_message();
    EXPECT_THAT(status.error_message(), testing::Not(HasSubstr("was cut off"))) << "no answer but the network's";
    EXPECT_THAT(bodies(), ElementsAre("well"));
    status = under(R"([{"action":"reset_after"}])");
    EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE) << status.error_message();
    EXPECT_THAT(bodies(), ElementsAre("well", "struck", "well"));
}

TEST_F(PubsubFaults, AWrongClockOutlivesAToken) {
    sign_in(GoogleRole::admin);
    EXPECT_TRUE(publish({"x"}).ok());
    EXPECT_EQ(under(R"([{"action":"skew","skew":3700}])").error_code(), StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(under(R"([{"action":"skew","skew":-600}])").error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(PubsubFaults, StoppingCutsOffWhatHangs) {
    rules(R"([{"action":"hang"}])");
    grpc::CompletionQueue queue;
    auto request = request_of({"x"});
    auto waiting = context();
    auto stub = publisher();
    auto reader = stub->AsyncPublish(waiting.get(), request, &queue);
    grpc::Status status;
    reader->Finish(&response_, &status, this);
    while (faults_.rules()[0].struck == 0) std::this_thread::yield();
    pubsub_.stop();
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    EXPECT_THAT(status.error_code(), AnyOf(StatusCode::UNAVAILABLE, StatusCode::CANCELLED)) << status.error_message();
    queue.Shutdown();
    while (queue.Next(&tag, &ok)) {
    }
}

}  // namespace
}  // namespace sluice::sandbox
