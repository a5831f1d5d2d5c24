#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "store/object_index.hpp"

namespace sluice {

/// An index that remembers what it was given, and waits or fails when told to.
class ScriptedIndex final : public ObjectIndex {
  public:
    Sequence watermark(Partition) const override { return watermark_; }
    Result<void> apply(const CommittedBatch& batch) override {
        std::unique_lock lock(mutex_);
        ++attempts_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !held_ && batch.last < hold_from_; });
        if (failing_) return make_error(Errc::io, "the index cannot be written");
        for (const Event& event : batch.events) applied_.push_back(event.sequence());
        return {};
    }
    Result<void> catch_up(const std::function<void(Sequence, Sequence)>&) override { return {}; }
    Result<Event> get(const Key&) const override { return make_error(Errc::not_found, "none"); }
    Result<ListPage> list(const ListQuery&) const override { return ListPage{}; }
    Result<std::optional<IdempotentAnswer>> find_idempotency_key(std::string_view, std::string_view) const override {
        return std::optional<IdempotentAnswer>();
    }
    Result<void> rescue(Partition, Sequence, Sequence) override { return {}; }
    Result<bool> expire() override { return false; }

    void hold(bool held) {
        const std::lock_guard lock(mutex_);
        held_ = held;
        changed_.notify_all();
    }
    /// Batches that reach `sequence` wait.
    void hold_from(Sequence sequence) {
        const std::lock_guard lock(mutex_);
        hold_from_ = sequence;
        changed_.notify_all();
    }
    void wait_for_attempts(int count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return attempts_ >= count; });
    }
    void fail(bool failing) {
        const std::lock_guard lock(mutex_);
        failing_ = failing;
    }
    std::vector<Sequence> applied() {
        const std::lock_guard lock(mutex_);
        return applied_;
    }
    void set_watermark(Sequence watermark) { watermark_ = watermark; }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Sequence> applied_;
    Sequence watermark_ = 0;
    bool held_ = false;
    Sequence hold_from_ = ~Sequence(0);
    int attempts_ = 0;
    bool failing_ = false;
};

}  // namespace sluice
