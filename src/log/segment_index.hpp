#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/log_position.hpp"
#include "event/event.hpp"
#include "event/filter.hpp"
#include "log/record_format.hpp"

namespace sluice {

/// A record as the index wants it: what its body says, and how long it is.
struct IndexedRecord {
    EventView view;
    std::uint32_t body_bytes = 0;
};

/// What is known of a segment without its index.
struct SegmentExtent {
    Sequence first = 1;
    std::uint64_t count = 0;
    Timestamp first_time{};
    Timestamp last_time{};
    std::uint64_t end = kSegmentHeaderBytes;  ///< offset behind the last frame, not aligned

    Sequence next() const noexcept { return first + count; }
    Sequence last() const noexcept { return first + count - 1; }
    friend bool operator==(const SegmentExtent&, const SegmentExtent&) = default;
};

/// Where the events of one segment are, and which belong to which stream: so that finding costs what matches.
/// An event is named by its ordinal, its sequence less the segment's first. Unsynchronised.
class SegmentIndex {
  public:
    struct Place {
        std::uint32_t offset = 0;  ///< of the record's header
        std::uint32_t body_bytes = 0;
        std::uint64_t end() const noexcept { return std::uint64_t(offset) + kRecordHeaderBytes + body_bytes; }
    };
    struct Frame {
        std::uint32_t first_ordinal = 0;
        std::int64_t time_ms = 0;
    };
    /// Events alike in everything a filter asks for. Where a stream's events have many different tags they are gathered
    /// in one whose tags are not known from here (`tags_known` false): those records themselves must be asked.
    struct Stream {
        EventType event_type = EventType::create;
        ObjectType object_type = ObjectType::objs;
        bool tags_known = true;
        std::string org;
        std::string rec_type;
        std::string tags;  ///< as EventView::tags
        std::vector<std::uint32_t> ordinals;
    };

    explicit SegmentIndex(Sequence first) { extent_.first = first; }
    /// From parts that were checked by the caller (segment_index_file).
    SegmentIndex(SegmentExtent extent, std::vector<Place> places, std::vector<Frame> frames,
                 std::vector<Stream> streams);

    void add_frame(const FrameHeader& frame, std::span<const IndexedRecord> records);

    const SegmentExtent& extent() const noexcept { return extent_; }
    const Place& place(std::uint32_t ordinal) const noexcept { return places_[ordinal]; }
    const std::vector<Place>& places() const noexcept { return places_; }
    const std::vector<Frame>& frames() const noexcept { return frames_; }
    const std::vector<Stream>& streams() const noexcept { return streams_; }
    /// The first sequence committed at or after `time`; extent().next() when there is none.
    Sequence first_at_or_after(Timestamp time) const noexcept;
    /// Streams that can hold what the filter wants.
    std::vector<const Stream*> streams_for(const EventFilter& filter) const;
    std::size_t memory_bytes() const noexcept;

  private:
    /// Different tag lists of otherwise like events that get streams of their own.
    static constexpr std::uint32_t kMaxTagLists = 16;
    static constexpr std::uint32_t kNoStream = ~std::uint32_t(0);

    struct TagLists {
        std::uint32_t known = 0;
        std::uint32_t unknown_stream = kNoStream;
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    template <class T>
    using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

    Stream& stream_of(const EventView& view);
    std::uint32_t make_stream(const EventView& view, bool tags_known);
    void prepare_to_add();

    SegmentExtent extent_;
    std::vector<Place> places_;
    std::vector<Frame> frames_;
    std::vector<Stream> streams_;
    TextMap<std::vector<std::uint32_t>> by_org_;
    // For adding only.
    TextMap<std::uint32_t> by_key_;
    TextMap<TagLists> tag_lists_;
    std::string key_;
    bool can_add_ = true;
};

/// The matches of a filter in one segment, in order: a merge of the postings of its streams. Borrows the index.
class SegmentMatches {
  public:
    struct Match {
        std::uint32_t ordinal = 0;
        bool ask_record = false;  ///< whether its tags match is for the record to say
    };

    /// Of the ordinals in [first, last]. `filter` may be null: everything.
    SegmentMatches(const SegmentIndex& index, const EventFilter* filter, std::uint32_t first, std::uint32_t last);

    std::optional<Match> next();
    /// How many there are in all, when the index alone can tell.
    std::optional<std::uint64_t> count() const;

  private:
    struct Cursor {
        const std::uint32_t* at;
        const std::uint32_t* end;
        bool ask_record;
        bool operator>(const Cursor& other) const noexcept { return *at > *other.at; }
    };

    bool everything_ = false;
    std::uint64_t next_ = 0;  ///< ordinal, for `everything_`
    std::uint64_t end_ = 0;
    std::priority_queue<Cursor, std::vector<Cursor>, std::greater<>> cursors_;
    std::uint64_t sure_ = 0;
    bool unsure_ = false;
};

}  // namespace sluice
