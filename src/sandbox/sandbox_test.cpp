#include "sandbox/sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <thread>
#include <vector>

#include "http/client.hpp"
#include "http/raw_client.hpp"
#include "net/run_for_test.hpp"
#include "sandbox/aws/signed_request_for_test.hpp"
#include "sandbox/control_api.hpp"
#include "sandbox/iot_hub/mqtt_device_for_test.hpp"

namespace sluice::sandbox {
namespace {

using testing::HasSubstr;

class SandboxTest : public testing::Test {
  protected:
    void SetUp() override { start(); }

    void start() {
        auto started = sandbox_.start();
        ASSERT_TRUE(started) << started.error().message;
    }

    http::RawClient::Answer ask(std::string_view method, std::string_view path, std::string_view body = "") {
        http::RawClient client(sandbox_.port());
        auto answer = client.ask(fmt::format("{} /_sandbox/{} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}",
                                             method, path, body.size(), body));
        EXPECT_TRUE(answer) << method << " " << path;
        return answer.value_or(http::RawClient::Answer{});
    }
    boost::json::value get(std::string_view path) { return boost::json::parse(ask("GET", path).body); }

    std::string put_request(std::string_view stream, std::string_view data) {
        auto body = fmt::format(R"({{"StreamName":"{}","Records":[{{"PartitionKey":"k","Data":"{}"}}]}})", stream,
                                base64_encode(data));
        return to_wire(signed_request(sandbox_key(), "kinesis", "Kinesis_20131202.PutRecords", body,
                                      SystemClock::instance().now()));
    }
    int put(std::string_view stream, std::string_view data) {
        http::RawClient client(sandbox_.port());
        auto answer = client.ask(put_request(stream, data));
        return answer ? answer->status : 0;
    }

