#include "log/log_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "event/codec.hpp"
#include "log/segment_scan.hpp"

namespace sluice {
namespace {

/// Reading over a gap of this size costs about what another system call does.
constexpr std::uint64_t kBridgedGap = 8 << 10;
/// Events read together share their memory: a run is no longer than what may be kept alive by one of them.
constexpr std::uint64_t kLongestRun = 1 << 20;

Segments::const_iterator segment_of(const Segments& segments, Sequence sequence) {
    // The last one that begins at or before it.
    auto after = std::upper_bound(segments.begin(), segments.end(), sequence, [](Sequence wanted, const auto& segment) {
        return wanted < segment->header().first;
    });
    return after == segments.begin() ? after : after - 1;
}

Error damaged_record(const Segment& segment, std::uint32_t ordinal, const SegmentIndex::Place& place) {
    return damaged_segment(segment.path(), place.offset, segment.header().first + ordinal,
                           "what is stored is not what was written");
}

Error gone(Sequence sequence, Sequence oldest, Sequence head) {
    return make_error(Errc::not_found,
                      fmt::format("event {} is not in the log, which holds {} to {}", sequence, oldest, head));
}

}  // namespace

Result<bool> LogReader::plan(const Segment& segment, const EventFilter* filter, std::uint32_t first, std::uint32_t last,
                             Budget budget, bool at_least_one, std::vector<Wanted>& wanted) const {
    wanted.clear();
    auto index = segment.index(cache_);
    if (!index) return index.error();
    SegmentMatches matches(**index, filter, first, last);
    while (auto match = matches.next()) {
        const SegmentIndex::Place& place = (*index)->place(match->ordinal);
        bool fits = budget.events > 0 && place.body_bytes <= budget.bytes;
        if (!fits && !(at_least_one && wanted.empty())) return true;
        wanted.push_back({match->ordinal, match->ask_record, place});
        budget.events -= std::min<std::size_t>(1, budget.events);
        budget.bytes -= std::min<std::size_t>(place.body_bytes, budget.bytes);
    }
    return false;
}

Result<std::size_t> LogReader::fetch(const Segment& segment, std::span<const Wanted> wanted, const EventFilter* filter,
                                     std::vector<Event>& events) const {
    std::size_t bytes = 0;
    for (std::size_t begin = 0; begin < wanted.size();) {
        std::size_t end = begin + 1;
        while (end < wanted.size() && wanted[end].place.offset - wanted[end - 1].place.end() <= kBridgedGap &&
               wanted[end].place.end() - wanted[begin].place.offset <= kLongestRun) {
            ++end;
        }
        auto fetched = fetch_run(segment, wanted.subspan(begin, end - begin), filter, events);
        if (!fetched) return fetched;
        bytes += *fetched;
        begin = end;
    }
    return bytes;
}

Result<std::size_t> LogReader::fetch_run(const Segment& segment, std::span<const Wanted> run, const EventFilter* filter,
                                         std::vector<Event>& events) const {
    std::size_t body_bytes = 0;
    std::uint64_t start = run.front().place.offset;
    auto bytes = std::make_shared<std::string>(run.back().place.end() - start, '\0');
    auto got = segment.file().read(start, bytes->data(), bytes->size());
    if (!got) return io_error("read", segment.path(), got.error());
    bytes->resize(*got);
    for (const Wanted& one : run) {
        std::uint64_t at = one.place.offset - start;
        if (at > bytes->size()) return damaged_record(segment, one.ordinal, one.place);
        Sequence sequence = segment.header().first + one.ordinal;
        auto record = decode_record(std::string_view(*bytes).substr(at), sequence, segment.header().epoch);
        if (!record) return damaged_record(segment, one.ordinal, one.place);
        auto view = decode_event(record->body);
        if (!view) return damaged_record(segment, one.ordinal, one.place);
        if (one.ask_record && !has_all_tags(view->tags, filter->tags)) continue;
        events.emplace_back(bytes, *view, LogPosition{segment.header().partition, sequence}, record->time);
        body_bytes += record->body.size();
    }
    return body_bytes;
}

Result<ReadPage> LogReader::read(const ReadRequest& request, Sequence head) const {
    auto segments = segments_.snapshot();
    ReadPage page;
    page.oldest = segments->empty() ? head + 1 : segments->front()->header().first;
    Sequence last = std::min(request.to, head);
    page.next = std::max({request.from, page.oldest, Sequence(1)});
    Budget budget{request.max_events, request.max_bytes};
    std::vector<Wanted> wanted;
    auto at = segments->empty() ? segments->end() : segment_of(*segments, page.next);
    while (page.next <= last && at != segments->end() && budget.events > 0) {
        const Segment& segment = **at;
        Sequence segment_last = std::min(last, segment.extent().last());
        if (page.next > segment_last) {
            ++at;
            continue;
        }
        auto first = static_cast<std::uint32_t>(page.next - segment.header().first);
        auto until = static_cast<std::uint32_t>(segment_last - segment.header().first);
        auto more = plan(segment, request.filter, first, until, budget, page.events.empty(), wanted);
        if (!more) return more.error();
        if (*more && wanted.empty()) break;  // the next match does not fit what is left of the budget
        std::size_t before = page.events.size();
        auto fetched = fetch(segment, wanted, request.filter, page.events);
        if (!fetched) return fetched.error();
        budget.events -= std::min(budget.events, page.events.size() - before);
        budget.bytes -= std::min(budget.bytes, *fetched);
        page.next = *more ? segment.header().first + wanted.back().ordinal + 1 : segment_last + 1;
    }
    page.at_end = page.next > last;
    return page;
}

Result<Event> LogReader::get(Sequence sequence, Sequence head) const {
    auto segments = segments_.snapshot();
    Sequence oldest = segments->empty() ? head + 1 : segments->front()->header().first;
    if (sequence < oldest || sequence > head) return gone(sequence, oldest, head);
    const Segment& segment = **segment_of(*segments, sequence);
    auto ordinal = static_cast<std::uint32_t>(sequence - segment.header().first);
    std::vector<Event> events;
    if (segment.sealed()) {
        // Single reads go all over the log: most would load an index only to use one place of it.
        if (auto place = cache_.peek(segment, ordinal)) {
            Wanted wanted{ordinal, false, *place};
            if (fetch_run(segment, {&wanted, 1}, nullptr, events)) return std::move(events.front());
        }
    }
    SegmentIndex::Place place;
    {
        auto index = segment.index(cache_);
        if (!index) return index.error();
        place = (*index)->place(ordinal);
    }
    Wanted wanted{ordinal, false, place};
    if (auto fetched = fetch_run(segment, {&wanted, 1}, nullptr, events); !fetched) return fetched.error();
    return std::move(events.front());
}

Result<std::uint64_t> LogReader::count(Sequence from, Sequence to, const EventFilter& filter, Sequence head) const {
    auto segments = segments_.snapshot();
    std::uint64_t total = 0;
    Sequence last = std::min(to, head);
    for (auto at = segments->empty() ? segments->end() : segment_of(*segments, from); at != segments->end(); ++at) {
        const Segment& segment = **at;
        SegmentExtent extent = segment.extent();
        Sequence first = std::max(from, extent.first);
        Sequence until = std::min(last, extent.last());
        if (extent.first > last) break;
        if (extent.count == 0 || first > until) continue;
        auto first_ordinal = static_cast<std::uint32_t>(first - extent.first);
        auto last_ordinal = static_cast<std::uint32_t>(until - extent.first);
        {
            auto index = segment.index(cache_);
            if (!index) return index.error();
            if (auto sure = SegmentMatches(**index, &filter, first_ordinal, last_ordinal).count()) {
                total += *sure;
                continue;
            }
        }
        // Tags that the index does not know: page by page, so that memory stays bounded.
        ReadRequest request{.from = first, .to = until, .filter = &filter};
        for (;;) {
            auto page = read(request, head);
            if (!page) return page.error();
            total += page->events.size();
            if (page->at_end) break;
            request.from = page->next;
        }
    }
    return total;
}

Result<Sequence> LogReader::first_at_or_after(Timestamp time, Sequence head) const {
    auto segments = segments_.snapshot();
    for (const auto& segment : *segments) {
        SegmentExtent extent = segment->extent();
        if (extent.count == 0 || extent.last_time < time) continue;
        if (extent.first_time >= time) return extent.first;
        auto index = segment->index(cache_);
        if (!index) return index.error();
        return (*index)->first_at_or_after(time);
    }
    return head + 1;
}

}  // namespace sluice
