#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/clock.hpp"
#include "event/codec.hpp"
#include "log/event_log.hpp"

namespace sluice {

/// An event log in memory, one partition, for tests of what reads or writes the log. Appends are durable at once, on
/// the caller's thread: listeners first, then `done`. hold() makes them wait, so that one release() commits several
/// together, as one sync does. Errors can be asked for. "Segments" are runs of `events_per_segment` events. Thread:
/// any, but listeners and `done` must not call append() or release().
class FakeEventLog final : public EventLog {
  public:
    explicit FakeEventLog(const Clock& clock, std::size_t events_per_segment = 10)
        : clock_(clock), events_per_segment_(events_per_segment) {}

    /// From here on appends wait for release().
    void hold() {
        std::lock_guard lock(mutex_);
        held_ = true;
    }
    /// Commits what waits as one batch and goes on committing at once.
    void release() {
        std::unique_lock commit(commit_mutex_);
        {
            std::lock_guard lock(mutex_);
            held_ = false;
        }
        commit_waiting();
    }
    /// The next append is answered with this and leaves nothing behind.
    void fail_next_append(Error error) {
        std::lock_guard lock(mutex_);
        next_append_error_ = std::move(error);
    }
    /// Reads and gets fail with this until told otherwise.
    void fail_reads(std::optional<Error> error) {
        std::lock_guard lock(mutex_);
        read_error_ = std::move(error);
    }
    /// From here on this record cannot be read: Errc::corrupt for who comes to it.
    void damage(Sequence sequence) {
        std::lock_guard lock(mutex_);
        damaged_.insert(sequence);
    }
    /// Convenience: appends one event and returns it as committed.
    Event append_one(const EventView& view) {
        EventBatch batch;
        batch.add(view);
        Result<AppendReceipt> receipt = make_error(Errc::cancelled, "the append was held");
        append(std::move(batch), [&receipt](Result<AppendReceipt> done) { receipt = std::move(done); });
        return get({0, receipt.value().first}).value();
    }

    Partition partition_count() const override { return 1; }

    void append(EventBatch batch, AppendDone done) override {
        std::unique_lock commit(commit_mutex_);
        {
            std::unique_lock lock(mutex_);
            auto error = std::exchange(next_append_error_, std::nullopt);
            if (closed_) error = make_error(Errc::cancelled, "the log is closing");
            if (error) {
                lock.unlock();
                done(*error);
                return;
            }
            waiting_.push_back({std::move(batch), std::move(done)});
            if (held_) return;
        }
        commit_waiting();
    }

    void add_commit_listener(CommitListener listener) override { listeners_.push_back(std::move(listener)); }

    Result<ReadPage> read(const ReadRequest& request) const override {
        std::lock_guard lock(mutex_);
        if (read_error_) return *read_error_;
        ReadPage page;
        page.oldest = oldest_;
        Sequence at = std::max(request.from, oldest_);
        std::size_t bytes = 0;
        for (; at <= head() && at <= request.to; ++at) {
            const Event& event = events_.at(at);
            if (request.filter && !may_match(event, *request.filter)) continue;
            std::size_t size = sizes_.at(at);
            if (page.events.size() >= request.max_events || (!page.events.empty() && bytes + size > request.max_bytes))
                break;
            if (damaged_.contains(at)) return damaged(at);
            bytes += size;
            page.events.push_back(event);
        }
        page.next = at;
        page.at_end = at > head() || at > request.to;
        return page;
    }

    Result<Event> get(LogPosition position) const override {
        std::lock_guard lock(mutex_);
        if (read_error_) return *read_error_;
        auto found = events_.find(position.sequence);
        if (position.partition != 0 || found == events_.end()) return make_error(Errc::not_found, "no such event");
        if (damaged_.contains(position.sequence)) return damaged(position.sequence);
        return found->second;
    }

    Result<std::uint64_t> count(Partition, Sequence from, Sequence to, const EventFilter& filter) const override {
        std::lock_guard lock(mutex_);
        if (read_error_) return *read_error_;
        std::uint64_t matching = 0;
        for (auto it = events_.lower_bound(from); it != events_.end() && it->first <= to; ++it) {
            // Tags are not in an index: they are for the record to say.
            if (!filter.tags.empty() && may_match(it->second, filter) && damaged_.contains(it->first))
                return damaged(it->first);
            matching += filter.matches(it->second.view());
        }
        return matching;
    }

    Result<Sequence> first_at_or_after(Partition, Timestamp time) const override {
        std::lock_guard lock(mutex_);
        for (const auto& [sequence, event] : events_) {
            if (event.time() >= time) return sequence;
        }
        return head() + 1;
    }

