#include "log/segment_log.hpp"

#include <fmt/format.h>

#include <mutex>

#include "base/assert.hpp"
#include "base/units.hpp"
#include "log/append_queue.hpp"
#include "log/commit_thread.hpp"
#include "log/free_disk.hpp"
#include "log/index_cache.hpp"
#include "log/log_folder.hpp"
#include "log/log_reader.hpp"
#include "log/recovery.hpp"
#include "log/segment_writer.hpp"
#include "log/spare_files.hpp"

namespace sluice {
namespace {

constexpr std::uint64_t kSmallestSegment = 4 * kLargestBlockBytes;

void end_process(const std::string& message) {
    invariant_broken("the log's write and sync succeed", message.c_str(), __FILE__, __LINE__);
}

/// Positions come from users too: a wrong one is their mistake, not ours.
Error no_such_partition(Partition partition) {
    return make_error(Errc::not_found,
                      fmt::format("there is no partition {}: the embedded log has one, number 0", partition));
}

Result<SegmentLogOptions> checked(SegmentLogOptions options) {
    options.segment_bytes = align_up(options.segment_bytes, kLargestBlockBytes);
    if (options.segment_bytes < kSmallestSegment || options.segment_bytes > kLargestSegmentBytes) {
        return make_error(Errc::invalid_argument,
                          fmt::format("a segment of the log has {} to {}, not {}", format_bytes(kSmallestSegment),
                                      format_bytes(kLargestSegmentBytes), format_bytes(options.segment_bytes)));
    }
    if (options.files == nullptr) options.files = &system_log_files();
    if (!options.on_fatal) options.on_fatal = end_process;
    return options;
}

}  // namespace

class SegmentLog::Impl {
  public:
    explicit Impl(const SegmentLogOptions& options)
        : max_record_bytes_(options.max_record_bytes),
          max_batch_bytes_(SegmentWriter::room_in_empty(options.segment_bytes)),
          folder_{*options.files, options.folder},
          cache_(folder_, options.index_cache_bytes),
          spares_(folder_, options.spare_segments),
          free_disk_(folder_, *options.clock, options.min_free_disk),
          queue_(options.max_waiting_bytes),
          writer_({folder_, *options.clock, options.segment_bytes, options.on_fatal, segments_, spares_, cache_,
                   free_disk_}),
          commits_({queue_, writer_, free_disk_, options.max_frame_bytes}),
          reader_(segments_, cache_) {}
    ~Impl() { close(); }

    Result<void> open() {
        if (auto code = folder_.files.make_folder(folder_.path)) return io_error("make the folder", folder_.path, code);
        auto lock = folder_.files.lock(folder_.path, LogFiles::LockMode::exclusive);
        if (!lock) return lock.error();
        lock_ = std::move(*lock);
        auto recovered = recover_log(folder_);
        if (!recovered) return recovered.error();
        for (auto& segment : recovered->segments) segments_.push_back(segment);
        for (auto& spare : recovered->spares) spares_.adopt(std::move(spare));
        auto active = recovered->segments.empty() ? nullptr : recovered->segments.back();
        if (auto resumed = writer_.resume(active, recovered->next, recovered->last_time); !resumed) return resumed;
        commits_.start(recovered->next - 1);
        return {};
    }

    void close() {
        queue_.close();
        commits_.stop();
    }

    void append(EventBatch batch, AppendDone done) {
        WaitingAppend append{std::move(batch), std::move(done), 0, std::nullopt};
        measure(append);
        if (!queue_.push(append)) append.done(make_error(Errc::cancelled, "the log is closed"));
    }

    Result<void> trim(Sequence keep_from, const BeforeTrim& before) {
        std::lock_guard one_at_a_time(trim_mutex_);
        auto segments = segments_.snapshot();
        // The last one is the active one, which stays.
        for (std::size_t i = 0; i + 1 < segments->size(); ++i) {
            const std::shared_ptr<Segment>& segment = (*segments)[i];
            SegmentExtent extent = segment->extent();
            if (extent.next() > keep_from) break;
            if (extent.count > 0 && before) {
                if (auto ready = before(extent.first, extent.last()); !ready) return ready;
            }
            if (auto retired = spares_.retire(segment); !retired) return retired;
            segments_.pop_front();
            cache_.drop(segment->header().epoch);
        }
        return {};
    }

