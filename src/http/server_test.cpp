#include "http/server.hpp"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <set>
#include <thread>

#include "http/server_fixture.hpp"
#include "net/signal_event.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

std::string post(std::string_view body, std::string_view fields = "") {
    return fmt::format("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), fields, body);
}

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
    auto client = connect();
    for (int i = 0; i < 3; ++i) {
        auto answer = client.ask(post(std::to_string(i)));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->body, fmt::format("POST /p|{}", i));
        EXPECT_EQ(answer->field("Connection"), "");
        EXPECT_TRUE(answer->field("Date").ends_with(" GMT"));
    }
    EXPECT_EQ(server_->open_connections(), 1u);
}

TEST_F(ServerTest, LetsAHandlerHaveAClockOfItsOwn) {
    handler_ = [](Request) -> boost::asio::awaitable<Response> {
        auto response = Response::text(200, "");
        response.headers.set("date", "Sun, 30 Aug 2015 12:36:00 GMT");
        co_return response;
    };
    auto client = connect();
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->field("Date"), "Sun, 30 Aug 2015 12:36:00 GMT");
    EXPECT_EQ(answer->head.find("date:"), std::string::npos);
}

TEST_F(ServerTest, ClosesWithoutAWordWhenTheHandlerAborts) {
    handler_ = [](Request) -> boost::asio::awaitable<Response> {
        auto response = Response::text(200, "never seen");
        response.abort = true;
        co_return response;
    };
    auto client = connect();
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_FALSE(client.read_answer());
    EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerTest, HandsTheHandlerEverythingItKnows) {
    handler_ = [](Request request) -> asio::awaitable<Response> {
        EXPECT_EQ(request.method, "PUT");
        EXPECT_EQ(request.target, "/a%20b/c?x=1&y=%2F");
        EXPECT_EQ(request.path, "/a%20b/c");
        EXPECT_EQ(request.query, "x=1&y=%2F");
        EXPECT_EQ(request.path_segments(), (std::vector<std::string>{"a b", "c"}));
        EXPECT_EQ(request.query_parameter("y"), "/");
        EXPECT_EQ(request.headers.get("x-thing"), "some value");
        EXPECT_EQ(request.remote_address, "127.0.0.1");
        EXPECT_FALSE(request.secure);
        EXPECT_EQ(request.shard, 0u);
        EXPECT_EQ(request.body, "body");
        co_return Response::json(201, "{}");
    };
    auto client = connect();
    auto answer = client.ask(
        "PUT /a%20b/c?x=1&y=%2F HTTP/1.1\r\nHost: x\r\nX-Thing: \t some value \r\nContent-Length: 4\r\n\r\nbody");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->field("content-type"), "application/json");
}

/// Ready answers from handlers that are plain functions: a coroutine lambda must not capture.
asio::awaitable<Response> ready(Response response) {
    co_return response;
}

TEST_F(ServerTest, SpreadsConnectionsOverItsShards) {
    ShardSet shards(3);
    std::mutex mutex;
    std::set<std::size_t> seen;
    auto handler = [&](Request request) {
        EXPECT_TRUE(shards[request.shard].is_current());
        std::lock_guard lock(mutex);
        seen.insert(request.shard);
        return ready(Response::text(200, ""));
    };
    Server server(shards, {}, handler);
    shards.start();
    ASSERT_TRUE(server.start());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(RawClient(server.port()).ask(kGet));
    EXPECT_EQ(seen.size(), 3u);
    server.stop(Deadline::after({}));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
    handler_ = [](Request request) -> asio::awaitable<Response> {
        // The first is answered last, if they were answered side by side.
        auto executor = co_await asio::this_coro::executor;
        for (int turns = request.path == "/0" ? 50 : 0; turns > 0; --turns)
            co_await asio::post(executor, asio::use_awaitable);
        co_return Response::text(200, request.path);
    };
    auto client = connect();
    std::string all;
    for (int i = 0; i < 20; ++i) all += fmt::format("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", i);
    client.send(all);
    for (int i = 0; i < 20; ++i) {
        auto answer = client.read_answer();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->body, fmt::format("/{}", i));
    }
}