    Sandbox sandbox_{SandboxOptions{}};
};

TEST_F(SandboxTest, HandsOutTheCredentialsThatItMade) {
    auto names = get("credentials").at("credentials").as_array();
    ASSERT_EQ(names.size(), 3u);
    EXPECT_EQ(names[0].as_string(), "google_admin.json");
    auto file = get("credentials/google_publisher.json");
    EXPECT_EQ(file.at("type").as_string(), "service_account");
    EXPECT_EQ(file.at("token_uri").as_string(), sandbox_.url() + "/token");
    EXPECT_EQ(ask("GET", "credentials/other").status, 404);
    EXPECT_EQ(ask("PUT", "credentials/google_admin.json").status, 405);
}

TEST_F(SandboxTest, ShowsWhatItAcceptedInOrder) {
    ASSERT_EQ(put("events", "{\"a\":1}"), 200);
    ASSERT_EQ(put("events", "\xff"), 200);
    ASSERT_EQ(put("other", "text"), 200);
    auto all = get("received");
    ASSERT_EQ(all.at("items").as_array().size(), 3u);
    const auto& first = all.at("items").at(0);
    EXPECT_EQ(first.at("number").as_int64(), 1);
    EXPECT_EQ(first.at("service").as_string(), "kinesis");
    EXPECT_EQ(first.at("target").as_string(), "events");
    EXPECT_EQ(first.at("key").as_string(), "k");
    EXPECT_EQ(first.at("body").as_string(), "{\"a\":1}");
    EXPECT_EQ(first.at("sequence").as_string().size(), 56u);
    EXPECT_EQ(first.at("time").as_string().size(), std::string_view("2026-11-23T14:05:00.123456Z").size());
    EXPECT_EQ(all.at("items").at(1).at("body_base64").as_string(), "/w==");
    EXPECT_EQ(all.at("last").as_int64(), 3);

    auto rest = get("received?since=1&limit=1");
    ASSERT_EQ(rest.at("items").as_array().size(), 1u);
    EXPECT_EQ(rest.at("last").as_int64(), 2);
    auto other = get("received?target=other");
    ASSERT_EQ(other.at("items").as_array().size(), 1u);
    EXPECT_EQ(other.at("items").at(0).at("body").as_string(), "text");
    EXPECT_EQ(get("received?service=sqs").at("items").as_array().size(), 0u);
    EXPECT_EQ(ask("GET", "received?since=x").status, 400);
}

TEST_F(SandboxTest, ShowsAggregatedRecordsApart) {
    using namespace std::string_view_literals;
    auto message = "\x0a\x01k\x1a\x05\x08\x00\x1a\x01x"sv;
    ASSERT_EQ(put("events", "\xf3\x89\x9a\xc2" + std::string(message) + std::string(as_view(md5(message)))), 200);
    auto item = get("received").at("items").at(0);
    ASSERT_EQ(item.at("records").as_array().size(), 1u);
    EXPECT_EQ(item.at("records").at(0).at("key").as_string(), "k");
    EXPECT_EQ(item.at("records").at(0).at("body").as_string(), "x");
}

TEST_F(SandboxTest, CountsAndClears) {
    put("events", "abc");
    put("events", "de");
    auto counts = get("counts");
    EXPECT_EQ(counts.at("items").as_int64(), 2);
    EXPECT_EQ(counts.at("targets").at(0).at("bytes").as_int64(), 5);
    EXPECT_EQ(ask("DELETE", "received").status, 200);
    EXPECT_EQ(get("counts").at("items").as_int64(), 0);
    EXPECT_EQ(get("received").at("items").as_array().size(), 0u);
}

TEST_F(SandboxTest, TakesFaultsShowsThemAndLetsThemGo) {
    auto set = ask("PUT", "faults", R"([{"operation":"PutRecords","action":"http_500","count":1}])");
    EXPECT_EQ(set.status, 200);
    EXPECT_EQ(put("events", "x"), 500);
    EXPECT_EQ(put("events", "x"), 200);
    EXPECT_EQ(get("faults").at("rules").at(0).at("matched").as_int64(), 2);
    EXPECT_EQ(get("faults").at("rules").at(0).at("struck").as_int64(), 1);
    auto wrong = ask("PUT", "faults", R"([{"action":"explode"}])");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.body, HasSubstr("explode"));
    EXPECT_EQ(get("faults").at("rules").as_array().size(), 1u);
    EXPECT_EQ(ask("DELETE", "faults").status, 200);
    EXPECT_EQ(get("faults").at("rules").as_array().size(), 0u);
}

TEST_F(SandboxTest, RefusesARuleThatWouldNeverDoWhatItSaysAndNamesTheMember) {
    const std::pair<std::string_view, std::string_view> kRules[] = {
        {R"({"service":"kineses","action":"hang"})", R"(service \"kineses\" is not known: did you mean \"kinesis\"?)"},
        {R"({"service":"storage","action":"hang"})", "one of event_hubs, iot_hub, pubsub, kinesis, sqs, sts"},
        {R"({"operation":"PutRecrods","action":"hang"})", R"(did you mean \"PutRecords\"?)"},
        {R"({"service":"sqs","operation":"PutRecords","action":"hang"})",
         R"(operation \"PutRecords\" is not known of sqs)"},
        {R"({"service":"pubsub","operation":"Produce","action":"hang"})", R"(is not known of pubsub)"},
        {R"({"service":"event_hubs","action":"http_500","code":"NOT_LEADER"})", R"(code \"NOT_LEADER\" is not known)"},
        {R"({"operation":"Produce","action":"http_500","code":"REQUEST_TIMEDOUT"})",
         R"(did you mean \"REQUEST_TIMED_OUT\"?)"},
        {R"({"service":"event_hubs","action":"http_500","code":"NONE"})", R"(code \"NONE\" is not known)"},
        {R"({"service":"pubsub","action":"fail_record","code":"INVALID"})", R"(code \"INVALID\" is not known)"},
        {R"({"operation":"SendBatch","action":"http_500","code":"REQUEST_TIMED_OUT"})", "code: "},
        {R"({"operation":"Token","action":"http_500","code":"UNAVAILABLE"})", "code: "},
        {R"({"service":"sts","action":"throttle"})", "action: throttle befalls records"},
        {R"({"operation":"CreateQueue","action":"fail_record"})", "action: fail_record befalls records"},
        {R"({"service":"kinesis","action":"throttle_request","status":503})", "status: "},
    };
    for (const auto& [rule, why] : kRules) {
        auto refused = ask("PUT", "faults", fmt::format("[{}]", rule));
        EXPECT_EQ(refused.status, 400) << rule;
        EXPECT_THAT(refused.body, HasSubstr("faults: rule 0: ")) << rule;
        EXPECT_THAT(refused.body, HasSubstr(why)) << rule;
    }
    EXPECT_EQ(get("faults").at("rules").as_array().size(), 0u);
}

TEST_F(SandboxTest, TakesRulesInTheWordsOfWhomeverTheyConcern) {
    for (std::string_view rule : {
             R"({"service":"sts","operation":"AssumeRole","action":"throttle_request","code":"Whatever"})",
             R"({"service":"event_hubs","action":"http_500","code":"NOT_LEADER_OR_FOLLOWER"})",
             R"({"service":"event_hubs","action":"throttle_request","status":503})",
             R"({"operation":"SendBatch","action":"throttle_request","status":503,"message":"busy"})",
             R"({"operation":"Publish","action":"http_500","code":"403002"})",
             R"({"service":"pubsub","operation":"Publish","action":"fail_record","code":"UNKNOWN"})",
             R"({"service":"pubsub","operation":"Token","action":"http_500","status":503})",
             R"({"action":"throttle_request","code":"OfSomeAwsService"})",
             R"({"service":"","operation":"","action":"throttle","key":"x"})",
         }) {
        auto taken = ask("PUT", "faults", fmt::format("[{}]", rule));
        EXPECT_EQ(taken.status, 200) << rule << taken.body;
    }
}

TEST_F(SandboxTest, RefusesInOneWriting) {
    auto code_of = [](const http::RawClient::Answer& answer) {
        return std::string(boost::json::parse(answer.body).at("code").as_string());
    };
    EXPECT_EQ(code_of(ask("PUT", "faults", R"([{"action":"hang","every":0}])")), "invalid_argument");
    EXPECT_EQ(code_of(ask("PUT", "targets/kinesis/s", R"({"shards":0})")), "invalid_argument");
    EXPECT_EQ(code_of(ask("DELETE", "targets/kinesis/nobody")), "not_found");
    ASSERT_EQ(ask("PUT", "targets/kinesis/s").status, 201);
    EXPECT_EQ(code_of(ask("PUT", "targets/kinesis/s")), "conflict");
}

TEST_F(SandboxTest, DropsTheConnectionBeforeOrAfterAccepting) {
    ask("PUT", "faults", R"([{"action":"reset_before","nth":1},{"action":"reset_after","nth":2}])");
    EXPECT_EQ(put("events", "lost"), 0);
    EXPECT_EQ(sandbox_.received().total().items, 0u);
    EXPECT_EQ(put("events", "kept"), 0);
    EXPECT_EQ(sandbox_.received().total().items, 1u);
    EXPECT_EQ(put("events", "answered"), 200);
}

TEST_F(SandboxTest, LeavesAClientWaitingWhenItHangsAndStopsAllTheSame) {
    ask("PUT", "faults", R"([{"action":"hang_after"}])");
    http::RawClient client(sandbox_.port());
    ASSERT_TRUE(client.send(put_request("events", "x")));
    EXPECT_TRUE(sandbox_.received().wait_for(1, std::chrono::seconds(30)));
    sandbox_.stop();
    EXPECT_FALSE(client.read_answer());
}

TEST_F(SandboxTest, MakesAndDeletesTargets) {
    EXPECT_EQ(ask("PUT", "targets/kinesis/s", R"({"shards":3})").status, 201);
    EXPECT_EQ(ask("PUT", "targets/kinesis/s").status, 409);
    EXPECT_EQ(ask("PUT", "targets/sqs/q.fifo", R"({"FifoQueue":"true"})").status, 201);
    auto targets = get("targets");
    std::map<std::string, boost::json::value> by_name;
    for (const auto& target : targets.at("targets").as_array())
        by_name[std::string(target.at("name").as_string())] = target;
    EXPECT_EQ(by_name.at("s").at("open_shards").as_int64(), 3);
    EXPECT_TRUE(by_name.at("q.fifo").at("fifo").as_bool());
    EXPECT_EQ(ask("DELETE", "targets/kinesis/s").status, 200);
    EXPECT_EQ(put("s", "x"), 400);
    EXPECT_EQ(ask("DELETE", "targets/kinesis/s").status, 404);
    EXPECT_EQ(ask("PUT", "targets/pigeon/s").status, 404);
}

TEST_F(SandboxTest, ListensForMqttOnAPortThatItTells) {
    auto listeners = get("listeners").at("listeners").as_array();
    auto of_hub = std::find_if(listeners.begin(), listeners.end(),
                               [](const auto& one) { return one.at("name").as_string() == "iot_hub_mqtt"; });
    ASSERT_NE(of_hub, listeners.end());
    auto endpoint = Endpoint::parse(std::string(of_hub->at("url").as_string())).value();
    const HubIdentity device{"dev-1", ""};
    MqttDevice sender(endpoint.port);
    auto expires = SystemClock::instance().now() + std::chrono::hours(1);
    ASSERT_EQ(sender.connect(MqttDevice::connect_packet(device, expires)), mqtt::ConnectCode::accepted);
    sender.send(MqttDevice::telemetry(device, "n=1", "hello", 1));
    ASSERT_EQ(sender.read_ack(), 1);
    auto item = get("received").at("items").at(0);
    EXPECT_EQ(item.at("service").as_string(), "iot_hub");
    EXPECT_EQ(item.at("target").as_string(), "dev-1");
    EXPECT_EQ(item.at("attributes").at("application").at("n").as_string(), "1");
    EXPECT_EQ(item.at("body").as_string(), "hello");
    EXPECT_EQ(ask("DELETE", "targets/iot_hub/dev-1").status, 200);
    EXPECT_TRUE(sender.is_closed());
}

TEST_F(SandboxTest, HandsEachRequestToTheCloudThatItIsFor) {
    http::RawClient client(sandbox_.port());
    auto send = [&](std::string_view path, std::string_view headers, std::string_view body) {
        return client
            .ask(fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(),
                             headers, body))
            ->body;
    };
    EXPECT_THAT(send("/building-events/messages", "", "x"), HasSubstr("MissingToken"));
    EXPECT_THAT(send("/building-events/messages", "X-Amz-Target: AmazonSQS.SendMessage\r\n", "{}"),
                HasSubstr("MissingAuthenticationToken"));
    constexpr std::string_view kForm = "Content-Type: application/x-www-form-urlencoded\r\n";
    EXPECT_THAT(send("/t/oauth2/v2.0/token", kForm, "grant_type=x"), HasSubstr("AADSTS90002"));
    EXPECT_THAT(send("/", kForm, "Action=GetCallerIdentity&Version=2011-06-15"),
                HasSubstr("MissingAuthenticationToken"));
}

