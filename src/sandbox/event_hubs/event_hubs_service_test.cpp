#include "sandbox/event_hubs/event_hubs_service.hpp"

#include <gtest/gtest.h>

#include "http/raw_client.hpp"
#include "net/certificate.hpp"
#include "sandbox/event_hubs/event_hubs_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using namespace std::string_literals;

class EventHubsServiceTest : public testing::Test {
  protected:
    static EventHubsOptions small() {
        EventHubsOptions options;
        options.kafka.max_frame_bytes = 4096;
        options.kafka.max_connections = 2;
        return options;
    }
    void SetUp() override {
        auto started = service_.start({});
        ASSERT_TRUE(started) << started.error().message;
    }
    std::uint16_t port() const {
        auto url = service_.kafka_url();
        return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    }
    static std::string sized(const KafkaWriter& request) {
        KafkaWriter frame;
        frame.bytes(request.view());
        return frame.take();
    }
    static std::string frame(KafkaApi api, std::int16_t version, const KafkaWriter& body) {
        KafkaWriter request;
        request.int16(static_cast<std::int16_t>(api));
        request.int16(version);
        request.int32(7);
        request.null_string();
        request.raw(body.view());
        return sized(request);
    }
    static std::string read_frame(http::RawClient& client) {
        auto head = client.read_bytes(4);
        if (head.size() < 4) return {};
        return client.read_bytes(static_cast<std::size_t>(KafkaReader(head).int32()));
    }
    std::string log_in() const {
        KafkaWriter handshake;
        handshake.string("PLAIN");
        KafkaWriter response;
        response.bytes("\0$ConnectionString\0"s + service_.access().connection_string(service_.access().policies()[0]));
        return frame(KafkaApi::sasl_handshake, 1, handshake) + frame(KafkaApi::sasl_authenticate, 1, response);
    }

    ReceivedLog received_{{}, SystemClock::instance()};
    FaultInjector faults_;
    EventHubsService service_{small(), received_, faults_, SystemClock::instance()};
};

TEST_F(EventHubsServiceTest, AnswersRequestsThatArriveTogetherInOrder) {
    http::RawClient client(port());
    KafkaWriter all;
    all.int32(-1);
    client.send(log_in() + frame(KafkaApi::api_versions, 0, {}) + frame(KafkaApi::metadata, 1, all));
    for (int i = 0; i < 3; i++) EXPECT_EQ(KafkaReader(read_frame(client)).int32(), 7);
    auto metadata = read_frame(client);
    EXPECT_NE(metadata.find("building-events"), std::string::npos);
    EXPECT_NE(metadata.find("127.0.0.1"), std::string::npos);
}

TEST_F(EventHubsServiceTest, ClosesTheConnectionOverAFrameThatIsTooLarge) {
    http::RawClient client(port());
    KafkaWriter most;
    most.int16(static_cast<std::int16_t>(KafkaApi::sasl_authenticate));
    most.int16(0);
    most.int32(7);
    most.null_string();
    most.bytes(std::string(4096 - 14, 'x'));
    client.send(sized(most));
    EXPECT_EQ(KafkaReader(read_frame(client)).int32(), 7) << "as large as it may be";
    EXPECT_TRUE(client.is_closed_by_server()) << "after a failed authentication";

    for (std::int32_t size : {4097, INT32_MAX, -1}) {
        http::RawClient other(port());
        KafkaWriter head;
        head.int32(size);
        other.send(head.view());
        EXPECT_TRUE(other.is_closed_by_server()) << size;
    }
}

