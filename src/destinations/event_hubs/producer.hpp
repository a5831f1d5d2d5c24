#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "destination/destination.hpp"
#include "destinations/event_hubs/config.hpp"
#include "destinations/event_hubs/handoff.hpp"
#include "destinations/event_hubs/hub_lookup.hpp"
#include "destinations/event_hubs/reports.hpp"

namespace sluice::event_hubs {

/// What a producer is made from. Integrations whose settings are equal share one.
struct ProducerSettings {
    explicit ProducerSettings(const Config& config);

    /// librdkafka puts messages together, whoever's they are, while they stay within this; a larger one goes alone.
    std::size_t record_batch_bytes() const noexcept;

    /// Equal for equal settings, and nobody can tell a secret from it.
    std::string key() const;

    std::string org;
    Endpoint endpoint;
    TlsSettings tls;
    bool allow_internal_addresses;
    bool allow_loopback;
    bool sasl;
    Secret password;       ///< the connection string; empty with tokens
    std::string identity;  ///< whose tokens they are
    Secret identity_secret;
    bool gzip;
    bool idempotence;
    std::size_t max_message_bytes;
    bool one_per_batch = false;  ///< each message is a record batch of its own
};

/// One message on its way. The views need to live until the call returns.
struct Record {
    std::string_view key;  ///< empty: any partition
    std::string_view body;
    struct Header {
        std::string_view name;
        std::string_view value;
    };
    std::span<const Header> headers;
};

/// One librdkafka producer: a connection to one namespace with one connection string, used by all of an org's
/// integrations that have these settings. Reports are heard, and everything else that librdkafka has to say, when
/// poll() is called, which whoever made it does whenever `event_fd` becomes readable.
///
/// What may have been stored is not sent again here (the lane decides). librdkafka itself sends again what the service
/// says it has not stored because a partition has moved; with `idempotence` also the rest, since the service then drops
/// what it has seen.
///
/// Thread: any. Lifecycle: shut() before the last reference goes; both may block for as long as librdkafka needs to end
/// its threads.
class Producer {
  public:
    /// Blocks while librdkafka starts its threads and reads the trusted authorities.
    static Result<std::shared_ptr<Producer>> make(const ProducerSettings& settings,
                                                  std::function<void(Producer*)> destroy);
    ~Producer();
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;

    int event_fd() const noexcept { return event_fd_; }
    void poll();

    /// Puts one message on the hub's queue; the outcome goes to `reports`. The hub must be known.
    void send(std::string_view hub, const Record& record, Reports& reports, std::size_t index);

    HubLookup& hubs() noexcept { return *lookup_; }

    /// How long the service asked to be left alone from now; zero when it did not.
    std::chrono::milliseconds held_back() const;
    /// Why nothing can be sent at present; nullptr while that is not known to be so.
    std::shared_ptr<const Failure> trouble() const;
    /// It can send nothing more, ever: to be replaced.
    bool is_spent() const noexcept { return spent_; }
    std::size_t outstanding() const noexcept { return outstanding_; }

    /// With Entra: the token to authenticate with from now on.
    Result<void> set_token(const Secret& token, Timestamp expires);

    /// Gives up what is outstanding and waits for its reports.
    void shut();

  private:
    Producer();
    static Result<rd_kafka_conf_t*> make_conf(const ProducerSettings& settings);

    void on_error(rd_kafka_resp_err_t error, const char* reason);
    void on_report(const rd_kafka_message_t& message);
    enum class Queued { comes_back, stays };
    void nothing_gets_through(std::shared_ptr<const Failure> why, Queued queued);
    std::shared_ptr<const Failure> trouble_of(rd_kafka_resp_err_t error, std::string_view reason) const;

    static void delivery_report(rd_kafka_t*, const rd_kafka_message_t* message, void* self);
    static void error_told(rd_kafka_t*, int error, const char* reason, void* self);
    static void throttled(rd_kafka_t*, const char*, std::int32_t, int milliseconds, void* self);
    static void token_wanted(rd_kafka_t*, const char*, void*);
    static int connect_to(int socket, const struct sockaddr* address, int size, const char*, void* self);

    rd_kafka_t* kafka_ = nullptr;
    rd_kafka_queue_t* queue_ = nullptr;
    int event_fd_ = -1;
    std::string server_;
    std::vector<Secret> unquotable_;  ///< what of its credentials the server's words may not tell
    bool allow_internal_addresses_ = true;
    bool allow_loopback_ = true;
    bool idempotence_ = false;
    std::unique_ptr<HubLookup> lookup_;

    std::atomic<std::size_t> outstanding_{0};
    std::atomic<bool> spent_{false};
    std::atomic<bool> address_refused_{false};
    std::atomic<std::chrono::steady_clock::rep> held_until_{0};
    mutable std::mutex mutex_;
    std::shared_ptr<const Failure> trouble_;
    Secret last_token_;
};

}  // namespace sluice::event_hubs
