#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <csignal>
#include <deque>
#include <unordered_map>

#include "app/building.hpp"
#include "app/commands.hpp"
#include "app/progress.hpp"
#include "base/encoding.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t kWorkers = 8;
/// How many actions may wait for a slow server before the building itself waits.
constexpr std::size_t kMaxWaiting = 256;
constexpr auto kTick = std::chrono::milliseconds(10);
constexpr auto kCallTimeout = std::chrono::seconds(60);

std::string_view path_of(BuildingAction::Path path) {
    switch (path) {
        case BuildingAction::Path::share:
            return "share";
        case BuildingAction::Path::device:
            return "device";
        case BuildingAction::Path::device_health:
            return "device-health";
    }
    return "share";
}

std::string_view method_of(BuildingAction::Kind kind) {
    switch (kind) {
        case BuildingAction::Kind::create:
            return "POST";
        case BuildingAction::Kind::update:
            return "PUT";
        case BuildingAction::Kind::remove:
            return "DELETE";
    }
    return "POST";
}

/// Sends a building's actions: one worker a connection, a device always on the same one, so that what happens to a
/// device happens in order. Thread: the io_context's.
class Simulation {
  public:
    Simulation(const SimulateCommand& command, boost::asio::io_context& io, ApiClient& client)
        : command_(command),
          io_(io),
          client_(client),
          building_({.buildings = command.buildings, .seed = command.seed}),
          space_(io.get_executor()) {
        for (std::size_t i = 0; i < kWorkers; ++i) workers_.push_back(std::make_unique<Worker>(io));
    }

    boost::asio::awaitable<int> run() {
        TaskGroup group(io_);
        for (auto& worker : workers_) group.spawn(work(worker.get()));
        co_await generate();
        for (auto& worker : workers_) {
            worker->closing = true;
            worker->wake.set();
        }
        co_await group.join();
        progress_.clear();
        fmt::print("{} actions sent: {} created, {} updated, {} deleted\n", done_, counts_[0], counts_[1], counts_[2]);
        if (failure_) {
            fmt::print(stderr, "sluice simulate: {}\n", failure_->message);
            if (!failure_->hint.empty()) fmt::print(stderr, "  {}\n", failure_->hint);
            co_return 1;
        }
        co_return 0;
    }

    void stop() { stopping_ = true; }

  private:
    struct Worker {
        explicit Worker(boost::asio::io_context& io) : wake(io.get_executor()) {}
        std::deque<BuildingAction> queue;
        SignalEvent wake;
        bool closing = false;
    };

    boost::asio::awaitable<void> generate() {
        auto started = std::chrono::steady_clock::now();
        std::uint64_t made = 0;
        while (!stopping_ && !failure_ && (command_.count == 0 || made < command_.count)) {
            auto elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
            bool due = command_.rate <= 0 || static_cast<double>(made) < elapsed * command_.rate;
            if (due && waiting_ < kMaxWaiting) {
                auto action = building_.next();
                auto& worker = *workers_[action.device % workers_.size()];
                worker.queue.push_back(std::move(action));
                worker.wake.set();
                ++waiting_;
                ++made;
                continue;
            }
            co_await space_.wait(Deadline::after(kTick));
            progress_.update(done_, command_.count, fmt::format("building time {}", format_rfc3339(building_.now())));
        }
    }

    boost::asio::awaitable<void> work(Worker* worker) {
        for (;;) {
            while (worker->queue.empty()) {
                if (worker->closing) co_return;
                co_await worker->wake.wait(Deadline::never());
            }
            BuildingAction action = std::move(worker->queue.front());
            worker->queue.pop_front();
            if (!failure_) co_await send(std::move(action));
            --waiting_;
            space_.set();
        }
    }

    boost::asio::awaitable<void> send(BuildingAction action) {
        ApiClient::Call call;
        call.method = method_of(action.kind);
        call.target = fmt::format("/{}/{}", path_of(action.path), action.rec_type);
        call.timeout = kCallTimeout;
        if (action.kind == BuildingAction::Kind::create) {
            if (!action.tags.empty()) call.target += "/tags";
            for (const auto& tag : action.tags) call.target += "/" + percent_encode(tag);
        } else {
            call.target += "/" + ids_[action.device];
        }
        if (action.kind != BuildingAction::Kind::remove) {
            call.content_type = "application/json";
            call.body = std::move(action.data);
        }
        Result<http::ClientResponse> answer = co_await client_.call(std::move(call));
        if (!answer) {
            failure_ = answer.error();
            co_return;
        }
        if (action.path == BuildingAction::Path::device) {
            if (action.kind == BuildingAction::Kind::create) ids_[action.device] = id_of(answer->body);
            if (action.kind == BuildingAction::Kind::remove) ids_.erase(action.device);
        }
        ++counts_[static_cast<std::size_t>(action.kind)];
        ++done_;
    }

    std::string id_of(const std::string& body) {
        boost::system::error_code error;
        auto value = boost::json::parse(body, error);
        const auto* id = error ? nullptr : value.find_pointer("/objs/0/id", error);
        if (id == nullptr || !id->is_string()) {
            failure_ = make_error(Errc::corrupt, "the answer to a create has no id");
            return {};
        }
        return std::string(id->get_string());
    }

    const SimulateCommand& command_;
    boost::asio::io_context& io_;
    ApiClient& client_;
    Building building_;
    Progress progress_{"simulating"};
    std::vector<std::unique_ptr<Worker>> workers_;
    SignalEvent space_;
    std::unordered_map<std::size_t, std::string> ids_;
    std::size_t waiting_ = 0;
    std::uint64_t done_ = 0;
    std::uint64_t counts_[3] = {};
    std::optional<Error> failure_;
    bool stopping_ = false;
};

int print_actions(const SimulateCommand& command) {
    Building building({.buildings = command.buildings, .seed = command.seed});
    for (std::uint64_t i = 0; i < (command.count == 0 ? 100 : command.count); ++i) {
        auto action = building.next();
        fmt::print("{} /{}/{} device {} {}\n", method_of(action.kind), path_of(action.path), action.rec_type,
                   action.device, action.data);
    }
    return 0;
}

}  // namespace

int run_simulate(const SimulateCommand& command) {
    if (command.print) return print_actions(command);
    boost::asio::io_context io;
    auto client = ApiClient::make(command.address, io, kWorkers);
    if (!client) {
        fmt::print(stderr, "sluice simulate: {}\n", client.error().message);
        return 2;
    }
    Simulation simulation(command, io, **client);
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (!error) simulation.stop();
    });
    return run_until_done(io, simulation.run());
}

}  // namespace sluice::app