    LogStats stats(Partition = 0) const override {
        std::lock_guard lock(mutex_);
        LogStats stats;
        stats.head = head();
        stats.oldest = oldest_;
        stats.appended_events = head();
        stats.appended_bytes = stats.device_bytes = appended_bytes_;
        stats.syncs = syncs_;
        for (const auto& [sequence, size] : sizes_) stats.bytes += size;
        for (const auto& waiting : waiting_) stats.waiting_bytes += waiting.batch.byte_size();
        return stats;
    }

    Result<void> trim(Partition partition, Sequence keep_from, const BeforeTrim& before) override {
        for (const SegmentInfo& segment : segments(partition)) {
            if (segment.active || segment.last >= keep_from) break;
            if (before) {
                if (auto allowed = before(segment.first, segment.last); !allowed) return allowed;
            }
            std::lock_guard lock(mutex_);
            oldest_ = segment.last + 1;
            events_.erase(events_.begin(), events_.lower_bound(oldest_));
            sizes_.erase(sizes_.begin(), sizes_.lower_bound(oldest_));
        }
        return {};
    }

    std::vector<SegmentInfo> segments(Partition = 0) const override {
        std::lock_guard lock(mutex_);
        std::vector<SegmentInfo> segments;
        for (const auto& [sequence, event] : events_) {
            if (segments.empty() || (sequence - 1) % events_per_segment_ == 0) {
                segments.push_back({sequence, sequence, 0, event.time(), event.time(), false});
            }
            segments.back().last = sequence;
            segments.back().last_time = event.time();
            segments.back().bytes += sizes_.at(sequence);
        }
        if (!segments.empty()) segments.back().active = segments.back().last % events_per_segment_ != 0;
        return segments;
    }

    void close() override {
        std::unique_lock commit(commit_mutex_);
        commit_waiting();
        std::lock_guard lock(mutex_);
        closed_ = true;
    }

  private:
    struct Waiting {
        EventBatch batch;
        AppendDone done;
    };

    Sequence head() const { return next_ - 1; }

    static Error damaged(Sequence sequence) {
        return make_error(Errc::corrupt, "event " + std::to_string(sequence) + " is damaged");
    }
    /// What cannot be read cannot be asked for its tags.
    bool may_match(const Event& event, const EventFilter& filter) const {
        if (!damaged_.contains(event.sequence())) return filter.matches(event.view());
        EventFilter untagged = filter;
        untagged.tags.clear();
        return untagged.matches(event.view());
    }

    /// One sync: everything that waits becomes one committed batch. Called with commit_mutex_ held, which keeps the
    /// order.
    void commit_waiting() {
        auto committed = std::make_shared<CommittedBatch>();
        std::vector<std::pair<AppendDone, AppendReceipt>> answers;
        {
            std::lock_guard lock(mutex_);
            if (waiting_.empty()) return;
            last_time_ = std::max(last_time_, clock_.now());
            committed->first = next_;
            for (Waiting& waiting : waiting_) {
                AppendReceipt receipt{0, next_, next_ + waiting.batch.size() - 1, last_time_};
                for (std::size_t i = 0; i < waiting.batch.size(); ++i) store(waiting.batch, i, *committed);
                answers.emplace_back(std::move(waiting.done), receipt);
            }
            waiting_.clear();
            committed->last = head();
            ++syncs_;
        }
        for (const auto& listener : listeners_) listener(committed);
        for (auto& [done, receipt] : answers) done(receipt);
    }

    void store(const EventBatch& batch, std::size_t index, CommittedBatch& committed) {
        auto view = decode_event(batch.body(index));
        SLUICE_ASSERT(view, "a batch holds whole records");
        Event event(batch.bytes(), view.value(), {0, next_}, last_time_);
        committed.events.push_back(event);
        events_.emplace(next_, std::move(event));
        sizes_.emplace(next_, batch.records()[index].size);
        appended_bytes_ += batch.records()[index].size;
        ++next_;
    }

    const Clock& clock_;
    const std::size_t events_per_segment_;
    std::vector<CommitListener> listeners_;
    std::mutex commit_mutex_;  // one commit at a time; taken before mutex_
    mutable std::mutex mutex_;
    bool held_ = false;
    bool closed_ = false;
    std::optional<Error> next_append_error_;
    std::optional<Error> read_error_;
    std::set<Sequence> damaged_;
    std::vector<Waiting> waiting_;
    std::map<Sequence, Event> events_;
    std::map<Sequence, std::size_t> sizes_;
    Sequence next_ = 1;
    Sequence oldest_ = 1;
    Timestamp last_time_{};
    std::uint64_t appended_bytes_ = 0;
    std::uint64_t syncs_ = 0;
};

}  // namespace sluice
