#include "log/segment_index.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace sluice {
namespace {

/// What makes events alike, without and with their tags. Lengths in front keep parts from running into each other.
void write_key(std::string& key, EventType event, ObjectType object, std::string_view org, std::string_view rec_type) {
    key.clear();
    key.push_back(static_cast<char>(event));
    key.push_back(static_cast<char>(object));
    key.push_back(static_cast<char>(org.size()));
    key.append(org);
    key.push_back(static_cast<char>(rec_type.size()));
    key.append(rec_type);
}

bool is_exact(const std::vector<std::string>& patterns) {
    return !patterns.empty() && std::none_of(patterns.begin(), patterns.end(), [](const std::string& pattern) {
        return pattern.find('*') != std::string::npos;
    });
}

}  // namespace

SegmentIndex::SegmentIndex(SegmentExtent extent, std::vector<Place> places, std::vector<Frame> frames,
                           std::vector<Stream> streams)
    : extent_(extent),
      places_(std::move(places)),
      frames_(std::move(frames)),
      streams_(std::move(streams)),
      can_add_(false) {
    for (std::uint32_t id = 0; id < streams_.size(); ++id) by_org_[streams_[id].org].push_back(id);
}

void SegmentIndex::add_frame(const FrameHeader& frame, std::span<const IndexedRecord> records) {
    SLUICE_ASSERT(frame.first == extent_.next() && frame.offset >= extent_.end,
                  "frames are indexed in order, without holes");
    prepare_to_add();
    frames_.push_back({static_cast<std::uint32_t>(extent_.count), to_epoch_ms(frame.time)});
    std::uint64_t offset = frame.offset + kFrameHeaderBytes;
    auto ordinal = static_cast<std::uint32_t>(extent_.count);
    for (const IndexedRecord& record : records) {
        places_.push_back({static_cast<std::uint32_t>(offset), record.body_bytes});
        offset += kRecordHeaderBytes + record.body_bytes;
        stream_of(record.view).ordinals.push_back(ordinal++);
    }
    if (extent_.count == 0) extent_.first_time = frame.time;
    extent_.last_time = frame.time;
    extent_.count += records.size();
    extent_.end = frame.end();
}

SegmentIndex::Stream& SegmentIndex::stream_of(const EventView& view) {
    write_key(key_, view.event_type, view.object_type, view.org, view.rec_type);
    std::size_t without_tags = key_.size();
    key_.append(view.tags);
    if (auto found = by_key_.find(std::string_view(key_)); found != by_key_.end()) return streams_[found->second];

    std::string_view base = std::string_view(key_).substr(0, without_tags);
    auto lists = tag_lists_.find(base);
    if (lists == tag_lists_.end()) lists = tag_lists_.emplace(base, TagLists{}).first;
    if (lists->second.known < kMaxTagLists) {
        ++lists->second.known;
        std::uint32_t id = make_stream(view, true);
        by_key_.emplace(key_, id);
        return streams_[id];
    }
    if (lists->second.unknown_stream == kNoStream) lists->second.unknown_stream = make_stream(view, false);
    return streams_[lists->second.unknown_stream];
}

std::uint32_t SegmentIndex::make_stream(const EventView& view, bool tags_known) {
    auto id = static_cast<std::uint32_t>(streams_.size());
    streams_.push_back({view.event_type,
                        view.object_type,
                        tags_known,
                        std::string(view.org),
                        std::string(view.rec_type),
                        tags_known ? std::string(view.tags) : std::string(),
                        {}});
    auto org = by_org_.find(view.org);
    if (org == by_org_.end()) org = by_org_.emplace(view.org, std::vector<std::uint32_t>{}).first;
    org->second.push_back(id);
    return id;
}

/// An index that was loaded for reading has no maps for adding; the last segment's gets them when it goes on growing.
void SegmentIndex::prepare_to_add() {
    if (can_add_) return;
    for (std::uint32_t id = 0; id < streams_.size(); ++id) {
        const Stream& stream = streams_[id];
        write_key(key_, stream.event_type, stream.object_type, stream.org, stream.rec_type);
        TagLists& lists = tag_lists_[key_];
        if (stream.tags_known) {
            ++lists.known;
            by_key_.emplace(key_ + stream.tags, id);
        } else {
            lists.unknown_stream = id;
        }
    }
    can_add_ = true;
}