TEST_F(ServerTest, ReadsRequestsHoweverTheyAreSplit) {
    const std::string requests =
        post("first") +
        "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\none\r\n2\r\ntw\r\n"
        "0\r\nTrailer: x\r\n\r\n" +
        std::string(kGet);
    for (std::size_t split = 1; split < requests.size(); ++split) {
        auto client = connect();
        client.send(std::string_view(requests).substr(0, split));
        // An answer that is complete already must have been sent; then the rest.
        std::thread rest([&] { client.send(std::string_view(requests).substr(split)); });
        std::vector<std::string> bodies;
        rest.join();
        for (int i = 0; i < 3; ++i) {
            auto answer = client.read_answer();
            ASSERT_TRUE(answer) << "split at " << split;
            bodies.push_back(answer->body);
        }
        EXPECT_EQ(bodies, (std::vector<std::string>{"POST /p|first", "POST /c|onetw", "GET /|"}))
            << "split at " << split;
    }
}

TEST_F(ServerTest, ReadsABodyFarLargerThanItsBuffer) {
    std::string body(3'000'000, 'x');
    for (std::size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i / 1000 % 26);
    auto client = connect();
    std::string chunked = "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < body.size(); at += 70'000) {
        auto piece = std::string_view(body).substr(at, 70'000);
        chunked += fmt::format("{:X}\r\n{}\r\n", piece.size(), piece);
    }
    chunked += "0\r\n\r\n";
    for (const auto& request : {post(body), chunked}) {
        std::thread sender([&] { client.send(request); });
        auto answer = client.read_answer();
        sender.join();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->body.substr(answer->body.find('|') + 1), body);
    }
}

TEST_F(ServerTest, AnswersAHalfClosedClient) {
    auto client = connect();
    client.send(post("last words"));
    client.half_close();
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "POST /p|last words");
    EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerTest, HeadGetsTheFieldsOfTheAnswerAndNoBody) {
    auto client = connect();
    client.send("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
    auto answer = client.read_answer(/*head_only=*/true);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->field("Content-Length"), "8");
    EXPECT_EQ(client.ask(kGet)->body, "GET /|") << "the connection goes on where it was";
}

TEST_F(ServerTest, OptionsReachesTheHandlerAlsoForTheWholeServer) {
    auto client = connect();
    EXPECT_EQ(client.ask("OPTIONS /x HTTP/1.1\r\nHost: x\r\n\r\n")->body, "OPTIONS /x|");
    EXPECT_EQ(client.ask("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")->body, "OPTIONS *|");
}

TEST_F(ServerTest, TakesATargetInAbsoluteForm) {
    handler_ = [](Request request) -> asio::awaitable<Response> {
        co_return Response::text(200,
                                 std::string(request.headers.get("Host")) + " " + request.path + " " + request.query);
    };
    auto client = connect();
    EXPECT_EQ(client.ask("GET http://a.example:81/p?q HTTP/1.1\r\nHost: other\r\n\r\n")->body, "a.example:81 /p q");
    EXPECT_EQ(client.ask("GET HTTP://a.example?q HTTP/1.1\r\nHost: other\r\n\r\n")->body, "a.example / q");
}

TEST_F(ServerTest, NoBodyAndNoLengthWith204And304) {
    handler_ = [](Request request) -> asio::awaitable<Response> {
        Response response = Response::text(request.path == "/204" ? 204 : 304, "not to be sent");
        co_return response;
    };
    auto client = connect();
    for (auto path : {"/204", "/304"}) {
        auto answer = client.ask(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->field("Content-Length"), "");
    }
}

TEST_F(ServerTest, SendsSharedBytes) {
    auto shared = std::make_shared<const std::string>("shared page");
    handler_ = [shared](Request) {
        Response response;
        response.shared_body = shared;
        return ready(std::move(response));
    };
    EXPECT_EQ(connect().ask(kGet)->body, "shared page");
}

