#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "sandbox/core/fault_injector.hpp"
#include "sandbox/event_hubs/access.hpp"
#include "sandbox/event_hubs/hubs.hpp"
#include "sandbox/event_hubs/kafka_faults.hpp"
#include "sandbox/event_hubs/kafka_request.hpp"

namespace sluice::sandbox {

/// What the broker remembers of a connection. Thread: its connection's.
struct KafkaSession {
    // Where clients find the broker: told in Metadata.
    std::string host;
    std::uint16_t port = 0;

    std::string mechanism;         ///< as chosen by SaslHandshake; empty before
    bool raw_sasl = false;         ///< SaslHandshake 0: the next frame is the mechanism's, in no request
    std::optional<Rights> rights;  ///< set once authenticated
};

/// What becomes of a request.
struct KafkaReply {
    enum class Ending {
        answer,  ///< send `frame`, if it is not empty
        hang,    ///< never say anything again, but keep the connection
        close,   ///< close the connection without an answer
    };
    Ending ending = Ending::answer;
    std::string frame;         ///< with its size in front
    bool close_after = false;  ///< the connection ends with this answer
};

/// The Kafka endpoint of an Event Hubs namespace: one broker that leads every partition. Answers one request at a time
/// of a connection; what is malformed, not told in ApiVersions, or asked for before authentication ends the connection,
/// as it does with a broker. Thread: any, one call for a session at a time.
class KafkaBroker {
  public:
    KafkaBroker(const Access& access, Hubs& hubs, FaultInjector& faults, const Clock& clock);

    /// `frame`: a request without its size. `session` lives until it completes.
    boost::asio::awaitable<KafkaReply> handle(KafkaSession* session, std::shared_ptr<const std::string> frame);

  private:
    struct Request {
        KafkaSession* session;
        KafkaRequestHead head;
        KafkaReader body;
        std::shared_ptr<const std::string> frame;
    };

    boost::asio::awaitable<KafkaReply> handle_sasl(Request request);
    boost::asio::awaitable<KafkaReply> handle_produce(Request request);
    boost::asio::awaitable<KafkaReply> handle_fetch(Request request);
    boost::asio::awaitable<KafkaReply> handle_list_offsets(Request request);
    boost::asio::awaitable<KafkaReply> handle_metadata(Request request);
    boost::asio::awaitable<KafkaReply> handle_create_topics(Request request);
    boost::asio::awaitable<KafkaReply> handle_init_producer_id(Request request);

    KafkaReply api_versions(Request request) const;
    KafkaReply sasl_handshake(Request request) const;
    /// Lets a response of the session's mechanism decide. Sets the session's rights.
    Access::Checked<Rights> authenticate(KafkaSession& session, std::string_view response, Timestamp now) const;

    struct Produced {
        KafkaError error = KafkaError::none;
        std::int64_t offset = -1;
        bool throttled = false;
    };
    Produced produce(const Request& request, std::string_view topic, const ProduceRequest::Partition& partition);
    void write_metadata_topic(KafkaWriter& out, std::int16_t version, std::string_view name, KafkaError error,
                              std::int32_t partitions) const;
    KafkaFailure create_topic(const KafkaSession& session, const CreateTopicsRequest::Topic& topic, bool validate_only);
    /// Returns how many bytes of batches it wrote, and whether a partition had an error.
    std::pair<std::size_t, bool> write_fetched(KafkaWriter& out, const Request& request, const FetchRequest& fetch,
                                               const KafkaFaults& faults) const;

    const Access& access_;
    Hubs& hubs_;
    FaultInjector& faults_;
    const Clock& clock_;
    std::atomic<std::int64_t> next_producer_id_;
};

}  // namespace sluice::sandbox
