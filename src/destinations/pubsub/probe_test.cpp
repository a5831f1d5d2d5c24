#include "destinations/pubsub/probe.hpp"

#include "destinations/pubsub/fixture_for_test.hpp"

namespace sluice::pubsub {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kPath = "projects/demo-project/topics/rooms";

class PubSubProbe : public PubSubFixture {
  protected:
    PubSubProbe() { settings_["topic"] = "rooms"; }

    void probe() { report_ = run(destination().probe(Deadline::after(std::chrono::seconds(20)))); }
    /// `credentials:ok target:warning …`, after the connection.
    std::string outline() {
        probe();
        std::string text;
        for (const auto& step : report_.steps) {
            if (step.name == "name resolution" || step.name == "connection" || step.name == "TLS") continue;
            text += (text.empty() ? "" : " ") + step.name + ":" + std::string(to_string(step.outcome));
        }
        return text;
    }
    const ProbeStep& step(std::string_view name) {
        for (const auto& step : report_.steps) {
            if (step.name == name) return step;
        }
        throw std::runtime_error("no such step");
    }
    void when(std::string method, FakeService::Reaction reaction) {
        reactions_[std::move(method)] = std::move(reaction);
        service_.react([reactions = reactions_](const FakeService::Request& request) {
            auto found = reactions.find(request.method);
            return found == reactions.end() ? FakeService::Reaction() : found->second;
        });
    }
    /// TestIamPermissions answers that nothing is granted.
    void when_nothing_is_granted() {
        FakeService::Reaction nothing;
        nothing.is_nonsense = true;
        when("TestIamPermissions", nothing);
    }

