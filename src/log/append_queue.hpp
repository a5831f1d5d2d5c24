#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "event/codec.hpp"
#include "log/event_log.hpp"

namespace sluice {

/// A batch on its way to the log, or a refusal on its way back.
struct WaitingAppend {
    EventBatch batch;
    EventLog::AppendDone done;
    std::uint64_t frame_bytes = 0;  ///< of its records with their headers
    std::optional<Error> refused;   ///< `done` is to be told on the log's thread

    void refuse(Error error) {
        refused = std::move(error);
        batch = {};
    }
};

/// Where callers leave batches while a sync runs. Bounded in bytes. Thread: push any; take one.
class AppendQueue {
  public:
    explicit AppendQueue(std::uint64_t max_waiting_bytes) : max_waiting_bytes_(max_waiting_bytes) {}

    /// False, with `append` untouched, once closed. Refuses the batch when too much is waiting.
    bool push(WaitingAppend& append);
    /// Waits for the next batches: as many as there are up to `max_bytes`, at least one. Empty when closed and drained.
    void take(std::uint64_t max_bytes, std::vector<WaitingAppend>& taken);
    /// What was taken is durable or refused: it counts as waiting until then.
    void settled(std::uint64_t frame_bytes);
    void close();
    std::uint64_t waiting_bytes() const;

  private:
    const std::uint64_t max_waiting_bytes_;
    mutable std::mutex mutex_;
    std::condition_variable not_empty_;
    std::deque<WaitingAppend> waiting_;
    std::uint64_t waiting_bytes_ = 0;
    bool closed_ = false;
};

}  // namespace sluice
