#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/system/result.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/body_budget.hpp"
#include "http/read_buffer.hpp"
#include "http/request_head.hpp"
#include "http/response_head.hpp"
#include "http/server.hpp"
#include "net/stream.hpp"
#include "net/task_group.hpp"

namespace sluice::http {

/// What the sessions of one shard share. Thread: the shard's, but for `bodies`, and `options`, `handler` and
/// `head_check`, which are read by all.
struct SessionHost {
    boost::asio::io_context& io;
    std::size_t shard;
    const Server::Options& options;
    const Handler& handler;
    const HeadCheck& head_check;
    BodyBudget& bodies;
    DateText date;
    bool stopping = false;
};

/// One connection of a server: reads requests one after the other, has them answered, writes the answers in order.
/// It sets no timer of its own: its shard sweeps over all sessions now and then and ends what has run out of time.
class Session : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    Session(SessionHost& host, std::unique_ptr<Stream> stream);

    boost::asio::awaitable<void> run();

    void sweep(Deadline::Clock::time_point now);
    /// An idle connection is closed; a running request is finished first; a streamed answer is cancelled.
    void begin_stop();
    /// Ends whatever is going on.
    void kill();

  private:
    enum class Phase { idle, head, body, handler, write, linger };
    /// Why a request was not read: an answer to give, or none when the client is gone.
    struct Unread {
        std::optional<Refusal> refusal;
    };
    template <class T>
    using Read = boost::system::result<T, Unread>;
    class ChunkWriter;

    /// What ends a read before its time: its own deadline, or that others need the memory.
    enum class Ended { no, timed_out, in_the_way };

    void enter(Phase phase, std::chrono::milliseconds timeout);
    boost::asio::awaitable<Read<std::size_t>> receive(std::span<char> room);
    boost::asio::awaitable<Read<void>> fill();
    boost::asio::awaitable<Read<RequestHead>> read_head();
    bool is_in_the_way(Deadline::Clock::time_point now) const;
    void end_read(Ended why);
    boost::asio::awaitable<Read<void>> read_sized_body(std::uint64_t length, std::string& body);
    boost::asio::awaitable<Read<void>> read_chunked_body(std::string& body);
    boost::asio::awaitable<Read<void>> read_body(RequestHead& head);
    Read<void> unpack_body(std::string& body);

    std::optional<Response> check(RequestHead& head) const;
    boost::asio::awaitable<Response> call_handler(Request request);
    boost::asio::awaitable<void> serve(RequestHead head);
    boost::asio::awaitable<void> answer_unread(Unread unread);
    boost::asio::awaitable<void> answer_unwanted(RequestHead head, Response response);
    boost::asio::awaitable<void> discard(std::uint64_t bytes);

    boost::asio::awaitable<void> respond(Response response, bool head_only);
    boost::asio::awaitable<void> respond_stream(Response response);
    boost::asio::awaitable<Result<void>> write(std::span<const std::string_view> parts);
    boost::asio::awaitable<void> linger();

    SessionHost& host_;
    const ServerLimits& limits_;
    std::unique_ptr<Stream> stream_;
    std::string remote_address_;
    bool secure_;
    ReadBuffer buffer_;

    Phase phase_ = Phase::idle;
    Deadline deadline_ = Deadline::never();
    Ended ended_ = Ended::no;
    BodyBudget::Share held_;  ///< of the body being read, until its handler is done with it

    bool http_1_0_ = false;      ///< the request being answered
    bool keep_alive_ = true;     ///< there may be another request after this one
    bool unread_input_ = false;  ///< closing at once could destroy the answer on its way
    TaskGroup* streaming_ = nullptr;
};

}  // namespace sluice::http