    ProbeReport report_;
    std::map<std::string, FakeService::Reaction> reactions_;
};

TEST_F(PubSubProbe, EverythingInOrder) {
    service_.subscribe(kPath, "projects/demo-project/subscriptions/dashboard");
    EXPECT_EQ(outline(), "credentials:ok target:ok right to write:ok subscriptions:ok");
    EXPECT_TRUE(report_.ok());
    EXPECT_THAT(step("credentials").detail, HasSubstr("robot@demo-project.iam.gserviceaccount.com"));
    EXPECT_THAT(step("target").detail, HasSubstr("7 days"));
    EXPECT_THAT(step("subscriptions").detail, HasSubstr("dashboard"));
    EXPECT_TRUE(service_.stored().empty());
    EXPECT_TRUE(service_.requests("CreateTopic").empty());
}

TEST_F(PubSubProbe, WarnsThatNobodyReceivesWhatIsPublished) {
    EXPECT_EQ(outline(), "credentials:ok target:ok right to write:ok subscriptions:warning");
    EXPECT_TRUE(report_.ok());
    EXPECT_THAT(step("subscriptions").detail, HasSubstr("no subscription"));
    EXPECT_THAT(step("subscriptions").hint, HasSubstr("Create subscription"));
}

TEST_F(PubSubProbe, ThePublisherRoleIsEnoughAndWhatItMayNotSeeIsSaid) {
    when("GetTopic", refuse(Status::permission_denied, "User not authorized to perform this action."));
    when("ListTopicSubscriptions", refuse(Status::permission_denied, "User not authorized to perform this action."));
    EXPECT_EQ(outline(), "credentials:ok target:ok right to write:ok subscriptions:warning");
    EXPECT_THAT(step("subscriptions").hint, HasSubstr("roles/pubsub.viewer"));
}

TEST_F(PubSubProbe, SaysThatTheRightToWriteIsMissing) {
    when_nothing_is_granted();
    EXPECT_EQ(outline(), "credentials:ok target:ok right to write:failed subscriptions:skipped");
    EXPECT_THAT(step("right to write").detail, HasSubstr("pubsub.topics.publish"));
    EXPECT_THAT(step("right to write").hint, HasSubstr("roles/pubsub.publisher"));
}

TEST_F(PubSubProbe, AuthenticatedIsToldApartFromTheRightToWrite) {
    when("TestIamPermissions", refuse(Status::permission_denied, "no"));
    when("GetTopic", refuse(Status::permission_denied, "no"));
    when("ListTopicSubscriptions", refuse(Status::permission_denied, "no"));
    EXPECT_EQ(outline(), "credentials:ok target:warning right to write:warning subscriptions:warning");
    EXPECT_EQ(step("right to write").detail, "authenticated; right to write not verified");
}

TEST_F(PubSubProbe, AnEmulatorKnowsNoPermissions) {
    settings_.erase("credentials");
    settings_["project"] = "demo-project";
    when("TestIamPermissions", refuse(Status::unimplemented, "unknown service google.iam.v1.IAMPolicy"));
    service_.subscribe(kPath, "projects/demo-project/subscriptions/s");
    EXPECT_EQ(outline(), "credentials:ok target:ok right to write:warning subscriptions:ok");
    EXPECT_THAT(step("credentials").detail, HasSubstr("emulator"));
}

TEST_F(PubSubProbe, AMissingTopicIsMadeWithTheFirstEventOrIsAFailure) {
    when_nothing_is_granted();
    when("GetTopic", refuse(Status::not_found, "Resource not found (resource=rooms)."));
    EXPECT_EQ(outline(), "credentials:ok target:warning right to write:warning subscriptions:warning");
    EXPECT_THAT(step("target").hint, HasSubstr("pubsub.topics.create"));
    destination_.reset();
    settings_["create_topics"] = false;
    EXPECT_EQ(outline(), "credentials:ok target:failed right to write:skipped subscriptions:skipped");
}

TEST_F(PubSubProbe, RefusedCredentialsEndTheTest) {
    when("TestIamPermissions", refuse(Status::unauthenticated, "Request had invalid authentication credentials."));
    EXPECT_EQ(outline(), "credentials:failed target:skipped right to write:skipped subscriptions:skipped");
    EXPECT_THAT(step("credentials").hint, HasSubstr("clock"));
}

TEST_F(PubSubProbe, AnApiThatIsNotEnabledIsSaid) {
    when("TestIamPermissions", refuse(Status::permission_denied,
                                      "Cloud Pub/Sub API has not been used in project 1 before or it is disabled."));
    EXPECT_EQ(outline(), "credentials:ok target:failed right to write:skipped subscriptions:skipped");
    EXPECT_THAT(step("target").hint, HasSubstr("Enable the Cloud Pub/Sub API"));
}

TEST_F(PubSubProbe, OfATopicForEachRecTypeTheProjectIsAskedUntilOneIsKnown) {
    settings_.erase("topic");
    EXPECT_EQ(outline(), "credentials:ok target:ok right to write:warning subscriptions:warning");
    EXPECT_THAT(step("target").detail, HasSubstr("{recType}"));
    EXPECT_THAT(step("right to write").detail, StartsWith("authenticated"));
    when("ListTopics", refuse(Status::permission_denied, "no"));
    EXPECT_EQ(outline(), "credentials:ok target:warning right to write:warning subscriptions:warning");
    when("ListTopics", refuse(Status::not_found, "Requested project not found"));
    EXPECT_EQ(outline(), "credentials:ok target:failed right to write:skipped subscriptions:skipped");
    warm_up();
    EXPECT_EQ(outline(), "credentials:ok target:ok right to write:ok subscriptions:warning");
}

TEST_F(PubSubProbe, AServiceThatDoesNotAnswerIsNoProofOfCredentials) {
    when("TestIamPermissions", refuse(Status::unavailable, "The service is currently unavailable."));
    EXPECT_EQ(outline(), "credentials:failed target:skipped right to write:skipped subscriptions:skipped");
    EXPECT_THAT(step("credentials").detail, HasSubstr("UNAVAILABLE"));
}

}  // namespace
}  // namespace sluice::pubsub
