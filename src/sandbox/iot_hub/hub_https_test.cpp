#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "net/run_for_test.hpp"
#include "sandbox/iot_hub/hub_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class HubHttpsTest : public HubFixture {
  protected:
    struct Answer {
        int status = 0;
        std::string body;
        std::string error_code;  ///< the header
        boost::json::value json;
    };

    http::Request request(std::string method, std::string path, std::string body = "") {
        http::Request made;
        made.method = std::move(method);
        made.path = std::move(path);
        made.query = "api-version=2021-04-12";
        made.target = made.path + "?" + made.query;
        made.body = std::move(body);
        return made;
    }
    http::Request send_request(std::string body, std::vector<http::Header> headers = {}) {
        auto made = request("POST", "/devices/dev-1/messages/events", std::move(body));
        made.headers.set("Authorization", MqttDevice::token(kDevice, in(1h)));
        for (auto& [name, value] : headers) made.headers.add(name, value);
        return made;
    }
    http::Request batch_request(std::string body) {
        return send_request(std::move(body), {{"Content-Type", "application/vnd.microsoft.iothub.json"}});
    }
    http::Request registry_request(std::string method, std::string path, std::string body = "") {
        auto made = request(std::move(method), std::move(path), std::move(body));
        Secret key(base64_decode(kSandboxHubPolicyKey).value());
        made.headers.set("Authorization",
                         auth::azure_sas_token(kSandboxHubHost, key, in(1h), kHubOwnerPolicy).reveal());
        return made;
    }
    Outcome outcome(http::Request asked) {
        EXPECT_TRUE(hub_.claims(asked)) << asked.method << " " << asked.path;
        return run_for_test(io_, hub_.handle(std::move(asked)));
    }
    Answer ask(http::Request asked) {
        auto done = outcome(std::move(asked));
        EXPECT_EQ(done.ending, Outcome::Ending::answer);
        Answer answer{
            done.response.status, done.response.body, std::string(done.response.headers.get("iothub-errorcode")), {}};
        if (answer.body.starts_with("{")) answer.json = boost::json::parse(answer.body);
        return answer;
    }

    boost::asio::io_context io_;
};

TEST_F(HubHttpsTest, TakesOneMessageWithItsProperties) {
    EXPECT_EQ(ask(send_request("\xff body", {{"IoTHub-MessageId", "m-1"},
                                             {"iothub-contenttype", "application/json"},
                                             {"iothub-contentencoding", "utf-8"},
                                             {"iothub-to", "/devices/dev-1/messages/events"},
                                             {"iothub-app-recType", "io.x"}}))
                  .status,
              204);
    auto item = received_.read(1, 1).at(0);
    EXPECT_EQ(*item.target, "dev-1");
    EXPECT_EQ(item.id, "m-1");
    EXPECT_EQ(item.sequence, "1");
    EXPECT_EQ(item.body.view(), "\xff body");
    EXPECT_EQ(boost::json::parse(item.attributes), boost::json::parse(R"({
        "system": {"message-id": "m-1", "content-type": "application/json", "content-encoding": "utf-8"},
        "application": {"recType": "io.x"}})"));
}

TEST_F(HubHttpsTest, TakesABatchInOrderOrNotAtAll) {
    auto good = batch_request(R"([{"body":"YQ==","base64Encoded":true,"properties":{"iothub-app-n":"1"}},
                                  {"body":"b","base64Encoded":false},
                                  {"body":"Yw==","properties":{"iothub-messageid":"m-3"}}])");
    EXPECT_EQ(ask(good).status, 204);
    EXPECT_THAT(bodies(), ElementsAre("a", "b", "c"));
    EXPECT_EQ(received_.read(3, 1).at(0).id, "m-3");
    EXPECT_EQ(received_.read(3, 1).at(0).sequence, "3");

    for (const auto* wrong : {"", "{}", "[]", "[1]", "[{}]", R"([{"body":1}])", R"([{"body":"a","base64Encoded":1}])",
                              R"([{"body":"YQ=="},{"body":"?"}])", R"([{"body":"YQ==","properties":[]}])",
                              R"([{"body":"YQ==","properties":{"iothub-app-n":1}}])",
                              R"([{"body":"YQ==","properties":{"n":"1"}}])", R"([{"body":"YQ=="})"}) {
        auto answer = ask(batch_request(wrong));
        EXPECT_EQ(answer.status, 400) << wrong;
        EXPECT_EQ(answer.error_code, "ArgumentInvalid") << wrong;
    }
    EXPECT_EQ(received_.total().items, 3u);
}

