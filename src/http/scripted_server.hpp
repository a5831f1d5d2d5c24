#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "net/endpoint.hpp"

namespace sluice::http {

/// For tests: something that holds threads until it is opened.
class Gate {
  public:
    void open();
    void wait();

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

/// For tests: what a ScriptedServer does with one request.
struct Behaviour {
    enum class Kind { respond, reset_before_reading, reset_after_reading, close_after_reading, hang };
    Kind kind = Kind::respond;
    std::string bytes;           ///< of the response, as sent
    bool close_after = false;    ///< closes the connection after the response, without having said so
    bool reset_after = false;    ///< resets it instead
    std::shared_ptr<Gate> gate;  ///< held before it answers (the request has been read and recorded)

    /// A whole response with its Content-Length.
    static Behaviour respond(int status, std::string_view body = "", const std::vector<Header>& headers = {});
    /// These bytes, whatever they mean.
    static Behaviour respond_bytes(std::string bytes);
    static Behaviour reset_before_reading() { return {Kind::reset_before_reading, {}, false, false, nullptr}; }
    static Behaviour reset_after_reading() { return {Kind::reset_after_reading, {}, false, false, nullptr}; }
    static Behaviour close_after_reading() { return {Kind::close_after_reading, {}, false, false, nullptr}; }
    /// Reads the request and never answers.
    static Behaviour hang() { return {Kind::hang, {}, false, false, nullptr}; }

    Behaviour then_close() && {
        close_after = true;
        return std::move(*this);
    }
    Behaviour then_reset() && {
        reset_after = true;
        return std::move(*this);
    }
    Behaviour after(std::shared_ptr<Gate> held_by) && {
        gate = std::move(held_by);
        return std::move(*this);
    }
};

/// For tests: an HTTP server on loopback that behaves as it is told, request by request in order of arrival, and
/// records what it was sent. When the script is over it answers 200 with an empty body. Has threads of its own; any
/// thread may call it.
class ScriptedServer {
  public:
    struct Recorded {
        std::string method;
        std::string target;
        Headers headers;
        std::string body;
        std::size_t connection = 0;  ///< counted from 0
    };

    explicit ScriptedServer(std::vector<Behaviour> script = {});
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    std::uint16_t port() const noexcept;
    Endpoint endpoint() const;  ///< http://127.0.0.1:port

    /// Appends to the script.
    void then(Behaviour behaviour);
    std::vector<Recorded> requests() const;
    /// Waits until so many have been read, and returns them.
    std::vector<Recorded> wait_for_requests(std::size_t count) const;
    /// Waits until so many connections have been closed by the client or by the script.
    void wait_for_closed(std::size_t count) const;
    std::size_t connections() const;  ///< accepted so far

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::http