TEST_F(ServerTest, ClosesWhenTheClientOrTheHandlerAsksForIt) {
    auto client = connect();
    auto answer = client.ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n");
    EXPECT_EQ(answer->field("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server());

    handler_ = [](Request) -> asio::awaitable<Response> {
        auto response = Response::text(200, "bye");
        response.close = true;
        co_return response;
    };
    server_->stop(Deadline::after({}));
    server_ = std::make_unique<Server>(shards_, options_, handler_);
    ASSERT_TRUE(server_->start());
    auto second = connect();
    EXPECT_EQ(second.ask(kGet)->field("Connection"), "close");
    EXPECT_TRUE(second.is_closed_by_server());
}

TEST_F(ServerTest, Http10ClosesUnlessAskedToStay) {
    auto client = connect();
    auto answer = client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(answer->field("Connection"), "keep-alive");
    answer = client.ask("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(answer->field("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerTest, SkipsEmptyLinesBeforeARequest) {
    auto client = connect();
    EXPECT_EQ(client.ask("\r\n\r\n" + std::string(kGet))->status, 200);
    client.send("\r");
    EXPECT_EQ(client.ask("\n" + std::string(kGet))->status, 200);
}

TEST_F(ServerTest, AThrowIs500AndReported) {
    handler_ = [](Request request) -> asio::awaitable<Response> {
        if (request.path == "/late") {
            auto executor = co_await asio::this_coro::executor;
            co_await asio::post(executor, asio::use_awaitable);
        }
        throw std::runtime_error("the secret of the database");
    };
    auto client = connect();
    for (auto path : {"/early", "/late"}) {
        auto answer = client.ask(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 500);
        EXPECT_EQ(answer->field("Content-Type"), "application/problem+json");
        EXPECT_EQ(answer->body.find("secret"), std::string::npos);
    }
    EXPECT_EQ(reports(), (std::vector<std::string>(2, "a request's handler threw: the secret of the database")));
}

TEST_F(ServerTest, NoHeaderValueCanBeginAnotherField) {
    handler_ = [](Request) -> asio::awaitable<Response> {
        auto response = Response::text(200, "ok");
        response.headers.add("X-Echo", "a\r\nSet-Cookie: stolen=1\r\n\r\n<html>");
        response.headers.add("Bad Name\r\n", "x");
        response.headers.add("Content-Length", "99");
        response.headers.add("Transfer-Encoding", "chunked");
        co_return response;
    };
    auto answer = connect().ask(kGet);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "ok");
    EXPECT_EQ(answer->field("Set-Cookie"), "");
    EXPECT_EQ(answer->field("X-Echo"), "a  Set-Cookie: stolen=1    <html>");
    EXPECT_EQ(answer->field("Transfer-Encoding"), "");
}

TEST_F(ServerTest, StartNamesWhatIsWrongWithTheAddress) {
    start();
    Server::Options taken;
    taken.port = server_->port();
    Server second(shards_, taken, echo);
    auto started = second.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::conflict);
    EXPECT_EQ(started.error().message, fmt::format("address already in use: 127.0.0.1:{}", taken.port));

    Server::Options nonsense;
    nonsense.address = "example.com";
    auto third = Server(shards_, nonsense, echo).start();
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, Errc::invalid_argument);
}

TEST_F(ServerTest, RefusesConnectionsBeyondItsBound) {
    options_.limits.max_connections = 2;
    auto first = connect();
    auto second = connect();
    ASSERT_TRUE(first.ask(kGet));
    ASSERT_TRUE(second.ask(kGet));
    auto third = connect();
    auto answer = third.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_TRUE(third.is_closed_by_server());
    EXPECT_EQ(first.ask(kGet)->status, 200);
}

// --- streamed answers

TEST_F(ServerTest, StreamsChunksAndCloses) {
    handler_ = [](Request) -> asio::awaitable<Response> {
        Response response;
        response.headers.add("Content-Type", "text/event-stream");
        response.stream = [](BodyWriter& writer) -> asio::awaitable<void> {
            for (auto piece : {"data: 1\n\n", "", "data: 2\n\n"}) {
                auto written = co_await writer.write(piece);
                EXPECT_TRUE(written);
            }
        };
        co_return response;
    };
    auto client = connect();
    auto answer = client.ask(kGet);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->field("Transfer-Encoding"), "chunked");
    EXPECT_EQ(answer->field("Connection"), "close");
    EXPECT_EQ(answer->body, "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n");
    EXPECT_EQ(connect().ask("GET / HTTP/1.0\r\n\r\n")->body, "data: 1\n\ndata: 2\n\n");
}

