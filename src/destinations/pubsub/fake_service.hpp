#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "destinations/pubsub/error_table.hpp"

namespace sluice::pubsub {

/// For tests and benchmarks: a gRPC server that speaks as much of Pub/Sub as the connector does, keeps what it is sent,
/// and behaves as told. Runs on gRPC's own threads. Thread: any.
class FakeService {
  public:
    struct Published {
        std::string topic;
        std::string data;
        std::map<std::string, std::string> attributes;
        std::string ordering_key;
    };
    /// One call, as it came.
    struct Request {
        std::string method;  ///< `Publish`, `CreateTopic`, …
        std::string target;  ///< topic, project or resource
        std::vector<Published> messages;
        std::string bytes;  ///< the message as protobuf writes it
        std::multimap<std::string, std::string> metadata;
        std::string authority;
    };
    /// What becomes of a call.
    struct Reaction {
        Status status = Status::ok;
        std::string message;
        std::string details;       ///< google.rpc.Status, serialized
        std::string date;          ///< the service's time, told beside the answer
        bool stores = true;        ///< of a Publish that succeeds, is silent or fails with it
        bool is_silent = false;    ///< no answer until the caller gives up
        bool is_nonsense = false;  ///< an answer without the ids
    };
    using React = std::function<Reaction(const Request&)>;

    struct Options {
        std::string certificate_pem;  ///< with both: TLS
        std::string key_pem;
    };
    FakeService();
    explicit FakeService(Options options);
    ~FakeService();

    std::uint16_t port() const noexcept;
    /// What the next calls meet. Every topic that was not created is there too, unless `react` says otherwise.
    void react(React react);

    std::vector<Request> requests() const;
    std::vector<Request> requests(std::string_view method) const;
    /// Stored messages, in order of arrival.
    std::vector<Published> stored() const;
    std::size_t stored_count() const;
    /// Keeps counts only from now on: for benchmarks.
    void keep_nothing();
    void subscribe(const std::string& topic, const std::string& subscription);
    /// Publish calls that are there now.
    std::size_t under_way() const;
    /// The most Publish calls that were there at a time.
    std::size_t most_at_a_time() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// For tests: relays TCP connections to a port on loopback, and cuts them when told.
class Relay {
  public:
    enum class Kind { plain, http_proxy };
    /// As a proxy it takes CONNECT, whatever for, and relays what comes after it.
    explicit Relay(std::uint16_t to, Kind kind = Kind::plain);
    ~Relay();
    std::uint16_t port() const noexcept;
    /// Closes every connection there is; new ones are taken.
    void cut();
    /// Connections taken so far.
    std::size_t taken() const;
    /// Bytes that came from the near side.
    std::size_t bytes_sent() const;
    /// The first lines of what a proxy was asked.
    std::vector<std::string> asked() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::pubsub
