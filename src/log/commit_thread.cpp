#include "log/commit_thread.hpp"

#include <pthread.h>

#include "net/post_gate.hpp"

namespace sluice {

void CommitThread::start(Sequence head) {
    head_ = head;
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "sluice-log");
}

void CommitThread::stop() {
    if (thread_.joinable()) thread_.join();
}

void CommitThread::run() {
    std::vector<WaitingAppend> group;
    for (;;) {
        setup_.queue.take(setup_.max_frame_bytes, group);
        if (group.empty()) break;
        commit(group);
        group.clear();  // what the callbacks hold is let go of now, not when the next append comes
    }
    if (!setup_.writer.failed()) setup_.writer.save_active_index();
}

void CommitThread::commit(std::vector<WaitingAppend>& group) {
    Result<void> room_on_disk = setup_.free_disk.check();
    for (WaitingAppend& append : group) {
        if (append.refused) continue;
        if (setup_.writer.failed())
            append.refuse(make_error(Errc::io, "the log has stopped after a failed write", "restart Sluice"));
        else if (!room_on_disk)
            append.refuse(room_on_disk.error());
    }
    for (std::size_t begin = 0; begin < group.size();) begin = commit_frame(group, begin);
}

std::size_t CommitThread::commit_frame(std::vector<WaitingAppend>& group, std::size_t begin) {
    SegmentWriter& writer = setup_.writer;
    std::size_t end = begin;
    if (!group[begin].refused && group[begin].frame_bytes > writer.room()) {
        if (auto rolled = writer.roll(); !rolled) {
            // Smaller ones behind it could still fit, but would overtake it.
            refuse_from(group, begin, rolled.error());
            return group.size();
        }
    }
    records_.clear();
    writer.begin_frame();
    std::uint64_t room = writer.room();
    for (; end < group.size(); ++end) {
        if (group[end].refused) continue;
        if (group[end].frame_bytes > room) break;
        if (add_to_frame(group[end])) room -= group[end].frame_bytes;
    }
    if (records_.empty()) {
        finish(group, begin, end, nullptr);
        return end;
    }
    auto frame = writer.write_frame();
    if (!frame) {
        refuse_from(group, begin, frame.error());
        return group.size();
    }
    writer.publish(*frame, records_);
    head_.store(frame->first + frame->count - 1, std::memory_order_release);
    appended_events_.fetch_add(frame->count, std::memory_order_relaxed);
    appended_bytes_.fetch_add(frame->bytes - std::uint64_t(frame->count) * kRecordHeaderBytes,
                              std::memory_order_relaxed);
    if (!listeners_.empty()) announce(*frame, group, begin, end);
    finish(group, begin, end, &*frame);
    return end;
}

/// Only events go into the log, whoever made the batch: a record that cannot be read would stop recovery.
bool CommitThread::add_to_frame(WaitingAppend& append) {
    std::size_t before = records_.size();
    for (std::size_t i = 0; i < append.batch.size(); ++i) {
        std::string_view body = append.batch.body(i);
        auto view = decode_event(body);
        if (!view) {
            records_.resize(before);
            append.refuse(make_error(Errc::invalid_argument, "a batch for the log holds what is not an event"));
            return false;
        }
        records_.push_back({*view, static_cast<std::uint32_t>(body.size())});
    }
    for (std::size_t i = 0; i < append.batch.size(); ++i) setup_.writer.add(append.batch.body(i));
    return true;
}

/// The events as the router and the index get them: views into the batches' own bytes.
void CommitThread::announce(const FrameHeader& frame, const std::vector<WaitingAppend>& group, std::size_t begin,
                            std::size_t end) {
    auto committed = std::make_shared<CommittedBatch>();
    committed->first = frame.first;
    committed->last = frame.first + frame.count - 1;
    committed->events.reserve(frame.count);
    Sequence sequence = frame.first;
    auto record = records_.begin();
    for (std::size_t i = begin; i < end; ++i) {
        if (group[i].refused) continue;
        SharedBytes owner = group[i].batch.bytes();
        for (std::size_t n = group[i].batch.size(); n > 0; --n) {
            committed->events.emplace_back(owner, record++->view, LogPosition{0, sequence++}, frame.time);
        }
    }
    std::shared_ptr<const CommittedBatch> shared = std::move(committed);
    for (const EventLog::CommitListener& listener : listeners_) listener(shared);
}

void CommitThread::refuse_from(std::vector<WaitingAppend>& group, std::size_t begin, const Error& error) {
    for (std::size_t i = begin; i < group.size(); ++i) {
        if (!group[i].refused) group[i].refuse(error);
    }
    finish(group, begin, group.size(), nullptr);
}

void CommitThread::finish(std::vector<WaitingAppend>& group, std::size_t begin, std::size_t end,
                          const FrameHeader* frame) {
    std::uint64_t bytes = 0;
    for (std::size_t i = begin; i < end; ++i) bytes += group[i].frame_bytes;
    setup_.queue.settled(bytes);
    Sequence next = frame != nullptr ? frame->first : 0;
    // All callers of one sync are woken together, once a shard.
    const PostBatch together;
    for (std::size_t i = begin; i < end; ++i) {
        WaitingAppend& append = group[i];
        if (append.refused) {
            append.done(std::move(*append.refused));
            continue;
        }
        AppendReceipt receipt{0, next, next + append.batch.size() - 1, frame->time};
        next = receipt.last + 1;
        append.batch = {};
        append.done(receipt);
    }
}

}  // namespace sluice
