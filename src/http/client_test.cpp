#include "http/client.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "http/raw_client.hpp"
#include "http/scripted_server.hpp"
#include "net/run_for_test.hpp"
#include "net/task_group.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using Step = ClientError::Step;

class ClientPoolTest : public testing::Test {
  protected:
    ClientPool::Options options(const Endpoint& endpoint) {
        ClientPool::Options made;
        made.endpoint = endpoint;
        return made;
    }
    ClientRequest post(std::string_view body, std::string target = "/") {
        ClientRequest request;
        request.target = std::move(target);
        request.body = {body};
        return request;
    }
    ClientResult send(ClientPool& pool, ClientRequest request, Deadline deadline = Deadline::never()) {
        return run_for_test(io_, pool.send(std::move(request), deadline));
    }

    asio::io_context io_;
};

/// A socket that listens and does nothing by itself.
class Listener {
  public:
    Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_, raw, size), 0);
        EXPECT_EQ(::listen(socket_, 1), 0);
        EXPECT_EQ(::getsockname(socket_, raw, &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~Listener() { ::close(socket_); }
    Endpoint endpoint() const { return {false, "127.0.0.1", port_}; }
    int accept() const { return ::accept(socket_, nullptr, nullptr); }

  private:
    int socket_;
    std::uint16_t port_ = 0;
};

asio::awaitable<void> send_into(std::optional<ClientResult>& result, ClientPool& pool, ClientRequest request,
                                Deadline deadline) {
    auto sent = co_await pool.send(std::move(request), deadline);
    result.emplace(std::move(sent));
}

TEST_F(ClientPoolTest, SendsTheRequestAsItIsWritten) {
    ScriptedServer server({Behaviour::respond(201, "made", {{"X-Id", "7"}})});
    ClientPool pool(io_, options(server.endpoint()));
    auto request = post("one", "/path?query=1");
    request.body = {"one", "", "two"};
    request.headers.add("X-Thing", "value");
    request.headers.add("Content-Length", "999");
    auto response = send(pool, std::move(request));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->body, "made");
    EXPECT_EQ(response->headers.get("x-id"), "7");

    auto seen = server.requests().at(0);
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.target, "/path?query=1");
    EXPECT_EQ(seen.body, "onetwo");
    EXPECT_EQ(seen.headers.get("Host"), fmt::format("127.0.0.1:{}", server.port()));
    EXPECT_EQ(seen.headers.get("Content-Length"), "6");
    EXPECT_EQ(seen.headers.get("X-Thing"), "value");
}

TEST_F(ClientPoolTest, AGivenHostWins) {
    ScriptedServer server;
    ClientPool pool(io_, options(server.endpoint()));
    auto request = post("");
    request.headers.add("host", "sqs.eu-west-1.amazonaws.com");
    ASSERT_TRUE(send(pool, std::move(request)));
    auto seen = server.requests().at(0);
    EXPECT_EQ(seen.headers.get("Host"), "sqs.eu-west-1.amazonaws.com");
    EXPECT_EQ(
        std::ranges::count_if(seen.headers.all(), [](const Header& h) { return equal_ignoring_case(h.first, "host"); }),
        1);
}

TEST_F(ClientPoolTest, RefusesWhatWouldBecomeAnotherRequest) {
    ScriptedServer server;
    ClientPool pool(io_, options(server.endpoint()));
    std::vector<ClientRequest> bad(5);
    bad[0].target = "/ HTTP/1.1\r\nX: y";
    bad[1].method = "GET /";
    bad[2].headers.add("X", "a\r\nY: b");
    bad[3].headers.add("X: y", "z");
    bad[4].target = "";
    for (auto& request : bad) {
        auto response = send(pool, std::move(request));
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().code, "bad_request");
        EXPECT_FALSE(response.error().maybe_sent);
    }
    EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ClientPoolTest, ReusesItsConnection) {
    ScriptedServer server;
    ClientPool pool(io_, options(server.endpoint()));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(send(pool, post("x")));
    EXPECT_EQ(server.connections(), 1u);
    EXPECT_EQ(pool.open_connections(), 1u);
    pool.close();
    EXPECT_EQ(pool.open_connections(), 0u);
}

