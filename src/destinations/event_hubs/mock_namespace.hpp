#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::event_hubs {

/// For tests: librdkafka's mock cluster of one broker, plain text and without SASL, and a consumer that reads back what
/// it stored in its hubs' first partitions. The consumer has a thread of its own.
class MockNamespace {
  public:
    static constexpr std::int32_t kBroker = 1;
    static constexpr std::int16_t kProduce = 0;

    struct Stored {
        std::string key;
        std::string body;
        std::vector<std::pair<std::string, std::string>> headers;
    };

    explicit MockNamespace(const std::string& hub = {}, int partitions = 1) {
        host_ = rd_kafka_new(RD_KAFKA_PRODUCER, quiet_conf(), nullptr, 0);
        cluster_ = rd_kafka_mock_cluster_new(host_, 1);
        if (!hub.empty()) create(hub, partitions);
    }
    ~MockNamespace() {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        if (reading_.joinable()) reading_.join();
        if (consumer_ != nullptr) {
            rd_kafka_consumer_close(consumer_);
            rd_kafka_destroy(consumer_);
        }
        rd_kafka_mock_cluster_destroy(cluster_);
        rd_kafka_destroy(host_);
    }
    MockNamespace(const MockNamespace&) = delete;
    MockNamespace& operator=(const MockNamespace&) = delete;

    /// `127.0.0.1:34567`
    std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
    std::uint16_t port() const {
        auto all = address();
        return static_cast<std::uint16_t>(std::stoi(all.substr(all.rfind(':') + 1)));
    }

    void create(const std::string& hub, int partitions = 1) {
        rd_kafka_mock_topic_create(cluster_, hub.c_str(), partitions, 1);
    }
    void fail_hub(const std::string& hub, rd_kafka_resp_err_t error) {
        rd_kafka_mock_topic_set_error(cluster_, hub.c_str(), error);
    }
    /// The next `count` requests of this kind are answered so.
    void answer(std::int16_t kind, rd_kafka_resp_err_t error, std::size_t count = 1) {
        std::vector<rd_kafka_resp_err_t> errors(count, error);
        rd_kafka_mock_push_request_errors_array(cluster_, kind, count, errors.data());
    }
    void answer_no_more(std::int16_t kind) { rd_kafka_mock_clear_request_errors(cluster_, kind); }
    /// The next so many requests of this kind are acted on, and answered after so long.
    void answer_late(std::int16_t kind, std::size_t count, int milliseconds) {
        for (std::size_t i = 0; i < count; ++i)
            rd_kafka_mock_broker_push_request_error_rtts(cluster_, kBroker, kind, 1, RD_KAFKA_RESP_ERR_NO_ERROR,
                                                         milliseconds);
    }
    /// Of those, how many are still to come.
    std::size_t still_to_answer(std::int16_t kind) const {
        std::size_t count = 0;
        rd_kafka_mock_broker_error_stack_cnt(cluster_, kBroker, kind, &count);
        return count;
    }
    /// Uses up the late answers that nobody has met, each on a message to a partition of its own of another hub.
    void use_up_late_answers() {
        rd_kafka_conf_t* conf = quiet_conf();
        set(conf, "bootstrap.servers", address());
        set(conf, "linger.ms", "0");
        rd_kafka_t* producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
        create("answers", 1);
        rd_kafka_topic_t* topic = rd_kafka_topic_new(producer, "answers", nullptr);
        while (auto left = still_to_answer(kProduce)) {
            rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, const_cast<char*>("-"), 1, nullptr, 0, nullptr);
            while (still_to_answer(kProduce) == left) rd_kafka_poll(producer, 5);
        }
        rd_kafka_topic_destroy(topic);
        rd_kafka_purge(producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(producer);
    }
    /// Everything is answered after so long.
    void answer_all_late(int milliseconds) { rd_kafka_mock_broker_set_rtt(cluster_, kBroker, milliseconds); }
    void go_down() { rd_kafka_mock_broker_set_down(cluster_, kBroker); }
    void come_up() { rd_kafka_mock_broker_set_up(cluster_, kBroker); }
    void lose_leader(const std::string& hub) { rd_kafka_mock_partition_set_leader(cluster_, hub.c_str(), 0, -1); }

    /// From now on what the hub's first partition has is read, from its start.
    void read(const std::string& hub) {
        rd_kafka_conf_t* conf = quiet_conf();
        set(conf, "bootstrap.servers", address());
        set(conf, "group.id", "read-back");
        set(conf, "enable.auto.commit", "false");
        set(conf, "fetch.wait.max.ms", "10");
        consumer_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
        rd_kafka_poll_set_consumer(consumer_);
        auto* list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(list, hub.c_str(), 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
        rd_kafka_assign(consumer_, list);
        rd_kafka_topic_partition_list_destroy(list);
        hub_ = hub;
        reading_ = std::thread([this] { read_on(); });
    }

    /// What has been read so far.
    std::vector<Stored> seen() const {
        std::lock_guard lock(mutex_);
        return stored_;
    }
    void wait_until_seen(std::size_t count) const {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stored_.size() >= count; });
    }
    /// Everything that is stored.
    std::vector<Stored> stored() const {
        wait_until_seen(static_cast<std::size_t>(end()));
        return seen();
    }
    std::vector<std::string> bodies() const {
        std::vector<std::string> all;
        for (const auto& each : stored()) all.push_back(each.body);
        return all;
    }
    /// How many are stored.
    std::int64_t end() const {
        std::int64_t low = 0;
        std::int64_t high = 0;
        auto error = rd_kafka_query_watermark_offsets(consumer_, hub_.c_str(), 0, &low, &high, 10'000);
        if (error) throw std::runtime_error(rd_kafka_err2name(error));
        return high;
    }

  private:
    static rd_kafka_conf_t* quiet_conf() {
        rd_kafka_conf_t* conf = rd_kafka_conf_new();
        rd_kafka_conf_set_log_cb(conf, nullptr);
        rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t*, int, const char*, void*) {});
        return conf;
    }

    static void set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
        rd_kafka_conf_set(conf, name, value.c_str(), nullptr, 0);
    }

    static Stored stored_of(const rd_kafka_message_t& message) {
        Stored stored;
        if (message.key != nullptr) stored.key.assign(static_cast<const char*>(message.key), message.key_len);
        stored.body.assign(static_cast<const char*>(message.payload), message.len);
        rd_kafka_headers_t* headers = nullptr;
        if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            const char* name = nullptr;
            const void* value = nullptr;
            std::size_t size = 0;
            for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; ++i)
                stored.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
        }
        return stored;
    }

    void read_on() {
        for (;;) {
            rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer_, 20);
            std::lock_guard lock(mutex_);
            if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                stored_.push_back(stored_of(*message));
                changed_.notify_all();
            }
            if (message != nullptr) rd_kafka_message_destroy(message);
            if (stopping_) return;
        }
    }

    rd_kafka_t* host_ = nullptr;
    rd_kafka_mock_cluster_t* cluster_ = nullptr;
    rd_kafka_t* consumer_ = nullptr;
    std::string hub_;
    std::thread reading_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<Stored> stored_;
    bool stopping_ = false;
};

}  // namespace sluice::event_hubs
