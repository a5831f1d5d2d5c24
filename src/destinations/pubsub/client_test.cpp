#include "destinations/pubsub/client.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "destinations/pubsub/channel_pool.hpp"
#include "destinations/pubsub/fixture_for_test.hpp"
#include "http/scripted_server.hpp"
#include "net/certificate.hpp"

namespace sluice::pubsub {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

class PubSubConnections : public PubSubFixture {
  protected:
    std::unique_ptr<Destination> make() { return pubsub_kind().make(settings_, context_).value(); }
    void deliver_one(Destination& destination) {
        TestBatch batch;
        batch.add("1").aim(destination);
        expect_accepted(run(destination.deliver(batch.messages(), Deadline::after(std::chrono::seconds(20)))));
    }
    void through(const Relay& relay) { settings_["endpoint"] = fmt::format("http://127.0.0.1:{}", relay.port()); }
};

TEST_F(PubSubConnections, IntegrationsOfOneOrgAndCredentialShareOneConnection) {
    Relay relay(service_.port());
    through(relay);
    context_.org = "com.acme";
    auto one = make();
    auto two = make();
    deliver_one(*one);
    deliver_one(*two);
    EXPECT_EQ(relay.taken(), 1u);
    context_.org = "com.other";
    auto of_another_org = make();
    deliver_one(*of_another_org);
    EXPECT_EQ(relay.taken(), 2u);
    settings_["credentials"] = auth::service_account_for_test(auth::pem_of(KeyPtr(EVP_RSA_gen(2048)).get()));
    auto of_another_key = make();
    deliver_one(*of_another_key);
    EXPECT_EQ(relay.taken(), 3u);
}

TEST_F(PubSubConnections, WhatNobodyUsesIsLetGoAndMadeAgainWhenNeeded) {
    Relay relay(service_.port());
    through(relay);
    auto destination = make();
    auto pool = ChannelPool::instance();
    EXPECT_EQ(pool->channels(), 0u);
    deliver_one(*destination);
    EXPECT_EQ(pool->channels(), 1u);
    pool->sweep(std::chrono::steady_clock::now() - std::chrono::minutes(1));
    EXPECT_EQ(pool->channels(), 1u);
    pool->sweep(std::chrono::steady_clock::now());
    EXPECT_EQ(pool->channels(), 0u);
    deliver_one(*destination);
    EXPECT_EQ(relay.taken(), 2u);
}

TEST_F(PubSubConnections, ACallUnderWayKeepsItsConnection) {
    service_.react([](const auto&) {
        // While it is being answered its channel is in use.
        ChannelPool::instance()->sweep(std::chrono::steady_clock::now());
        return FakeService::Reaction();
    });
    auto destination = make();
    deliver_one(*destination);
    EXPECT_EQ(ChannelPool::instance()->channels(), 1u);
}

TEST_F(PubSubConnections, ATenantsEndpointThatLeadsInsideIsRefusedBeforeAnythingIsSent) {
    Client::Options options;
    options.endpoint = Endpoint{false, "127.0.0.1", service_.port()};
    options.connect.allow_internal_addresses = false;
    options.connect.allow_loopback = false;
    Client client(io_, options);
    auto failure = run(client.prepare(Deadline::after(std::chrono::seconds(20))));
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->code, "address_not_allowed");
    EXPECT_THAT(failure->message, HasSubstr("internal address"));
}

TEST_F(PubSubConnections, ANameThatDoesNotResolveIsToldAsThat) {
    settings_["endpoint"] = "https://pubsub.invalid";
    auto destination = make();
    TestBatch batch;
    batch.add("1").aim(*destination);
    auto verdict = run(destination->deliver(batch.messages(), Deadline::after(std::chrono::seconds(20))))[0];
    EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_FALSE(verdict.ambiguous);
    EXPECT_EQ(to_string(verdict.failure->error_class), "transient");
    EXPECT_EQ(verdict.failure->target, "");
    EXPECT_THAT(verdict.failure->hint, HasSubstr("pubsub.invalid"));
}

/// Sets variables of the environment until the test ends.
class Environment {
  public:
    explicit Environment(std::vector<const char*> names) : names_(std::move(names)) {
        for (const auto* name : names_) ::setenv(name, "http://127.0.0.1:1", 1);
    }
    ~Environment() {
        for (const auto* name : names_) ::unsetenv(name);
    }

  private:
    std::vector<const char*> names_;
};

TEST_F(PubSubConnections, ProxiesOfTheEnvironmentAreNotUsed) {
    Environment environment({"http_proxy", "https_proxy", "grpc_proxy", "all_proxy"});
    auto destination = make();
    deliver_one(*destination);
}

TEST_F(PubSubConnections, TheProxyOfTheSettingsIsAskedForTheEndpoint) {
    Relay proxy(service_.port(), Relay::Kind::http_proxy);
    settings_["proxy"] = fmt::format("http://127.0.0.1:{}", proxy.port());
    auto destination = make();
    deliver_one(*destination);
    EXPECT_THAT(proxy.asked(), ElementsAre(fmt::format("CONNECT 127.0.0.1:{} HTTP/1.1", service_.port())));
}