Sequence SegmentIndex::first_at_or_after(Timestamp time) const noexcept {
    auto at = std::lower_bound(frames_.begin(), frames_.end(), to_epoch_ms(time),
                               [](const Frame& frame, std::int64_t ms) { return frame.time_ms < ms; });
    return at == frames_.end() ? extent_.next() : extent_.first + at->first_ordinal;
}

std::vector<const SegmentIndex::Stream*> SegmentIndex::streams_for(const EventFilter& filter) const {
    std::vector<const Stream*> wanted;
    auto consider = [&](const Stream& stream) {
        if (!filter.wants_types(stream.event_type, stream.object_type)) return;
        if (stream.tags_known && !has_all_tags(stream.tags, filter.tags)) return;
        if (filter.wants_stream(stream.org, stream.rec_type)) wanted.push_back(&stream);
    };
    if (!is_exact(filter.orgs)) {
        for (const Stream& stream : streams_) consider(stream);
        return wanted;
    }
    // A tenant's integration, the usual case, names its own org: what the others' streams are costs it nothing.
    for (auto org = filter.orgs.begin(); org != filter.orgs.end(); ++org) {
        if (std::find(filter.orgs.begin(), org, *org) != org) continue;  // named twice
        auto ids = by_org_.find(*org);
        if (ids == by_org_.end()) continue;
        for (std::uint32_t id : ids->second) consider(streams_[id]);
    }
    return wanted;
}

std::size_t SegmentIndex::memory_bytes() const noexcept {
    std::size_t bytes = sizeof *this + places_.capacity() * sizeof(Place) + frames_.capacity() * sizeof(Frame);
    for (const Stream& stream : streams_) {
        bytes += sizeof(Stream) + 2 * stream.org.size() + stream.rec_type.size() + stream.tags.size() +
                 stream.ordinals.capacity() * sizeof(std::uint32_t);
    }
    return bytes;
}

SegmentMatches::SegmentMatches(const SegmentIndex& index, const EventFilter* filter, std::uint32_t first,
                               std::uint32_t last)
    : next_(first), end_(std::uint64_t(last) + 1) {
    if (filter == nullptr) {
        everything_ = true;
        sure_ = end_ - next_;
        return;
    }
    std::vector<const SegmentIndex::Stream*> streams = index.streams_for(*filter);
    bool ask_unknown = !filter->tags.empty();
    std::vector<Cursor> cursors;
    for (const SegmentIndex::Stream* stream : streams) {
        const std::uint32_t* begin = stream->ordinals.data();
        const std::uint32_t* end = begin + stream->ordinals.size();
        const std::uint32_t* from = first == 0 ? begin : std::lower_bound(begin, end, first);
        const std::uint32_t* to = end_ >= index.extent().count ? end : std::upper_bound(from, end, last);
        if (from == to) continue;
        bool ask_record = ask_unknown && !stream->tags_known;
        unsure_ |= ask_record;
        sure_ += static_cast<std::uint64_t>(to - from);
        cursors.push_back({from, to, ask_record});
    }
    // When every one of them matches no merge is needed: a sequential read.
    if (!unsure_ && sure_ == end_ - next_) {
        everything_ = true;
        return;
    }
    cursors_ = decltype(cursors_)(std::greater<>(), std::move(cursors));
}

std::optional<SegmentMatches::Match> SegmentMatches::next() {
    if (everything_) {
        if (next_ == end_) return std::nullopt;
        return Match{static_cast<std::uint32_t>(next_++), false};
    }
    if (cursors_.empty()) return std::nullopt;
    Cursor cursor = cursors_.top();
    cursors_.pop();
    Match match{*cursor.at, cursor.ask_record};
    if (++cursor.at != cursor.end) cursors_.push(cursor);
    return match;
}

std::optional<std::uint64_t> SegmentMatches::count() const {
    return unsure_ ? std::nullopt : std::optional(sure_);
}

}  // namespace sluice
