#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace sluice {

/// One core's worth of the process: a single-threaded io_context and the thread that runs it. What lives on a shard is
/// unsynchronised and is touched from its thread only; between shards only moved values are posted.
class Shard {
  public:
    explicit Shard(std::size_t index);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    std::size_t index() const noexcept { return index_; }
    boost::asio::io_context& io() noexcept { return io_; }
    /// True on the shard's own thread: for asserts.
    bool is_current() const noexcept;

    void start();
    /// Lets go of the work guard: the thread ends when nothing is left to do. Then join().
    void stop();
    void join();

  private:
    std::size_t index_;
    boost::asio::io_context io_{1};
    struct Work;
    std::unique_ptr<Work> work_;
    std::thread thread_;
};

/// The shards of a process, started and stopped together. Owned by `app`.
class ShardSet {
  public:
    explicit ShardSet(std::size_t count);
    ~ShardSet();
    std::size_t size() const noexcept { return shards_.size(); }
    Shard& operator[](std::size_t index) { return *shards_[index]; }
    Shard& for_hash(std::size_t hash) { return *shards_[hash % shards_.size()]; }
    void start();
    void stop_and_join();

  private:
    std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace sluice