TEST_F(HubHttpsTest, RefusesPropertiesThatAreGivenTwiceOrNoText) {
    EXPECT_EQ(ask(send_request("x", {{"iothub-app-n", "1"}, {"iothub-app-n", "2"}})).status, 400);
    EXPECT_EQ(ask(send_request("x", {{"iothub-messageid", "1"}, {"IoTHub-MessageId", "2"}})).status, 400);
    EXPECT_EQ(ask(send_request("x", {{"iothub-app-n", "\xff"}})).status, 400);
    EXPECT_EQ(ask(send_request("x", {{"X-Other", "\xff"}, {"X-Other", "\xff"}})).status, 204);
}

TEST_F(HubHttpsTest, HoldsToTheLimits) {
    EXPECT_EQ(ask(send_request(std::string((256 << 10) - 3, 'x'), {{"iothub-app-ab", "1"}})).status, 204);
    auto large = ask(send_request(std::string((256 << 10) - 2, 'x'), {{"iothub-app-ab", "1"}}));
    EXPECT_EQ(large.status, 413);
    EXPECT_EQ(large.error_code, "MessageTooLarge");
    auto batch = R"([{"body":")" + std::string(256 << 10, 'A') + R"("}])";
    EXPECT_EQ(ask(batch_request(batch)).status, 413);
    EXPECT_EQ(received_.total().items, 1u);
}

TEST_F(HubHttpsTest, ChecksTokens) {
    auto with_token = [&](std::string token) {
        auto made = send_request("x");
        made.headers.set("Authorization", std::move(token));
        return ask(std::move(made));
    };
    auto wrong_key = with_token(MqttDevice::token(kDevice, in(1h), kSandboxHubHost, kSandboxHubPolicyKey));
    EXPECT_EQ(wrong_key.status, 401);
    EXPECT_EQ(wrong_key.error_code, "IotHubUnauthorizedAccess");
    EXPECT_THAT(std::string(wrong_key.json.at("Message").as_string()),
                HasSubstr("ErrorCode:IotHubUnauthorizedAccess;"));
    EXPECT_FALSE(wrong_key.json.as_object().contains("errorCode")) << "the service tells the name only";
    EXPECT_EQ(with_token(MqttDevice::token(kDevice, in(-1s))).error_code, "IotHubUnauthorized");
    EXPECT_EQ(with_token(MqttDevice::token({"dev-2", ""}, in(1h))).status, 401);
    EXPECT_EQ(with_token("Bearer x").status, 401);
    EXPECT_EQ(with_token("").status, 401);
    ASSERT_TRUE(hub_.delete_target("iot_hub", "dev-1"));
    auto gone = ask(send_request("x"));
    EXPECT_EQ(gone.status, 404);
    EXPECT_EQ(gone.error_code, "DeviceNotFound");
    EXPECT_EQ(received_.total().items, 0u);
}

TEST_F(HubHttpsTest, AsksForAVersion) {
    auto made = send_request("x");
    made.query.clear();
    EXPECT_EQ(ask(std::move(made)).status, 400);
}

TEST_F(HubHttpsTest, HasNoCommandsForDevices) {
    auto made = request("GET", "/devices/dev-1/messages/devicebound");
    made.headers.set("Authorization", MqttDevice::token(kDevice, in(1h)));
    EXPECT_EQ(ask(std::move(made)).status, 204);
}

TEST_F(HubHttpsTest, DecodesWhatThePathSays) {
    auto made = request("POST", "/devices/dev%231%25/messages/events", "x");
    made.headers.set("Authorization", MqttDevice::token({"dev#1%", ""}, in(1h)));
    EXPECT_EQ(ask(std::move(made)).status, 204);
    EXPECT_EQ(*received_.read(1, 1).at(0).target, "dev#1%");
}

TEST_F(HubHttpsTest, RegistersModules) {
    auto made = ask(registry_request("PUT", "/devices/dev-1/modules/m", R"({"deviceId":"dev-1","moduleId":"m"})"));
    ASSERT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(made.json.at("moduleId").as_string(), "m");
    EXPECT_EQ(ask(registry_request("PUT", "/devices/dev-1/modules/m", R"({"deviceId":"dev-1"})")).status, 400);
    EXPECT_EQ(ask(registry_request("DELETE", "/devices/dev-1/modules/m")).status, 204);
    EXPECT_EQ(ask(registry_request("GET", "/devices/dev-1/modules/m")).status, 404);
    EXPECT_EQ(ask(registry_request("GET", "/devices/dev-1")).status, 200);
}