TEST_F(SandboxTest, ShowsTheListenersBesideItsOwn) {
    auto listeners = get("listeners").at("listeners");
    std::map<std::string, std::string> urls;
    for (const auto& listener : listeners.as_array())
        urls[std::string(listener.at("name").as_string())] = std::string(listener.at("url").as_string());
    EXPECT_EQ(urls.at("event_hubs_kafka"), sandbox_.event_hubs().kafka_url());
    EXPECT_TRUE(urls.at("event_hubs_kafka").starts_with("http://127.0.0.1:"));
}

TEST(SandboxItem, ShowsAKeyThatIsNoText) {
    ReceivedItem item;
    item.service = "event_hubs";
    item.target = std::make_shared<const std::string>("hub");
    item.key = "\xff";
    EXPECT_THAT(to_json(item, Keep::none), HasSubstr(R"("key_base64":"/w==")"));
    item.key = "é";
    EXPECT_THAT(to_json(item, Keep::none), HasSubstr(R"("key":"é")"));
}

TEST_F(SandboxTest, SaysWhatIsNotThere) {
    EXPECT_EQ(ask("GET", "nothing").status, 404);
    EXPECT_EQ(ask("GET", "certificate").status, 404);
    EXPECT_EQ(ask("POST", "counts").status, 405);
    http::RawClient client(sandbox_.port());
    EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")->status, 404);
}

