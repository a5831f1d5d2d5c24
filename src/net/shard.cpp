#include "net/shard.hpp"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <optional>
#include <string>

#include "base/assert.hpp"

namespace sluice {

struct Shard::Work {
    explicit Work(boost::asio::io_context& io) : guard(boost::asio::make_work_guard(io)) {}
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard;
};

Shard::Shard(std::size_t index) : index_(index), work_(std::make_unique<Work>(io_)) {}

Shard::~Shard() {
    stop();
    join();
}

bool Shard::is_current() const noexcept {
    return const_cast<boost::asio::io_context&>(io_).get_executor().running_in_this_thread();
}

void Shard::start() {
    SLUICE_ASSERT(!thread_.joinable(), "a shard is started once");
    thread_ = std::thread([this] {
        // An exception that comes this far left a handler that must not throw: std::terminate says which.
        io_.run();
    });
    // Linux cuts names at 15 characters by refusing longer ones.
    auto name = "shard-" + std::to_string(index_);
    pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

void Shard::stop() {
    work_.reset();
}

void Shard::join() {
    if (thread_.joinable()) thread_.join();
}

ShardSet::ShardSet(std::size_t count) {
    SLUICE_ASSERT(count > 0, "a process has at least one shard");
    shards_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>(i));
}

ShardSet::~ShardSet() {
    stop_and_join();
}

void ShardSet::start() {
    for (auto& shard : shards_) shard->start();
}

void ShardSet::stop_and_join() {
    // All are let go before the first is waited for: they may have posted work to each other.
    for (auto& shard : shards_) shard->stop();
    for (auto& shard : shards_) shard->join();
}

}  // namespace sluice
