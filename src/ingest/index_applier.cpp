#include "ingest/index_applier.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/assert.hpp"
#include "net/post_gate.hpp"

namespace sluice {

namespace {

constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{2000};

std::uint64_t byte_size(const CommittedBatch& batch) {
    std::uint64_t bytes = 0;
    for (const Event& event : batch.events) bytes += event->envelope.size();
    return bytes;
}

}  // namespace

IndexApplier::IndexApplier(EventLog& log, ObjectIndex& index) : index_(index), applied_(log.partition_count()) {
    log.add_commit_listener([this](Batch batch) { enqueue(std::move(batch)); });
}

IndexApplier::~IndexApplier() {
    stop();
}

void IndexApplier::start() {
    SLUICE_ASSERT(!thread_.joinable(), "the index applier is started once");
    {
        const std::lock_guard guard(mutex_);
        for (Partition partition = 0; partition < applied_.size(); ++partition)
            applied_[partition] = index_.watermark(partition);
    }
    thread_ = std::thread([this] { run(); });
}

void IndexApplier::stop() {
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void IndexApplier::when_applied(LogPosition position, std::function<void(Result<void>)> then) {
    Result<void> outcome;
    {
        const std::lock_guard guard(mutex_);
        if (applied_.at(position.partition) < position.sequence) {
            if (!last_error_) {
                waiters_.push_back({position, std::move(then)});
                return;
            }
            outcome = *last_error_;
        }
    }
    then(std::move(outcome));
}

std::optional<Error> IndexApplier::last_error() const {
    const std::lock_guard guard(mutex_);
    return last_error_;
}

void IndexApplier::enqueue(Batch batch) {
    waiting_bytes_ += byte_size(*batch);
    {
        const std::lock_guard guard(mutex_);
        queue_.push_back(std::move(batch));
    }
    changed_.notify_one();
}

void IndexApplier::run() {
    std::deque<Batch> batches;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            batches.swap(queue_);
        }
        for (; !batches.empty(); batches.pop_front()) {
            const CommittedBatch& batch = *batches.front();
            if (!apply(batch)) return;
            waiting_bytes_ -= byte_size(batch);
            release_waiters(batch.partition, batch.last);
        }
        note_caught_up();
    }
}

bool IndexApplier::apply(const CommittedBatch& batch) {
    for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
        const auto done = index_.apply(batch);
        if (done) return true;
        refuse_waiters(done.error());
        std::unique_lock lock(mutex_);
        // What is not applied now is read from the log at the next start.
        if (changed_.wait_for(lock, pause, [this] { return stopping_; })) return false;
    }
}

void IndexApplier::release_waiters(Partition partition, Sequence applied) {
    std::vector<Waiter> released;
    {
        const std::lock_guard guard(mutex_);
        applied_[partition] = applied;
        const auto reached = std::partition(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
            return waiter.position.partition != partition || waiter.position.sequence > applied;
        });
        released.assign(std::make_move_iterator(reached), std::make_move_iterator(waiters_.end()));
        waiters_.erase(reached, waiters_.end());
    }
    // All callers of one sync are woken together, once a shard.
    const PostBatch together;
    for (Waiter& waiter : released) waiter.then({});
}

void IndexApplier::refuse_waiters(const Error& why) {
    std::vector<Waiter> refused;
    {
        const std::lock_guard guard(mutex_);
        last_error_ = why;
        failing_ = true;
        refused.swap(waiters_);
    }
    const PostBatch together;
    for (Waiter& waiter : refused) waiter.then(why);
}

void IndexApplier::note_caught_up() {
    const std::lock_guard guard(mutex_);
    if (!queue_.empty()) return;
    last_error_.reset();
    failing_ = false;
}

}  // namespace sluice
