#include "sandbox/pubsub/pubsub_service.hpp"

#include <boost/asio/io_context.hpp>

#include "net/run_for_test.hpp"
#include "sandbox/pubsub/pubsub_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class PubsubInPlainText : public PubsubFixture {
  protected:
    Outcome send(std::string method, std::string path, std::string body = {}) {
        http::Request request;
        request.method = std::move(method);
        request.path = std::move(path);
        request.body = std::move(body);
        EXPECT_TRUE(pubsub_.claims(request));
        boost::asio::io_context io;
        return run_for_test(io, pubsub_.handle(std::move(request)));
    }
};

TEST_F(PubsubInPlainText, NeedsNoTokenButChecksOne) {
    EXPECT_TRUE(create_topic().ok());
    token_ = "ya29.never-given-out";
    EXPECT_EQ(publish({"x"}).error_code(), StatusCode::UNAUTHENTICATED);
    sign_in(GoogleRole::publisher);
    EXPECT_TRUE(publish({"x"}).ok());
    auto status = create_topic("projects/sluice-sandbox/topics/more");
    EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(status.error_message(), "User not authorized to perform this action.");
}

TEST_F(PubsubInPlainText, IsThereAgainOnTheSamePortWithItsTopics) {
    ASSERT_TRUE(create_topic().ok());
    auto url = pubsub_.url();
    ASSERT_THAT(pubsub_.listeners(), SizeIs(1));
    EXPECT_EQ(pubsub_.listeners()[0].name, "pubsub_grpc");
    EXPECT_EQ(pubsub_.listeners()[0].url, url);
    pubsub_.stop();
    EXPECT_THAT(pubsub_.listeners(), SizeIs(0));
    auto impatient = context();
    impatient->set_wait_for_ready(false);
    EXPECT_EQ(publisher()->Publish(impatient.get(), request_of({"x"}), &response_).error_code(),
              StatusCode::UNAVAILABLE);
    start();
    EXPECT_EQ(pubsub_.url(), url);
    EXPECT_TRUE(publish({"x"}).ok());
}

TEST_F(PubsubInPlainText, TakesTheThirdPortAfterAChosenOneAndSaysWhenItIsTaken) {
    auto taken = static_cast<std::uint16_t>(std::stoi(pubsub_.url().substr(pubsub_.url().rfind(':') + 1)));
    PubsubService other({}, received_, faults_, SystemClock::instance());
    ListenOptions listen;
    listen.base_port = static_cast<std::uint16_t>(taken - 3);
    auto started = other.start(listen);
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr(std::to_string(taken) + ": Address already in use"));
    pubsub_.stop();
    ASSERT_TRUE(other.start(listen));
    EXPECT_EQ(other.url(), fmt::format("http://127.0.0.1:{}", taken));
}