TEST_F(HubHttpsTest, RegistersReadsAndDeletesDevices) {
    auto path = "/devices/dev-1";
    auto made = ask(registry_request("PUT", path, R"({"deviceId":"dev-1","authentication":{"type":"sas",
                                                     "symmetricKey":{"primaryKey":"","secondaryKey":""}}})"));
    ASSERT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(made.json.at("status").as_string(), "enabled");
    EXPECT_EQ(made.json.at("authentication").at("symmetricKey").at("primaryKey").as_string(),
              derived_hub_key(kSandboxHubGroupKey, kDevice));
    auto again = ask(registry_request("PUT", path, R"({"deviceId":"dev-1"})"));
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(again.error_code, "DeviceAlreadyExists");

    auto update = registry_request("PUT", path, R"({"deviceId":"dev-1","status":"disabled"})");
    update.headers.set("If-Match", "*");
    EXPECT_EQ(ask(update).json.at("status").as_string(), "disabled");
    EXPECT_EQ(ask(send_request("x")).status, 404);
    EXPECT_EQ(ask(registry_request("GET", path)).json.at("status").as_string(), "disabled");
    EXPECT_EQ(ask(registry_request("DELETE", path)).status, 204);
    EXPECT_EQ(ask(registry_request("GET", path)).error_code, "DeviceNotFound");
    EXPECT_EQ(ask(registry_request("DELETE", path)).status, 404);
}

TEST_F(HubHttpsTest, ADeviceCanBeGivenKeysOfItsOwn) {
    auto key = base64_encode("fedcba9876543210fedcba9876543210");
    auto made =
        ask(registry_request("PUT", "/devices/dev-1",
                             R"({"deviceId":"dev-1","authentication":{"type":"sas","symmetricKey":{"primaryKey":")" +
                                 key + R"(","secondaryKey":")" + key + R"("}}})"));
    ASSERT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(ask(send_request("x")).status, 401) << "the derived key is no longer the device's";
    auto own = send_request("x");
    own.headers.set("Authorization", auth::azure_sas_token(std::string(kSandboxHubHost) + "/devices/dev-1",
                                                           Secret(base64_decode(key).value()), in(1h), {})
                                         .reveal());
    EXPECT_EQ(ask(own).status, 204);
}

TEST_F(HubHttpsTest, RefusesRegistrationsThatCannotBe) {
    for (const auto* wrong : {"", "[]", R"({"deviceId":"other"})", R"({"deviceId":"dev-1","status":"gone"})",
                              R"({"deviceId":"dev-1","authentication":{"type":"selfSigned"}})",
                              R"({"deviceId":"dev-1","authentication":{"symmetricKey":{"primaryKey":"x"}}})"}) {
        EXPECT_EQ(ask(registry_request("PUT", "/devices/dev-1", wrong)).status, 400) << wrong;
    }
    auto by_device = request("PUT", "/devices/dev-1", R"({"deviceId":"dev-1"})");
    by_device.headers.set("Authorization", MqttDevice::token(kDevice, in(1h)));
    EXPECT_EQ(ask(by_device).status, 401) << "a device's key opens no registry";
}

TEST_F(HubHttpsTest, ShowsWhetherADeviceIsConnected) {
    auto sender = connected(kDevice);
    EXPECT_EQ(ask(registry_request("GET", "/devices/dev-1")).json.at("connectionState").as_string(), "Connected");
    EXPECT_EQ(ask(registry_request("DELETE", "/devices/dev-1")).status, 204);
    EXPECT_TRUE(sender.is_closed());
}

TEST_F(HubHttpsTest, ClaimsOnlyWhatIsAHubs) {
    struct Case {
        const char* method;
        const char* path;
        bool claimed;
    };
    for (const auto& [method, path, claimed] : std::vector<Case>{
             {"POST", "/devices/d/messages/events", true},
             {"POST", "/devices/d/modules/m/messages/events", false},
             {"GET", "/devices/d/messages/devicebound", true},
             {"PUT", "/devices/d", true},
             {"GET", "/devices/d/modules/m", true},
             {"POST", "/devices/messages", false},  // an event hub that is called devices
             {"PUT", "/devices", false},
             {"POST", "/devices/partitions/0/messages", false},
             {"GET", "/devices/d/messages/events", false},
             {"POST", "/building-events/messages", false},
             {"POST", "/", false},
             {"POST", "/devices/d%2Fx/messages/events", false},
         }) {
        EXPECT_EQ(hub_.claims(request(method, path)), claimed) << method << " " << path;
    }
}