TEST_F(ServerTest, AStreamThatThrowsIsVisiblyCut) {
    handler_ = [](Request) -> asio::awaitable<Response> {
        Response response;
        response.stream = [](BodyWriter& writer) -> asio::awaitable<void> {
            co_await writer.write("one");
            throw std::runtime_error("gone wrong");
        };
        co_return response;
    };
    EXPECT_EQ(connect().ask(kGet)->body, "3\r\none\r\n");
    EXPECT_EQ(reports(), (std::vector<std::string>{"a streamed answer threw: gone wrong"}));
}

asio::awaitable<void> write_until_it_fails(BodyWriter& writer, std::promise<Errc>& ended) {
    std::string piece(100'000, 'x');
    while (true) {
        auto written = co_await writer.write(piece);
        if (written) continue;
        ended.set_value(written.error().code);
        co_return;
    }
}

TEST_F(ServerTest, AStreamLearnsThatItsClientIsGone) {
    std::promise<Errc> ended;
    handler_ = [&ended](Request) {
        Response response;
        response.stream = [&ended](BodyWriter& writer) { return write_until_it_fails(writer, ended); };
        return ready(std::move(response));
    };
    auto client = connect();
    client.send(kGet);
    EXPECT_EQ(client.read_bytes(15), "HTTP/1.1 200 OK");
    client.reset();
    EXPECT_EQ(ended.get_future().get(), Errc::io);
}

// --- stop

class ServerStopTest : public ServerTest {
  protected:
    /// A handler that says that it runs and answers when told to.
    void SetUp() override {
        handler_ = [this](Request) -> asio::awaitable<Response> { return wait_for_release(); };
    }
    asio::awaitable<Response> wait_for_release() {
        auto executor = co_await asio::this_coro::executor;
        SignalEvent event(executor);
        event_ = &event;
        running_.set_value();
        bool released = co_await event.wait(Deadline::never());
        cancelled_ = !released;
        co_return Response::text(200, "finished");
    }
    void release() {
        asio::post(shards_[0].io(), [this] { event_->set(); });
    }

    SignalEvent* event_ = nullptr;
    std::promise<void> running_;
    std::atomic<bool> cancelled_ = false;
};

TEST_F(ServerStopTest, LetsARunningRequestFinishAndClosesIdleConnections) {
    auto idle = connect();
    auto client = connect();
    client.send(kGet);
    running_.get_future().get();
    std::thread stopper([this] { server_->stop(Deadline::never()); });
    EXPECT_TRUE(idle.is_closed_by_server());
    release();
    auto answer = client.read_answer();
    stopper.join();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "finished");
    EXPECT_EQ(answer->field("Connection"), "close");
    EXPECT_EQ(server_->open_connections(), 0u);
    EXPECT_THROW(connect(), std::runtime_error);
}

TEST_F(ServerStopTest, CancelsARunningRequestAtTheDeadline) {
    auto client = connect();
    client.send(kGet);
    running_.get_future().get();
    server_->stop(Deadline::after(std::chrono::milliseconds(1)));
    EXPECT_TRUE(cancelled_);
    EXPECT_TRUE(client.is_closed_by_server());
    EXPECT_EQ(server_->open_connections(), 0u);
}

asio::awaitable<void> stream_until_cancelled(BodyWriter& writer, std::promise<void>& streaming) {
    auto executor = co_await asio::this_coro::executor;
    SignalEvent never(executor);
    auto written = co_await writer.write("hello");
    EXPECT_TRUE(written);
    streaming.set_value();
    bool set = co_await never.wait(Deadline::never());
    EXPECT_FALSE(set);
    auto late = co_await writer.write("too late");
    EXPECT_FALSE(late);
}

TEST_F(ServerStopTest, EndsStreamedAnswersAtOnce) {
    std::promise<void> streaming;
    handler_ = [&streaming](Request) {
        Response response;
        response.stream = [&streaming](BodyWriter& writer) { return stream_until_cancelled(writer, streaming); };
        return ready(std::move(response));
    };
    auto client = connect();
    client.send(kGet);
    streaming.get_future().get();
    server_->stop(Deadline::never());
    EXPECT_TRUE(client.read_to_end().ends_with("5\r\nhello\r\n0\r\n\r\n"));
}

TEST_F(ServerStopTest, CanStopBeforeAnythingCame) {
    start();
    server_->stop(Deadline::never());
    server_->stop(Deadline::never());
}

}  // namespace
}  // namespace sluice::http