TEST_F(PubsubInPlainText, ExchangesTokensOverHttp) {
    boost::asio::io_context io;
    auto credentials = pubsub_.credentials();
    ASSERT_THAT(credentials, SizeIs(3));
    EXPECT_EQ(credentials[0].name, "google_admin.json");
    JwtSigner signer(credentials[0].text);
    auto jwt = signer.sign(SystemClock::instance().now(),
                           R"("scope":"https://www.googleapis.com/auth/pubsub","aud":"http://127.0.0.1:1/token")");
    auto form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + jwt;
    auto answer = send("POST", "/token", form);
    ASSERT_EQ(answer.response.status, 200) << answer.response.body;
    token_ = std::string(boost::json::parse(answer.response.body).at("access_token").as_string());
    EXPECT_TRUE(create_topic().ok());

    ASSERT_TRUE(faults_.set_json(R"([{"operation":"Token","action":"http_500","status":503,"count":1},
                                     {"operation":"Token","action":"expired_token","nth":2},
                                     {"operation":"Metadata","action":"reset_before"}])"));
    EXPECT_EQ(send("POST", "/token", form).response.status, 503);
    EXPECT_EQ(send("POST", "/token", form).response.status, 400);
    EXPECT_EQ(send("POST", "/token", form).response.status, 200);
    EXPECT_EQ(send("GET", "/computeMetadata/v1/project/project-id").ending, Outcome::Ending::reset);
}

TEST_F(PubsubInPlainText, ShowsItsTopicsToTheControlApi) {
    ASSERT_TRUE(pubsub_.create_target("pubsub", "events", R"({"retention_seconds":604800})"));
    ASSERT_TRUE(pubsub_.create_target("pubsub", "elsewhere:events", ""));
    ASSERT_TRUE(create_subscription(false).ok());
    auto targets = pubsub_.targets();
    ASSERT_THAT(targets, SizeIs(2));
    EXPECT_EQ(targets[0].name, "elsewhere:events");
    EXPECT_EQ(targets[1].name, "events");
    EXPECT_EQ(targets[1].details_json, R"({"topic":"projects/sluice-sandbox/topics/events","subscriptions":1})");
    EXPECT_EQ(pubsub_.topics().get(kTopic)->retention, std::chrono::seconds(604800));
    EXPECT_EQ(pubsub_.create_target("pubsub", "events", "{}").error().code, Errc::conflict);
    EXPECT_EQ(pubsub_.create_target("pubsub", "x", "{}").error().code, Errc::invalid_argument);
    EXPECT_EQ(pubsub_.create_target("pubsub", "more", R"({"shards":3})").error().code, Errc::invalid_argument);
    EXPECT_EQ(pubsub_.delete_target("pubsub", "more").error().code, Errc::not_found);
}

class PubsubOverTls : public PubsubFixture {
  protected:
    PubsubOverTls() : PubsubFixture({}, true) {}
};

TEST_F(PubsubOverTls, LetsNobodyInWithoutACredential) {
    EXPECT_THAT(pubsub_.url(), testing::StartsWith("https://127.0.0.1:"));
    auto status = create_topic();
    EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
    EXPECT_THAT(status.error_message(), HasSubstr("is missing required authentication credential"));
    sign_in(GoogleRole::admin);
    EXPECT_TRUE(create_topic().ok());
    EXPECT_TRUE(publish({"x"}).ok());
    auto channel = grpc::CreateChannel(pubsub_.url().substr(8), grpc::InsecureChannelCredentials());
    auto impatient = context();
    impatient->set_wait_for_ready(false);
    v1::PublishResponse answer;
    EXPECT_EQ(v1::Publisher::NewStub(channel)->Publish(impatient.get(), request_of({"x"}), &answer).error_code(),
              StatusCode::UNAVAILABLE)
        << "plain text to a TLS port";
}

TEST_F(PubsubOverTls, TakesTheTokenThatGrpcsOwnCredentialsMake) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = certificate_.certificate_pem;
    auto credentials = grpc::CompositeChannelCredentials(
        grpc::SslCredentials(tls),
        grpc::ServiceAccountJWTAccessCredentials(pubsub_.service_account_json(GoogleRole::admin)));
    channel_ = grpc::CreateChannel(pubsub_.url().substr(8), credentials);
    auto context = this->context();
    v1::Topic topic, answer;
    topic.set_name(kTopic);
    auto status = publisher()->CreateTopic(context.get(), topic, &answer);
    auto reason = context->GetServerTrailingMetadata().find("x-sandbox-reason");
    EXPECT_TRUE(status.ok()) << (reason == context->GetServerTrailingMetadata().end()
                                     ? status.error_message()
                                     : std::string(reason->second.data(), reason->second.size()));
}

TEST_F(PubsubOverTls, SaysWhyInTheTrailersWhereTheServiceIsSilent) {
    token_ =
        JwtSigner(pubsub_.service_account_json(GoogleRole::admin))
            .sign(SystemClock::instance().now() - std::chrono::hours(2), R"("aud":"https://pubsub.googleapis.com/")");
    auto context = this->context();
    auto status = publisher()->Publish(context.get(), request_of({"x"}), &response_);
    EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
    auto trailers = context->GetServerTrailingMetadata();
    auto reason = trailers.find("x-sandbox-reason");
    ASSERT_NE(reason, trailers.end());
    EXPECT_EQ(std::string(reason->second.data(), reason->second.size()), "the JWT has expired");
}

TEST_F(PubsubOverTls, AConnectionIsCutOff) {
    sign_in(GoogleRole::admin);
    ASSERT_TRUE(create_topic().ok());
    ASSERT_TRUE(faults_.set_json(R"([{"operation":"Publish","action":"reset_after","count":1}])"));
    EXPECT_EQ(publish({"x"}).error_code(), StatusCode::UNAVAILABLE);
    channel_.reset();  // this one may not have noticed yet
    EXPECT_TRUE(publish({"y"}).ok());
    EXPECT_THAT(bodies(), ElementsAre("x", "y"));
}

}  // namespace
}  // namespace sluice::sandbox