TEST_F(ClientPoolTest, LeavesAConnectionThatTheServerHasClosed) {
    ScriptedServer server({Behaviour::respond(200).then_close()});
    ClientPool pool(io_, options(server.endpoint()));
    ASSERT_TRUE(send(pool, post("first")));
    server.wait_for_closed(1);
    ASSERT_TRUE(send(pool, post("second")));
    auto seen = server.requests();
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[1].connection, 1u);
}

TEST_F(ClientPoolTest, LeavesAConnectionWithUnexpectedBytes) {
    ScriptedServer server(
        {Behaviour::respond_bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n")});
    ClientPool pool(io_, options(server.endpoint()));
    EXPECT_EQ(send(pool, post(""))->body, "ok");
    EXPECT_EQ(pool.open_connections(), 0u);
}

TEST_F(ClientPoolTest, DoesNotKeepWhatTheServerWillClose) {
    ScriptedServer server({Behaviour::respond(200, "", {{"Connection", "close"}}),
                           Behaviour::respond_bytes("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
                           Behaviour::respond_bytes("HTTP/1.1 200 OK\r\n\r\nuntil the end").then_close()});
    ClientPool pool(io_, options(server.endpoint()));
    ASSERT_TRUE(send(pool, post("")));
    EXPECT_EQ(pool.open_connections(), 0u);
    ASSERT_TRUE(send(pool, post("")));
    EXPECT_EQ(pool.open_connections(), 0u);
    EXPECT_EQ(send(pool, post(""))->body, "until the end");
    EXPECT_EQ(pool.open_connections(), 0u);
}

TEST_F(ClientPoolTest, ReadsEveryKindOfResponse) {
    ScriptedServer server({
        Behaviour::respond_bytes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal"),
        Behaviour::respond_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "3\r\none\r\n3;x=y\r\ntwo\r\n0\r\nX-Trailer: t\r\n\r\n"),
        Behaviour::respond_bytes("HTTP/1.1 204 No Content\r\n\r\n"),
        Behaviour::respond_bytes("HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"),
        Behaviour::respond(500, std::string(100'000, 'e')),
    });
    ClientPool pool(io_, options(server.endpoint()));
    EXPECT_EQ(send(pool, post(""))->body, "final");
    auto chunked = send(pool, post(""));
    EXPECT_EQ(chunked->body, "onetwo");
    EXPECT_FALSE(chunked->headers.has("X-Trailer"));
    EXPECT_EQ(send(pool, post(""))->status, 204);
    EXPECT_EQ(send(pool, post(""))->status, 304);
    auto large = send(pool, post(""));
    EXPECT_EQ(large->status, 500);
    EXPECT_EQ(large->body, std::string(100'000, 'e'));
    EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientPoolTest, TheAnswerToAHeadHasNoBody) {
    ScriptedServer server({Behaviour::respond_bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")});
    ClientPool pool(io_, options(server.endpoint()));
    ClientRequest request;
    request.method = "HEAD";
    EXPECT_EQ(send(pool, std::move(request))->body, "");
    EXPECT_EQ(pool.open_connections(), 1u);
}

struct BadResponse {
    std::string bytes;
    const char* code;
};

TEST_F(ClientPoolTest, NamesWhatIsWrongWithAResponse) {
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const auto& [bytes, code] : {
             BadResponse{"", "closed_early"},
             BadResponse{"HTTP/1.1 2", "closed_early"},
             BadResponse{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "closed_early"},
             BadResponse{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", "closed_early"},
             BadResponse{"SSH-2.0-OpenSSH_9.2\r\n", "bad_response"},
             BadResponse{"HTTP/2 200\r\n\r\n", "bad_response"},
             BadResponse{"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "bad_response"},
             BadResponse{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12", "bad_response"},
             BadResponse{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "bad_response"},
             BadResponse{"HTTP/1.1 101 Switching Protocols\r\n\r\n", "bad_response"},
             // A chunk's extension, its size and the trailer: none of them may grow for ever.
             BadResponse{chunked + "5;" + std::string(200'000, 'x'), "bad_response"},
             BadResponse{chunked + std::string(200'000, '0'), "bad_response"},
             BadResponse{chunked + "0\r\n" + std::string(200'000, 'x'), "bad_response"},
             BadResponse{"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", "bad_response"},
         }) {
        ScriptedServer server({Behaviour::respond_bytes(bytes).then_close()});
        ClientPool pool(io_, options(server.endpoint()));
        auto request = post("x");
        request.max_response_bytes = 1000;
        auto response = send(pool, std::move(request));
        ASSERT_FALSE(response) << bytes;
        EXPECT_EQ(response.error().code, code) << bytes;
        EXPECT_EQ(response.error().step, Step::receive) << bytes;
        EXPECT_TRUE(response.error().maybe_sent) << bytes;
        EXPECT_EQ(pool.open_connections(), 0u);
    }
}

TEST_F(ClientPoolTest, KeepsTheBeginningOfALongResponseWhereTheRestIsOfNoUse) {
    const std::string body(300'000, 'b');
    const std::string head = "HTTP/1.1 502 Bad Gateway\r\nX-Id: 7\r\n";
    for (const auto& bytes : {
             head + "Content-Length: 300000\r\n\r\n" + body,
             head + "Content-Length: 1000000000000\r\n\r\n" + body,  // which never comes
             head + "Transfer-Encoding: chunked\r\n\r\n493e0\r\n" + body + "\r\n0\r\n\r\n",
             head + "\r\n" + body,
         }) {
        ScriptedServer server({Behaviour::respond_bytes(bytes)});
        ClientPool pool(io_, options(server.endpoint()));
        auto request = post("x");
        request.max_response_bytes = 1000;
        request.truncate_response = true;
        auto response = send(pool, request);
        ASSERT_TRUE(response) << response.error().error.message;
        EXPECT_EQ(response->status, 502);
        EXPECT_EQ(response->headers.get("X-Id"), "7");
        EXPECT_EQ(response->body, body.substr(0, 1000));
        EXPECT_EQ(pool.open_connections(), 0u) << "what was not read would be taken for the next response";
        EXPECT_EQ(send(pool, request)->status, 200);
        EXPECT_EQ(server.connections(), 2u);
    }
}

TEST_F(ClientPoolTest, AResponseAsLongAsMayBeKeptIsWhole) {
    const std::string body(1000, 'b');
    ScriptedServer server({Behaviour::respond(200, body),
                           Behaviour::respond_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" +
                                                    body + "\r\n0\r\n\r\n")});
    ClientPool pool(io_, options(server.endpoint()));
    for (int i = 0; i < 3; ++i) {
        auto request = post("x");
        request.max_response_bytes = 1000;
        request.truncate_response = true;
        auto response = send(pool, std::move(request));
        ASSERT_TRUE(response);
        EXPECT_EQ(response->body, i < 2 ? body : "");
    }
    EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientPoolTest, BoundsHeadsAndInterimResponses) {
    std::string endless;
    for (int i = 0; i < 100; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
    ScriptedServer server({Behaviour::respond_bytes("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"),
                           Behaviour::respond_bytes(endless)});
    ClientPool pool(io_, options(server.endpoint()));
    EXPECT_EQ(send(pool, post("x")).error().code, "bad_response");
    EXPECT_EQ(send(pool, post("x")).error().code, "bad_response");
}

TEST_F(ClientPoolTest, AResetIsToldFromARefusal) {
    ScriptedServer server({Behaviour::reset_after_reading(), Behaviour::reset_before_reading()});
    ClientPool pool(io_, options(server.endpoint()));
    for (int i = 0; i < 2; ++i) {
        auto response = send(pool, post("x"));
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().code, "connection_reset");
        EXPECT_TRUE(response.error().maybe_sent);
    }

    std::uint16_t nobody;
    {
        ScriptedServer gone;
        nobody = gone.port();
    }
    ClientPool refused(io_, options({false, "127.0.0.1", nobody}));
    auto response = send(refused, post("x"));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, "connection_refused");
    EXPECT_EQ(response.error().step, Step::connect);
    EXPECT_FALSE(response.error().maybe_sent);
    EXPECT_EQ(refused.open_connections(), 0u);
}

TEST_F(ClientPoolTest, AnUnknownNameIsADnsFailure) {
    ClientPool pool(io_, options({false, "does-not-exist.invalid", 80}));
    auto response = send(pool, post("x"));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, "dns_failure");
    EXPECT_EQ(response.error().step, Step::resolve);
    EXPECT_NE(response.error().error.message.find("does-not-exist.invalid"), std::string::npos);
}

TEST_F(ClientPoolTest, EndsAtTheDeadlineAndTellsThatItWasSent) {
    ScriptedServer server({Behaviour::hang()});
    ClientPool pool(io_, options(server.endpoint()));
    std::optional<ClientResult> result;
    auto response = send(pool, post("x"), Deadline::after(std::chrono::milliseconds(20)));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, "timeout");
    EXPECT_EQ(response.error().step, Step::receive);
    EXPECT_TRUE(response.error().maybe_sent);
    EXPECT_EQ(pool.open_connections(), 0u);
}

TEST_F(ClientPoolTest, ADeadlineThatHasPassedSendsNothingAndKeepsTheConnection) {
    ScriptedServer server;
    ClientPool pool(io_, options(server.endpoint()));
    ASSERT_TRUE(send(pool, post("x")));
    auto response = send(pool, post("too late"), Deadline(Deadline::Clock::now() - std::chrono::seconds(1)));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, "timeout");
    EXPECT_FALSE(response.error().maybe_sent);
    EXPECT_EQ(server.requests().size(), 1u);
    EXPECT_EQ(pool.open_connections(), 1u);
}

TEST_F(ClientPoolTest, EndsAtTheDeadlineWhileTheServerDoesNotRead) {
    Listener listener;  // its kernel takes the connection, and nobody reads from it
    ClientPool pool(io_, options(listener.endpoint()));
    std::string more_than_both_buffers(32 << 20, 'x');
    auto response = send(pool, post(more_than_both_buffers), Deadline::after(std::chrono::milliseconds(50)));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, "timeout");
    EXPECT_EQ(response.error().step, Step::send);
    EXPECT_TRUE(response.error().maybe_sent);
}

TEST_F(ClientPoolTest, AnEarlyAnswerIsReadAlsoWhenTheRequestWasNotTaken) {
    Listener listener;
    std::thread server([&listener] {
        int socket = listener.accept();
        std::string answer = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig";
        (void)!::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
        ::shutdown(socket, SHUT_WR);
        // Reads on until the client has seen the answer and closes: a stack that resets here loses it.
        std::array<char, 65536> buffer;
        while (::recv(socket, buffer.data(), buffer.size(), 0) > 0) {
        }
        ::close(socket);
    });
    ClientPool pool(io_, options(listener.endpoint()));
    std::string body(8 << 20, 'x');
    auto response = send(pool, post(body));
    server.join();
    ASSERT_TRUE(response) << response.error().error.message;
    EXPECT_EQ(response->status, 413);
    EXPECT_EQ(response->body, "big");
    EXPECT_EQ(pool.open_connections(), 0u);
}

TEST_F(ClientPoolTest, WaitersAreServedInOrderWhenAllConnectionsAreBusy) {
    auto gate = std::make_shared<Gate>();
    ScriptedServer server({Behaviour::respond(200).after(gate)});
    auto narrow = options(server.endpoint());
    narrow.max_connections = 1;
    ClientPool pool(io_, narrow);
    TaskGroup group(io_);
    std::vector<std::optional<ClientResult>> results(5);
    for (int i = 0; i < 5; ++i) {
        group.spawn(send_into(results[i], pool, post("", "/" + std::to_string(i)), Deadline::never()));
    }
    std::thread opener([&] {
        server.wait_for_requests(1);
        gate->open();
    });
    run_for_test(io_, group.join());
    opener.join();
    auto seen = server.requests();
    ASSERT_EQ(seen.size(), 5u);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(seen[i].target, "/" + std::to_string(i));
        EXPECT_EQ(seen[i].connection, 0u);
        EXPECT_TRUE(*results[i]);
    }
}

TEST_F(ClientPoolTest, WaitingCountsTowardTheDeadline) {
    ScriptedServer server({Behaviour::hang()});
    auto narrow = options(server.endpoint());
    narrow.max_connections = 1;
    ClientPool pool(io_, narrow);
    TaskGroup group(io_);
    std::optional<ClientResult> busy;
    group.spawn(send_into(busy, pool, post("busy"), Deadline::never()));
    while (server.requests().empty()) io_.poll();
    auto response = send(pool, post("waits"), Deadline::after(std::chrono::milliseconds(20)));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, "timeout");
    EXPECT_EQ(response.error().step, Step::wait_for_connection);
    EXPECT_FALSE(response.error().maybe_sent);
    group.cancel();
    run_for_test(io_, group.join());
}

TEST_F(ClientPoolTest, APlaceThatFailsGoesToTheNextWaiter) {
    auto gate = std::make_shared<Gate>();
    ScriptedServer server({Behaviour::reset_after_reading().after(gate)});
    auto narrow = options(server.endpoint());
    narrow.max_connections = 1;
    ClientPool pool(io_, narrow);
    TaskGroup group(io_);
    std::optional<ClientResult> first;
    std::optional<ClientResult> second;
    group.spawn(send_into(first, pool, post("1"), Deadline::never()));
    group.spawn(send_into(second, pool, post("2"), Deadline::never()));
    std::thread opener([&] {
        server.wait_for_requests(1);
        gate->open();
    });
    run_for_test(io_, group.join());
    opener.join();
    EXPECT_FALSE(*first);
    ASSERT_TRUE(*second);
    EXPECT_EQ(pool.open_connections(), 1u);
}

TEST_F(ClientPoolTest, CancellingEndsARequestAndItsConnection) {
    ScriptedServer server({Behaviour::hang()});
    ClientPool pool(io_, options(server.endpoint()));
    TaskGroup group(io_);
    std::optional<ClientResult> result;
    group.spawn(send_into(result, pool, post("x"), Deadline::never()));
    std::thread canceller([&] {
        server.wait_for_requests(1);
        asio::post(io_, [&] { group.cancel(); });
    });
    run_for_test(io_, group.join());
    canceller.join();
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().code, "cancelled");
    EXPECT_TRUE(result->error().maybe_sent);
    EXPECT_EQ(pool.open_connections(), 0u);
    server.wait_for_closed(1);
}

TEST_F(ClientPoolTest, CloseEndsWhatIsSentAndWhatWaits) {
    ScriptedServer server({Behaviour::hang()});
    auto narrow = options(server.endpoint());
    narrow.max_connections = 1;
    ClientPool pool(io_, narrow);
    TaskGroup group(io_);
    std::optional<ClientResult> sending;
    std::optional<ClientResult> waiting;
    group.spawn(send_into(sending, pool, post("1"), Deadline::never()));
    group.spawn(send_into(waiting, pool, post("2"), Deadline::never()));
    std::thread closer([&] {
        server.wait_for_requests(1);
        asio::post(io_, [&] { pool.close(); });
    });
    run_for_test(io_, group.join());
    closer.join();
    ASSERT_FALSE(*sending);
    EXPECT_EQ(sending->error().code, "cancelled");
    EXPECT_TRUE(sending->error().maybe_sent);
    ASSERT_FALSE(*waiting);
    EXPECT_EQ(waiting->error().code, "cancelled");
    EXPECT_FALSE(waiting->error().maybe_sent);
    EXPECT_EQ(pool.open_connections(), 0u);
    EXPECT_EQ(send(pool, post("3")).error().code, "cancelled");
}

TEST_F(ClientPoolTest, ClosesConnectionsThatWereIdleForLong) {
    ScriptedServer server;
    auto brief = options(server.endpoint());
    brief.max_idle = std::chrono::seconds(0);
    ClientPool pool(io_, brief);
    ASSERT_TRUE(send(pool, post("x")));
    EXPECT_EQ(pool.open_connections(), 1u);
    io_.run();
    EXPECT_EQ(pool.open_connections(), 0u);
    server.wait_for_closed(1);
}

TEST_F(ClientPoolTest, MayGoBeforeItsRequests) {
    ScriptedServer server({Behaviour::hang()});
    TaskGroup group(io_);
    std::optional<ClientResult> result;
    {
        ClientPool pool(io_, options(server.endpoint()));
        group.spawn(send_into(result, pool, post("x"), Deadline::never()));
        while (server.requests().empty()) io_.poll();
    }
    run_for_test(io_, group.join());
    EXPECT_EQ(result->error().code, "cancelled");
}

}  // namespace
}  // namespace sluice::http
