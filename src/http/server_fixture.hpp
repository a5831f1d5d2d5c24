#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/raw_client.hpp"
#include "http/server.hpp"

namespace sluice::http {

/// For tests of the server: one on a free port whose default handler answers `METHOD path?query|body`.
class ServerTest : public testing::Test {
  protected:
    RawClient connect() {
        if (!server_) start();
        return RawClient(server_->port());
    }

    void start() {
        options_.report = [this](std::string_view what) {
            std::lock_guard lock(mutex_);
            reports_.emplace_back(what);
        };
        server_ = std::make_unique<Server>(shards_, options_, handler_, head_check_);
        shards_.start();
        auto started = server_->start();
        ASSERT_TRUE(started) << started.error().message;
    }

    void TearDown() override {
        if (server_) server_->stop(Deadline::after({}));
        server_.reset();
        shards_.stop_and_join();
    }

    std::vector<std::string> reports() {
        std::lock_guard lock(mutex_);
        return reports_;
    }

    static boost::asio::awaitable<Response> echo(Request request) {
        auto target = request.path + (request.query.empty() ? "" : "?" + request.query);
        co_return Response::text(200, request.method + " " + target + "|" + request.body);
    }

    ShardSet shards_{1};
    Server::Options options_;
    Handler handler_ = echo;
    HeadCheck head_check_;
    std::unique_ptr<Server> server_;

  private:
    std::mutex mutex_;
    std::vector<std::string> reports_;
};

}  // namespace sluice::http