TEST_F(SandboxTest, GoesOnWithItsStateOnTheSamePortAfterAStop) {
    put("events", "before");
    auto port = sandbox_.port();
    sandbox_.stop();
    EXPECT_THROW(http::RawClient{port}, std::runtime_error);
    start();
    EXPECT_EQ(sandbox_.port(), port);
    put("events", "after");
    EXPECT_EQ(get("counts").at("items").as_int64(), 2);
}

TEST(SandboxStart, ReadsFaultsFromAFileAndNamesWhatIsWrongWithIt) {
    auto name = testing::TempDir() + "sandbox_faults_test.json";
    SandboxOptions options;
    options.faults_file = name;
    std::remove(name.c_str());
    EXPECT_THAT(Sandbox(options).start().error().message, HasSubstr(name));
    std::ofstream(name) << R"([{"action":"throttle","share":2}])";
    EXPECT_THAT(Sandbox(options).start().error().message, HasSubstr(name + ": faults: rule 0: share"));
    std::ofstream(name, std::ios::trunc) << R"([{"action":"throttle","share":0.2}])";
    Sandbox sandbox(options);
    ASSERT_TRUE(sandbox.start());
    EXPECT_EQ(sandbox.faults().rules().size(), 1u);
    std::remove(name.c_str());
}

