#include "log/segment_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "base/ids.hpp"
#include "log/little_endian.hpp"

namespace sluice {
namespace {

/// A buffer that one very large batch made large is given back.
constexpr std::size_t kKeptBufferBytes = 8 << 20;

bool is_full_disk(std::error_code code) {
    return code == std::errc::no_space_on_device || code == std::error_code(EDQUOT, std::generic_category());
}

}  // namespace

SegmentWriter::SegmentWriter(Setup setup) : setup_(std::move(setup)) {}

Result<void> SegmentWriter::resume(std::shared_ptr<Segment> active, Sequence next, Timestamp last_time) {
    next_ = next;
    last_time_ = last_time;
    if (!active) return {};
    last_epoch_ = active->header().epoch;
    last_use_ = active->header().use;
    auto file = setup_.folder.files.open(active->path(), LogFiles::Access::read_write);
    if (!file) return io_error("open", active->path(), file.error());
    active_ = std::move(active);
    file_ = std::move(*file);
    end_ = align_up(active_->extent().end, active_->header().block_bytes);
    // The folder was moved to a device with larger blocks, or direct writes are refused now: this segment cannot be
    // gone on with safely, the next one can.
    if (file_->block_bytes() > active_->header().block_bytes) end_ = active_->header().file_bytes;
    return {};
}

std::uint64_t SegmentWriter::room() const noexcept {
    if (!active_) return 0;
    std::uint64_t left = active_->header().file_bytes - end_;
    return left > kFrameHeaderBytes ? left - kFrameHeaderBytes : 0;
}

Error SegmentWriter::fatal(std::string_view what, const std::string& path, std::error_code code) {
    Error error = io_error(what, path, code);
    error.message += fmt::format(
        " (errno {}). What reached the device is unknown, so the log stops here; a restart finds everything that was "
        "acknowledged",
        code.value());
    failed_ = true;
    setup_.fatal(error.message);
    return error;
}

Result<void> SegmentWriter::write_and_sync(LogFile& file, std::uint64_t offset, std::string_view bytes) {
    if (auto code = file.write(offset, bytes)) return fatal("write", file.path(), code);
    SteadyTime begun = setup_.clock.steady_now();
    if (auto code = file.sync()) return fatal("sync", file.path(), code);
    counters_.sync_seconds.observe(std::chrono::duration<double>(setup_.clock.steady_now() - begun).count());
    counters_.syncs.fetch_add(1, std::memory_order_relaxed);
    counters_.device_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
    return {};
}

/// A file of the right size under a name that means nothing after a crash.
Result<std::string> SegmentWriter::make_segment_file() {
    LogFiles& files = setup_.folder.files;
    while (auto spare = setup_.spares.take()) {
        auto file = files.open(*spare, LogFiles::Access::read);
        auto size = file ? (*file)->size() : IoResult<std::uint64_t>(file.error());
        if (size && *size == setup_.segment_bytes) return *spare;
        (void)files.remove(*spare);  // of another size: the setting was changed
    }
    if (auto enough = setup_.free_disk.check_for(setup_.segment_bytes); !enough) return enough.error();
    std::string path = setup_.folder.numbered(last_use_ + 1, LogFolder::kNew);
    (void)files.remove(path);
    if (auto code = files.create(path, setup_.segment_bytes)) {
        if (is_full_disk(code)) return setup_.free_disk.full(setup_.segment_bytes);
        return io_error("make", path, code);
    }
    return path;
}

/// Names are for people: one that somebody gave to another segment's file is left alone.
std::string SegmentWriter::unused_segment_path(std::uint64_t use) const {
    std::string path = setup_.folder.numbered(use, LogFolder::kSegment);
    auto segments = setup_.segments.snapshot();
    auto taken = [&] {
        return std::any_of(segments->begin(), segments->end(),
                           [&](const auto& segment) { return segment->path() == path; });
    };
    while (taken()) path.insert(path.size() - LogFolder::kSegment.size(), "-");
    return path;
}

Result<void> SegmentWriter::roll() {
    LogFiles& files = setup_.folder.files;
    auto made = make_segment_file();
    if (!made) return made.error();
    auto for_writing = files.open(*made, LogFiles::Access::read_write);
    auto for_reading = files.open(*made, LogFiles::Access::read);
    if (!for_writing || !for_reading) {
        (void)files.remove(*made);
        return io_error("open", *made, for_writing ? for_reading.error() : for_writing.error());
    }

    SegmentHeader header;
    header.block_bytes = (*for_writing)->block_bytes();
    header.epoch = load_le<std::uint64_t>(random_bytes(sizeof header.epoch).data());
    header.use = last_use_ + 1;
    header.previous_epoch = last_epoch_;
    header.first = next_;
    header.created = setup_.clock.now();
    header.last_time = last_time_;
    header.file_bytes = setup_.segment_bytes;
    buffer_.grow(kSegmentHeaderBytes, 0);
    encode_segment_header(header, buffer_.data());
    // The header is durable before the name is, and the name before the first frame: a `.segment` without a right
    // header is damaged, never half made.
    if (auto written = write_and_sync(**for_writing, 0, {buffer_.data(), kSegmentHeaderBytes}); !written)
        return written;
    std::string path = unused_segment_path(header.use);
    if (auto code = files.rename(*made, path)) {
        (void)files.remove(*made);
        return io_error("rename", *made, code);
    }
    if (auto code = files.sync_folder(setup_.folder.path)) return fatal("sync", setup_.folder.path, code);
    (*for_writing)->renamed(path);
    (*for_reading)->renamed(path);

    if (active_) {
        std::shared_ptr<const SegmentIndex> index = active_->seal();
        write_index_file(setup_.folder, active_->path(), *index, last_epoch_, true);
        setup_.cache.put(last_epoch_, std::move(index));
    }
    active_ = std::make_shared<Segment>(header, std::move(*for_reading), std::make_shared<SegmentIndex>(next_));
    setup_.segments.push_back(active_);
    file_ = std::move(*for_writing);
    end_ = kSegmentHeaderBytes;
    last_epoch_ = header.epoch;
    last_use_ = header.use;
    return {};
}

void SegmentWriter::begin_frame() {
    frame_ = {};
    frame_.epoch = last_epoch_;
    frame_.first = next_;
    frame_.time = std::max(setup_.clock.now(), last_time_);
    frame_.offset = static_cast<std::uint32_t>(end_);
}

void SegmentWriter::add(std::string_view body) {
    std::size_t at = kFrameHeaderBytes + frame_.bytes;
    std::size_t behind = at + kRecordHeaderBytes + body.size();
    buffer_.grow(align_up(behind, kLargestBlockBytes), at);
    char* record = buffer_.data() + at;
    std::memcpy(record + kRecordHeaderBytes, body.data(), body.size());
    std::uint32_t checksum = seal_record(record, static_cast<std::uint32_t>(body.size()), frame_.first + frame_.count,
                                         frame_.epoch, frame_.time);
    frame_.records_checksum = add_to_records_checksum(frame_.records_checksum, checksum);
    frame_.bytes += static_cast<std::uint32_t>(kRecordHeaderBytes + body.size());
    ++frame_.count;
}

Result<FrameHeader> SegmentWriter::write_frame() {
    SLUICE_ASSERT(active_ && frame_.count > 0 && frame_.bytes <= room(), "a frame lies within its segment");
    encode_frame_header(frame_, buffer_.data());
    // Up to the border of a block that no later write touches: what is acknowledged is never written again.
    std::size_t size = kFrameHeaderBytes + frame_.bytes;
    std::size_t padded = align_up(size, active_->header().block_bytes);
    std::memset(buffer_.data() + size, 0, padded - size);
    if (auto written = write_and_sync(*file_, end_, {buffer_.data(), padded}); !written) return written.error();
    end_ += padded;
    next_ += frame_.count;
    last_time_ = frame_.time;
    if (buffer_.capacity() > kKeptBufferBytes) buffer_.release();
    return frame_;
}

void SegmentWriter::publish(const FrameHeader& frame, std::span<const IndexedRecord> records) {
    active_->add_frame(frame, records);
}

void SegmentWriter::save_active_index() {
    if (!active_) return;
    if (auto index = active_->live_index_for_writer()) {
        write_index_file(setup_.folder, active_->path(), *index, last_epoch_, false);
    }
}

}  // namespace sluice
