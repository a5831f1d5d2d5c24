#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "base/result.hpp"
#include "log/aligned_buffer.hpp"
#include "log/free_disk.hpp"
#include "log/index_cache.hpp"
#include "log/log_folder.hpp"
#include "log/record_format.hpp"
#include "log/segment.hpp"
#include "log/spare_files.hpp"

namespace sluice {

/// Told when a write or a sync has failed: what is on the device is then unknown, and asking again could be answered
/// with a success that is none. Ends the process; only a test's returns.
using FatalHandler = std::function<void(const std::string& message)>;

/// Puts frames into the active segment, one at a time, and goes on to the next segment. Thread: the log's writer.
class SegmentWriter {
  public:
    struct Setup {
        LogFolder folder;
        const Clock& clock;
        std::uint64_t segment_bytes = 0;
        FatalHandler fatal;
        SegmentList& segments;
        SpareFiles& spares;
        IndexCache& cache;
        FreeDisk& free_disk;
    };
    struct Counters {
        static constexpr std::array kSeconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                             0.025,  0.05,    0.1,    0.5,   1.0,    5.0};
        std::atomic<std::uint64_t> syncs{0};
        std::atomic<std::uint64_t> device_bytes{0};
        Histogram sync_seconds{kSeconds};
    };

    explicit SegmentWriter(Setup setup);

    /// Goes on behind what recovery found. `active` may be null: there is no segment yet.
    Result<void> resume(std::shared_ptr<Segment> active, Sequence next, Timestamp last_time);

    /// How many bytes of records (with their headers) fit into the active segment as one frame; 0 when there is none.
    std::uint64_t room() const noexcept;
    static std::uint64_t room_in_empty(std::uint64_t segment_bytes) noexcept {
        return segment_bytes - kSegmentHeaderBytes - kFrameHeaderBytes;
    }
    /// Seals the active segment and starts the next. Errc::exhausted when the disk has no room: nothing has changed
    /// then.
    Result<void> roll();

    /// A frame is begun, given its records, and written, which makes it durable. What is added must fit into room().
    void begin_frame();
    void add(std::string_view body);
    /// Errc::io after the fatal handler was told; the log must not be written again.
    Result<FrameHeader> write_frame();
    /// What was written becomes visible to readers.
    void publish(const FrameHeader& frame, std::span<const IndexedRecord> records);

    /// The fatal handler was told.
    bool failed() const noexcept { return failed_; }
    const Counters& counters() const noexcept { return counters_; }
    /// Leaves the active segment's index in its file, so that the next start need not scan what is known.
    void save_active_index();

  private:
    Result<std::string> make_segment_file();
    Result<void> write_and_sync(LogFile& file, std::uint64_t offset, std::string_view bytes);
    Error fatal(std::string_view what, const std::string& path, std::error_code code);
    std::string unused_segment_path(std::uint64_t use) const;

    Setup setup_;
    Counters counters_;
    std::shared_ptr<Segment> active_;
    std::unique_ptr<LogFile> file_;  ///< the active segment's, for writing
    std::uint64_t end_ = 0;          ///< where the next frame begins
    std::uint64_t last_epoch_ = 0;
    std::uint64_t last_use_ = 0;
    Sequence next_ = 1;
    Timestamp last_time_{};
    bool failed_ = false;
    FrameHeader frame_;
    AlignedBuffer buffer_;
};

}  // namespace sluice