TEST(SandboxThreads, KeepsOneOrderForAllOfThem) {
    constexpr int kClients = 4;
    constexpr int kRequests = 25;
    SandboxOptions options;
    options.shards = 2;
    Sandbox sandbox(options);
    ASSERT_TRUE(sandbox.start());
    std::vector<std::thread> clients;
    std::atomic<int> accepted = 0;
    for (int client = 0; client < kClients; client++) {
        clients.emplace_back([&, client] {
            http::RawClient connection(sandbox.port());
            for (int i = 0; i < kRequests; i++) {
                auto body = fmt::format(R"({{"StreamName":"s","Records":[{{"PartitionKey":"{0}","Data":"{1}"}},
                                            {{"PartitionKey":"{0}","Data":"{1}"}}]}})",
                                        client, base64_encode(std::to_string(i)));
                auto now = SystemClock::instance().now();
                auto request = signed_request(sandbox_key(), "kinesis", "Kinesis_20131202.PutRecords", body, now);
                auto answer = connection.ask(to_wire(request));
                if (answer && answer->status == 200) accepted++;
            }
        });
    }
    for (auto& client : clients) client.join();
    EXPECT_EQ(accepted, kClients * kRequests);

    std::map<std::string, std::string> last_sequence;  // by shard of the stream
    std::map<std::string, int> last_of_client;
    auto items = sandbox.received().read(1, 1000);
    ASSERT_EQ(items.size(), static_cast<std::size_t>(2 * kClients * kRequests));
    for (const auto& item : items) {
        EXPECT_GT(item.sequence, last_sequence[item.place]);
        last_sequence[item.place] = item.sequence;
        auto number = std::stoi(std::string(item.body.view()));
        EXPECT_GE(number, last_of_client[item.key]);
        last_of_client[item.key] = number;
    }
}

TEST(SandboxStart, SpeaksTlsWithACertificateThatItShows) {
    SandboxOptions options;
    options.tls = true;
    Sandbox sandbox(options);
    ASSERT_TRUE(sandbox.start());
    EXPECT_THAT(sandbox.certificate_pem(), HasSubstr("BEGIN CERTIFICATE"));
    EXPECT_TRUE(sandbox.url().starts_with("https://127.0.0.1:"));

    auto ca_file = testing::TempDir() + "sandbox_certificate_test.pem";
    std::ofstream(ca_file) << sandbox.certificate_pem();
    boost::asio::io_context io;
    http::ClientPool::Options client;
    client.endpoint = Endpoint::parse(sandbox.url()).value();
    client.connect.tls.ca_file = ca_file;
    http::ClientPool pool(io, client);
    http::ClientRequest request;
    request.method = "GET";
    request.target = "/_sandbox/certificate";
    auto answer = run_for_test(io, pool.send(std::move(request), Deadline::after(std::chrono::seconds(30))));
    pool.close();
    ASSERT_TRUE(answer) << answer.error().error.message;
    EXPECT_EQ(answer->body, sandbox.certificate_pem());
    std::remove(ca_file.c_str());
}

TEST(SandboxStart, ShowsNewConnectionsABadCertificateWhenTold) {
    SandboxOptions options;
    options.tls = true;
    Sandbox sandbox(options);
    ASSERT_TRUE(sandbox.start());
    auto ca_file = testing::TempDir() + "sandbox_bad_certificate_test.pem";
    std::ofstream(ca_file) << sandbox.certificate_pem();
    boost::asio::io_context io;
    // Each over a connection of its own; the code of what went wrong, or the status.
    auto ask = [&](std::string method, std::string body, bool check) {
        http::ClientPool::Options client;
        client.endpoint = Endpoint::parse(sandbox.url()).value();
        client.connect.tls.ca_file = ca_file;
        client.connect.tls.insecure = !check;
        http::ClientPool pool(io, client);
        http::ClientRequest request;
        request.method = std::move(method);
        request.target = "/_sandbox/certificate";
        request.body = {body};
        auto answer = run_for_test(io, pool.send(std::move(request), Deadline::after(std::chrono::seconds(30))));
        pool.close();
        return answer ? std::to_string(answer->status) : answer.error().code;
    };
    for (auto [shown, outcome] :
         {std::pair{"expired", "tls_certificate_expired"}, {"wrong_host", "tls_wrong_host"}, {"good", "200"}}) {
        EXPECT_EQ(ask("PUT", shown, false), "200") << shown;
        EXPECT_EQ(ask("GET", "", true), outcome) << shown;
    }
    EXPECT_EQ(ask("PUT", "forged", true), "400");
    EXPECT_EQ(ask("DELETE", "", true), "405");
    std::remove(ca_file.c_str());
}

TEST(SandboxStart, SaysWhenThePortIsTaken) {
    Sandbox first(SandboxOptions{});
    ASSERT_TRUE(first.start());
    SandboxOptions options;
    options.port = first.port();
    EXPECT_EQ(Sandbox(options).start().error().code, Errc::conflict);
    EXPECT_EQ(first.start().error().code, Errc::conflict);
}

}  // namespace
}  // namespace sluice::sandbox