TEST_F(HubHttpsTest, FaultsRefuseRequests) {
    struct Case {
        std::string rule;
        int status;
        std::string_view name;
    };
    for (const auto& [rule, status, name] : std::vector<Case>{
             {R"("action":"throttle")", 429, "ThrottlingException"},
             {R"("action":"fail_record")", 500, "ServerError"},
             {R"("action":"throttle_request")", 429, "ThrottlingException"},
             {R"("action":"throttle_request","code":"403002")", 403, "IotHubQuotaExceeded"},
             {R"("action":"http_500")", 500, "ServerError"},
             {R"("action":"http_500","status":503)", 503, "ServiceUnavailable"},
             {R"("action":"expired_token")", 401, "IotHubUnauthorized"},
             {R"("action":"access_denied")", 401, "IotHubUnauthorized"},
             {R"("action":"missing_target")", 404, "DeviceNotFound"},
             {R"("action":"skew","skew":7200)", 401, "IotHubUnauthorized"},
         }) {
        set_faults(R"([{"operation":"SendMessage","count":1,)" + rule + "}]");
        auto refused = ask(send_request("x"));
        EXPECT_EQ(refused.status, status) << rule;
        EXPECT_EQ(refused.error_code, name) << rule;
        EXPECT_EQ(received_.total().items, 0u) << rule;
    }
    faults_.clear();
    EXPECT_EQ(ask(send_request("x")).status, 204);
}

TEST_F(HubHttpsTest, TellsItsTimeAlsoWhenThatIsWrong) {
    EXPECT_EQ(outcome(send_request("x")).response.headers.get("Date"), "Tue, 14 Nov 2023 22:13:20 GMT");
    set_faults(R"([{"action":"skew","skew":7200}])");
    auto refused = outcome(send_request("x")).response;
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.headers.get("Date"), "Wed, 15 Nov 2023 00:13:20 GMT");
}

TEST_F(HubHttpsTest, FaultsBreakConnections) {
    for (bool stored : {false, true}) {
        for (bool hangs : {false, true}) {
            received_.clear();
            std::string action = hangs ? (stored ? "hang_after" : "hang") : (stored ? "reset_after" : "reset_before");
            set_faults(R"([{"service":"iot_hub","action":")" + action + "\"}]");
            EXPECT_EQ(outcome(send_request("x")).ending, hangs ? Outcome::Ending::hang : Outcome::Ending::reset);
            EXPECT_EQ(received_.total().items, stored ? 1u : 0u) << action;
        }
    }
}

TEST_F(HubHttpsTest, ChangesDevicesThroughTheControlApi) {
    EXPECT_EQ(hub_.create_target("iot_hub", "a b", "").error().code, Errc::invalid_argument);
    ASSERT_TRUE(hub_.create_target("iot_hub", "dev-1", ""));
    EXPECT_EQ(hub_.create_target("iot_hub", "dev-1", "").error().code, Errc::conflict);
    EXPECT_TRUE(hub_.create_target("iot_hub", "dev-1", R"({"status":"disabled"})"));
    for (const auto* wrong : {"[]", "{", R"({"status":"off"})", R"({"colour":"red"})", R"({"primaryKey":"x"})"})
        EXPECT_EQ(hub_.create_target("iot_hub", "dev-1", wrong).error().code, Errc::invalid_argument) << wrong;
    auto targets = hub_.targets();
    ASSERT_EQ(targets.size(), 1u);
    auto details = boost::json::parse(targets[0].details_json);
    EXPECT_EQ(details.at("status").as_string(), "disabled");
    EXPECT_FALSE(details.at("connected").as_bool());
    EXPECT_EQ(details.at("connection_string").as_string(), hub_.connection_string("dev-1"));
    ASSERT_TRUE(hub_.delete_target("iot_hub", "dev-1"));
    EXPECT_EQ(hub_.delete_target("iot_hub", "dev-1").error().code, Errc::not_found);
    EXPECT_EQ(hub_.create_target("iot_hub", "dev-1", R"({"disconnect":true})").error().code, Errc::not_found);
    EXPECT_EQ(hub_.connection_string("dev-1"), "");
    EXPECT_THAT(hub_.connection_string("dev-2"), HasSubstr(";DeviceId=dev-2;SharedAccessKey="));
}

TEST(HubListening, SaysWhenItsPortIsTaken) {
    FakeClock clock;
    ReceivedLog received({}, clock);
    FaultInjector faults;
    IotHubService first({}, received, faults, clock);
    ASSERT_TRUE(first.start({}));
    auto port = Endpoint::parse(first.listeners().at(0).url).value().port;
    IotHubService second({}, received, faults, clock);
    ListenOptions options;
    options.base_port = static_cast<std::uint16_t>(port - 2);
    EXPECT_EQ(second.start(options).error().code, Errc::conflict);
    options.base_port = 65'534;
    EXPECT_EQ(second.start(options).error().code, Errc::invalid_argument);
    options.base_port = 0;
    options.address = "localhost";
    EXPECT_EQ(second.start(options).error().code, Errc::invalid_argument);
    first.stop();
}

}  // namespace
}  // namespace sluice::sandbox
