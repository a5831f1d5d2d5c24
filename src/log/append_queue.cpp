#include "log/append_queue.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"

namespace sluice {

bool AppendQueue::push(WaitingAppend& append) {
    {
        std::lock_guard lock(mutex_);
        if (closed_) return false;
        // Alone, a batch may be larger than the bound: otherwise it could never be written.
        if (!append.refused && waiting_bytes_ > 0 && waiting_bytes_ + append.frame_bytes > max_waiting_bytes_) {
            append.refuse(make_error(Errc::exhausted,
                                     fmt::format("{} bytes wait to be written to the log, of at most {}",
                                                 waiting_bytes_, max_waiting_bytes_),
                                     "try again in a moment"));
        }
        if (append.refused) append.frame_bytes = 0;
        waiting_bytes_ += append.frame_bytes;
        waiting_.push_back(std::move(append));
    }
    not_empty_.notify_one();
    return true;
}

void AppendQueue::take(std::uint64_t max_bytes, std::vector<WaitingAppend>& taken) {
    taken.clear();
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    std::uint64_t bytes = 0;
    while (!waiting_.empty()) {
        bytes += waiting_.front().frame_bytes;
        if (!taken.empty() && bytes > max_bytes) break;
        taken.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
}

void AppendQueue::settled(std::uint64_t frame_bytes) {
    std::lock_guard lock(mutex_);
    SLUICE_ASSERT(frame_bytes <= waiting_bytes_, "no more is settled than was waiting");
    waiting_bytes_ -= frame_bytes;
}

void AppendQueue::close() {
    {
        std::lock_guard lock(mutex_);
        closed_ = true;
    }
    not_empty_.notify_all();
}

std::uint64_t AppendQueue::waiting_bytes() const {
    std::lock_guard lock(mutex_);
    return waiting_bytes_;
}

}  // namespace sluice