TEST_F(EventHubsServiceTest, ClosesTheConnectionOverWhatIsNotKafka) {
    http::RawClient client(port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(EventHubsServiceTest, LeavesAClientWaitingWhenItHangsAndStopsAllTheSame) {
    ASSERT_TRUE(faults_.set_json(R"([{"operation":"Produce","action":"hang_after"}])"));
    NewBatch batch;
    batch.records.push_back({"k", "v", {}});
    KafkaWriter body;
    body.null_string();
    body.int16(-1);
    body.int32(1000);
    body.array(1);
    body.string("building-events");
    body.array(1);
    body.int32(0);
    body.bytes(write_record_batch(batch));
    auto produce = frame(KafkaApi::produce, 7, body);
    http::RawClient client(port());
    client.send(log_in() + produce + produce);
    read_frame(client);
    read_frame(client);
    EXPECT_TRUE(received_.wait_for(1, std::chrono::seconds(60)));
    service_.stop();
    EXPECT_TRUE(client.is_closed_by_server());
    EXPECT_EQ(faults_.rules().front().struck, 1u) << "what is sent after it is not looked at";
    EXPECT_EQ(received_.total().items, 1u);
}

TEST_F(EventHubsServiceTest, StopsAReaderThatWaits) {
    http::RawClient client(port());
    KafkaWriter body;
    body.int32(-1);
    body.int32(30'000);
    body.int32(1);
    body.int32(1 << 20);
    body.int8(0);
    body.array(1);
    body.string("building-events");
    body.array(1);
    body.int32(0);
    body.int64(0);
    body.int32(1 << 20);
    client.send(log_in() + frame(KafkaApi::fetch, 4, body));
    read_frame(client);
    read_frame(client);
    service_.stop();
    EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(EventHubsServiceTest, TakesNoMoreConnectionsThanItMay) {
    http::RawClient first(port());
    http::RawClient second(port());
    for (auto* client : {&first, &second}) {
        client->send(frame(KafkaApi::api_versions, 0, {}));
        EXPECT_FALSE(read_frame(*client).empty());
    }
    http::RawClient third(port());
    EXPECT_TRUE(third.is_closed_by_server());
}

TEST_F(EventHubsServiceTest, KeepsItsPortAndItsStateOverAStop) {
    ASSERT_TRUE(service_.create_target("event_hubs", "made", R"({"partitions":2})"));
    auto before = port();
    service_.stop();
    EXPECT_TRUE(service_.listeners().empty());
    EXPECT_THROW(http::RawClient{before}, std::runtime_error);
    ASSERT_TRUE(service_.start({}));
    EXPECT_EQ(port(), before);
    EXPECT_EQ(service_.listeners().front().name, "event_hubs_kafka");
    ASSERT_EQ(service_.targets().size(), 2u);
    EXPECT_EQ(service_.targets()[1].name, "made");
    EXPECT_EQ(service_.targets()[1].details_json, R"({"partitions":2,"events":0})");
}

TEST_F(EventHubsServiceTest, MakesTargetsOrSaysWhyNot) {
    auto code = [&](std::string_view name, std::string_view settings) {
        auto made = service_.create_target("event_hubs", name, settings);
        return made ? std::optional<Errc>() : made.error().code;
    };
    EXPECT_EQ(code("one", ""), std::nullopt);
    EXPECT_EQ(code("one", ""), Errc::conflict);
    for (std::string_view wrong : {"x", "[]", R"({"partitions":0})", R"({"partitions":"4"})", R"({"partitions":33})"})
        EXPECT_EQ(code("two", wrong), Errc::invalid_argument) << wrong;
    EXPECT_EQ(code("a b", ""), Errc::invalid_argument);
    EXPECT_TRUE(service_.delete_target("event_hubs", "one"));
    EXPECT_EQ(service_.delete_target("event_hubs", "one").error().code, Errc::not_found);
}

TEST_F(EventHubsServiceTest, TakesThePortAfterTheSandboxsAndSaysWhenItIsTaken) {
    EventHubsService other({}, received_, faults_, SystemClock::instance());
    ListenOptions listen;
    listen.base_port = static_cast<std::uint16_t>(port() - 1);
    auto started = other.start(listen);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::conflict);
    EXPECT_NE(started.error().message.find(std::to_string(port())), std::string::npos);
}

TEST(EventHubsServiceTls, SpeaksTlsWithTheSandboxsCertificate) {
    CertificateRequest request;
    request.common_name = "localhost";
    request.ip_addresses = {"127.0.0.1"};
    auto certificate = make_certificate(request);
    ASSERT_TRUE(certificate);
    ReceivedLog received({}, SystemClock::instance());
    FaultInjector faults;
    EventHubsService service({}, received, faults, SystemClock::instance());
    ASSERT_TRUE(service.start({"127.0.0.1", 0, certificate->certificate_pem, certificate->key_pem}));
    auto endpoint = Endpoint::parse(service.kafka_url());
    ASSERT_TRUE(endpoint);
    EXPECT_TRUE(endpoint->tls);

    boost::asio::io_context io;
    TlsSettings trust;
    trust.insecure = true;
    auto context = TlsClientContext::make(trust).value();
    auto connected =
        run_for_test(io, connect_stream(io, *endpoint, {}, context, Deadline::after(std::chrono::seconds(60))));
    ASSERT_TRUE(connected) << connected.error().error.message;
    auto stream = std::move(*connected);
    KafkaWriter frame;
    frame.int32(10);
    frame.int16(18);
    frame.int16(0);
    frame.int32(9);
    frame.null_string();
    std::array<std::string_view, 1> parts{frame.view()};
    ASSERT_TRUE(run_for_test(io, stream->write(parts, Deadline::after(std::chrono::seconds(60)))));
    std::array<char, 8> head{};
    auto got = run_for_test(io, stream->read_some(head, Deadline::after(std::chrono::seconds(60))));
    ASSERT_TRUE(got);
    ASSERT_EQ(*got, head.size());
    EXPECT_EQ(KafkaReader(std::string_view(head.data() + 4, 4)).int32(), 9);
    stream->close();
}

}  // namespace
}  // namespace sluice::sandbox