TEST_F(PubSubConnections, CompressionSavesBytesOnTheWay) {
    Relay relay(service_.port());
    through(relay);
    TestBatch batch;
    batch.add("1", {}, 1'000'000);
    for (auto [compression, least, most] : {std::tuple("none", 1'000'000u, 2'000'000u), {"gzip", 0u, 50'000u}}) {
        settings_["compression"] = compression;
        auto destination = make();
        batch.aim(*destination);
        auto before = relay.bytes_sent();
        expect_accepted(run(destination->deliver(batch.messages(), Deadline::after(std::chrono::seconds(20)))));
        auto sent = relay.bytes_sent() - before;
        EXPECT_GE(sent, least) << compression;
        EXPECT_LE(sent, most) << compression;
    }
    EXPECT_EQ(service_.stored()[1].data, batch.bodies()[0]);
}

/// Calls straight through a client, over a connection that can be lost.
class PubSubLostCalls : public PubSubFixture {
  protected:
    Client::Options options(std::uint16_t port) {
        Client::Options options;
        options.endpoint = Endpoint{false, "127.0.0.1", port};
        return options;
    }
    Call publish() { return {"/google.pubsub.v1.Publisher/Publish", {}, "topic=t"}; }
    /// A call of another client over the same connection: what gRPC had to tell before is heard when this returns.
    void call_beside() {
        service_.react({});
        boost::asio::io_context io{1};
        Client other(io, options(relay_->port()));
        EXPECT_EQ(run_for_test(io, other.prepare(Deadline::after(20s))), nullptr);
        bool ok = false;
        other.start(publish(), nullptr, Deadline::after(20s), [&ok](Answer answer) { ok = answer.ok(); });
        io.restart();
        io.run();
        EXPECT_TRUE(ok);
    }
    void stay_silent() {
        service_.react([](const auto&) {
            FakeService::Reaction reaction;
            reaction.is_silent = true;
            return reaction;
        });
    }
    template <class Condition>
    static void wait_until(Condition condition) {
        while (!condition()) std::this_thread::yield();
    }
    /// Starts a call that the service has when this returns, and never answers.
    std::shared_ptr<RunningCall> started(Client& client) {
        stay_silent();
        auto before = service_.requests("Publish").size();
        auto call = client.start(publish(), nullptr, Deadline::after(20s),
                                 [this](Answer answer) { told_ = std::move(answer); });
        wait_until([&] { return service_.requests("Publish").size() > before; });
        return call;
    }
    /// Ends it as a deadline would, loses the connection, and has another one being tried in vain when that is told.
    void end_and_lose(std::shared_ptr<RunningCall> call) {
        call->cancel();
        call.reset();
        wait_until([this] { return service_.under_way() == 0; });
        ChannelKey key;
        key.target = fmt::format("ipv4:///127.0.0.1:{}", relay_->port());
        key.endpoint = Endpoint{false, "127.0.0.1", relay_->port()};
        auto channel = ChannelPool::instance()->get(key, [](const ChannelKey&) {
            ADD_FAILURE() << "the call's channel has another key";
            return nullptr;
        });
        relay_.reset();
        for (auto state = channel->GetState(true);
             state != GRPC_CHANNEL_CONNECTING && state != GRPC_CHANNEL_TRANSIENT_FAILURE;
             state = channel->GetState(true)) {
            // Waiting for it is what makes gRPC look at the connection.
            channel->WaitForStateChange(state, std::chrono::system_clock::now() + 10ms);
        }
        io_.restart();
        io_.run();
    }

    std::unique_ptr<Relay> relay_ = std::make_unique<Relay>(service_.port());
    std::optional<Answer> told_;
};

TEST_F(PubSubLostCalls, WhatWasSentOnAConnectionThatIsLostByTheTimeItIsToldMayBeStored) {
    Client client(io_, options(relay_->port()));
    ASSERT_EQ(run(client.prepare(Deadline::after(20s))), nullptr);
    client.start(publish(), nullptr, Deadline::after(20s), [](const Answer& answer) { EXPECT_TRUE(answer.ok()); });
    io_.restart();
    io_.run();
    end_and_lose(started(client));
    ASSERT_TRUE(told_);
    EXPECT_EQ(told_->status, Status::cancelled);
    EXPECT_TRUE(told_->maybe_sent);
}

TEST_F(PubSubLostCalls, SoMayWhatTheConnectionWasMadeFor) {
    Client client(io_, options(relay_->port()));
    ASSERT_EQ(run(client.prepare(Deadline::after(20s))), nullptr);
    auto call = started(client);
    call_beside();
    end_and_lose(std::move(call));
    ASSERT_TRUE(told_);
    EXPECT_EQ(told_->status, Status::cancelled);
    EXPECT_TRUE(told_->maybe_sent);
}

TEST_F(PubSubLostCalls, WhatNeverHadAConnectionWasNotSent) {
    // Takes connections and says nothing, so that they are never ready.
    boost::asio::ip::tcp::acceptor silent(io_, {boost::asio::ip::address_v4::loopback(), 0});
    Client client(io_, options(silent.local_endpoint().port()));
    ASSERT_EQ(run(client.prepare(Deadline::after(20s))), nullptr);
    client.start(publish(), nullptr, Deadline::after(200ms), [this](Answer answer) { told_ = std::move(answer); });
    io_.restart();
    io_.run();
    ASSERT_TRUE(told_);
    EXPECT_EQ(told_->status, Status::deadline_exceeded);
    EXPECT_FALSE(told_->maybe_sent);
}

class PubSubTls : public PubSubConnections {
  protected:
    PubSubTls() {
        CertificateRequest authority;
        authority.common_name = "test authority";
        authority.is_ca = true;
        authority_ = make_certificate(authority).value();
        folder_ = std::filesystem::temp_directory_path() / fmt::format("pubsub-tls-test-{}", ::getpid());
        std::filesystem::create_directories(folder_);
        settings_["tls"] = {{"ca_file", write("ca.pem", authority_.certificate_pem)}};
    }
    ~PubSubTls() override {
        if (destination_) run(destination_->close());
        destination_.reset();
        std::filesystem::remove_all(folder_);
    }
    std::string write(const std::string& name, const std::string& text) {
        auto path = folder_ / name;
        std::ofstream(path) << text;
        return path.string();
    }
    void serve(CertificateRequest request) {
        auto certificate = make_certificate(request, &authority_).value();
        secure_ = std::make_unique<FakeService>(
            FakeService::Options{certificate.certificate_pem + authority_.certificate_pem, certificate.key_pem});
        settings_["endpoint"] = fmt::format("https://localhost:{}", secure_->port());
    }
    static CertificateRequest for_localhost() {
        CertificateRequest request;
        request.common_name = "localhost";
        request.dns_names = {"localhost"};
        return request;
    }
    Failure failure() {
        TestBatch batch;
        batch.add("1");
        auto verdict = deliver(batch)[0];
        EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
        EXPECT_FALSE(verdict.ambiguous);
        return verdict.failure ? *verdict.failure : Failure();
    }

    Certificate authority_;
    std::filesystem::path folder_;
    std::unique_ptr<FakeService> secure_;
};

TEST_F(PubSubTls, VerifiesTheNameThatWasAskedForAndNotTheAddressThatIsConnectedTo) {
    serve(for_localhost());
    warm_up();
    EXPECT_EQ(secure_->requests("Publish").at(0).authority, fmt::format("localhost:{}", secure_->port()));
}

TEST_F(PubSubTls, RefusesACertificateForAnotherName) {
    CertificateRequest other;
    other.common_name = "other.example.com";
    other.dns_names = {"other.example.com"};
    serve(other);
    auto told = failure();
    EXPECT_EQ(told.code, "tls_failed") << told.message;
    EXPECT_THAT(told.hint, HasSubstr("certificate"));
}

TEST_F(PubSubTls, RefusesACertificateOfAnUnknownAuthority) {
    serve(for_localhost());
    CertificateRequest request;
    request.common_name = "another authority";
    request.is_ca = true;
    settings_["tls"] = {{"ca_file", write("other.pem", make_certificate(request)->certificate_pem)}};
    auto told = failure();
    EXPECT_THAT(told.code, testing::StartsWith("tls_")) << told.message;
    EXPECT_THAT(told.hint, HasSubstr("authority"));
}

TEST_F(PubSubTls, AnAuthoritysFileThatHoldsNoneIsNotReplacedByTheSystems) {
    serve(for_localhost());
    settings_["tls"] = {{"ca_file", write("empty.pem", "")}};
    EXPECT_THAT(failure().message, HasSubstr("tls.ca_file"));
    destination_.reset();
    settings_["tls"] = {{"ca_file", (folder_ / "absent.pem").string()}};
    EXPECT_THAT(failure().message, HasSubstr("tls.ca_file"));
}

TEST_F(PubSubTls, InsecureTakesAnyCertificateOnLoopback) {
    CertificateRequest other;
    other.common_name = "other.example.com";
    serve(other);
    settings_["tls"] = {{"insecure", true}};
    warm_up();
}

TEST_F(PubSubTls, TheProxysTunnelIsVerifiedToTheEnd) {
    serve(for_localhost());
    Relay proxy(secure_->port(), Relay::Kind::http_proxy);
    settings_["proxy"] = fmt::format("http://127.0.0.1:{}", proxy.port());
    warm_up();
    EXPECT_THAT(proxy.asked(), ElementsAre(fmt::format("CONNECT localhost:{} HTTP/1.1", secure_->port())));
}

}  // namespace
}  // namespace sluice::pubsub