    std::vector<SegmentInfo> segments() const {
        std::vector<SegmentInfo> infos;
        auto segments = segments_.snapshot();
        for (const auto& segment : *segments) {
            SegmentExtent extent = segment->extent();
            // What is not written to yet is nobody's backlog.
            std::uint64_t bytes = segment->sealed() ? segment->header().file_bytes : extent.end;
            infos.push_back(
                {extent.first, extent.last(), bytes, extent.first_time, extent.last_time, !segment->sealed()});
        }
        return infos;
    }

    LogStats stats() const {
        LogStats stats;
        auto segments = segments_.snapshot();
        stats.head = commits_.head();
        stats.oldest = segments->empty() ? stats.head + 1 : segments->front()->header().first;
        for (const auto& segment : *segments) stats.bytes += segment->header().file_bytes;
        stats.syncs = writer_.counters().syncs.load(std::memory_order_relaxed);
        stats.sync_seconds = writer_.counters().sync_seconds.counts();
        stats.device_bytes = writer_.counters().device_bytes.load(std::memory_order_relaxed);
        stats.appended_events = commits_.appended_events();
        stats.appended_bytes = commits_.appended_bytes();
        stats.waiting_bytes = queue_.waiting_bytes();
        return stats;
    }

    CommitThread& commits() { return commits_; }
    const LogReader& reader() const { return reader_; }
    Sequence head() const { return commits_.head(); }

  private:
    /// How much of a frame the batch takes; refused when it can never be written.
    void measure(WaitingAppend& append) const {
        if (append.batch.empty()) {
            append.refuse(make_error(Errc::invalid_argument, "a batch for the log has no events"));
            return;
        }
        for (const EventBatch::Record& record : append.batch.records()) {
            if (record.size > max_record_bytes_) {
                append.refuse(
                    make_error(Errc::too_large, fmt::format("an event of {} bytes is larger than the log takes ({})",
                                                            record.size, max_record_bytes_)));
                return;
            }
            append.frame_bytes += kRecordHeaderBytes + record.size;
        }
        if (append.frame_bytes > max_batch_bytes_) {
            append.refuse(make_error(Errc::too_large,
                                     fmt::format("a batch of {} bytes does not fit into a segment of the log ({})",
                                                 append.frame_bytes, max_batch_bytes_),
                                     "send it in smaller batches"));
        }
    }

    const std::uint64_t max_record_bytes_;
    const std::uint64_t max_batch_bytes_;
    const LogFolder folder_;
    std::unique_ptr<FolderLock> lock_;
    SegmentList segments_;
    IndexCache cache_;
    SpareFiles spares_;
    FreeDisk free_disk_;
    AppendQueue queue_;
    SegmentWriter writer_;
    CommitThread commits_;
    LogReader reader_;
    std::mutex trim_mutex_;
};

SegmentLog::SegmentLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentLog::~SegmentLog() = default;

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(SegmentLogOptions options) {
    auto usable = checked(std::move(options));
    if (!usable) return usable.error();
    auto impl = std::make_unique<Impl>(*usable);
    if (auto opened = impl->open(); !opened) return opened.error();
    return std::unique_ptr<SegmentLog>(new SegmentLog(std::move(impl)));
}

void SegmentLog::append(EventBatch batch, AppendDone done) {
    impl_->append(std::move(batch), std::move(done));
}
void SegmentLog::add_commit_listener(CommitListener listener) {
    impl_->commits().add_listener(std::move(listener));
}

Result<ReadPage> SegmentLog::read(const ReadRequest& request) const {
    if (request.partition != 0) return no_such_partition(request.partition);
    return impl_->reader().read(request, impl_->head());
}

Result<Event> SegmentLog::get(LogPosition position) const {
    if (position.partition != 0) return no_such_partition(position.partition);
    return impl_->reader().get(position.sequence, impl_->head());
}

Result<std::uint64_t> SegmentLog::count(Partition partition, Sequence from, Sequence to,
                                        const EventFilter& filter) const {
    if (partition != 0) return no_such_partition(partition);
    return impl_->reader().count(from, to, filter, impl_->head());
}

Result<Sequence> SegmentLog::first_at_or_after(Partition partition, Timestamp time) const {
    if (partition != 0) return no_such_partition(partition);
    return impl_->reader().first_at_or_after(time, impl_->head());
}

LogStats SegmentLog::stats(Partition) const {
    return impl_->stats();
}

Result<void> SegmentLog::trim(Partition partition, Sequence keep_from, const BeforeTrim& before) {
    if (partition != 0) return no_such_partition(partition);
    return impl_->trim(keep_from, before);
}

std::vector<EventLog::SegmentInfo> SegmentLog::segments(Partition) const {
    return impl_->segments();
}
void SegmentLog::close() {
    impl_->close();
}

}  // namespace sluice
