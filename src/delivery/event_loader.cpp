#include "delivery/event_loader.hpp"

namespace sluice {

namespace {

/// A page is read when at least one in this many of its events is wanted.
constexpr Sequence kDense = 4;

}  // namespace

std::vector<Result<Event>> load_events(const EventLog& log, const EventFilter& filter,
                                       std::span<const Sequence> sequences) {
    std::vector<Result<Event>> events;
    events.reserve(sequences.size());
    while (events.size() < sequences.size()) {
        const std::size_t start = events.size();
        std::size_t at = start;
        // As far as the wanted stand close together.
        std::size_t end = at + 1;
        while (end < sequences.size() && sequences[end] - sequences[at] < kDense * (end - at + 1)) ++end;
        if (end - at < 8) {
            events.push_back(log.get({0, sequences[at]}));
            continue;
        }
        ReadRequest request;
        request.from = sequences[at];
        request.to = sequences[end - 1];
        request.filter = &filter;
        Result<ReadPage> page = log.read(request);
        if (!page) {
            events.push_back(page.error());
            continue;
        }
        std::size_t next = 0;
        for (; at < end && sequences[at] < page->next; ++at) {
            while (next < page->events.size() && page->events[next].sequence() < sequences[at]) ++next;
            if (next < page->events.size() && page->events[next].sequence() == sequences[at]) {
                events.push_back(page->events[next]);
            } else {
                events.push_back(make_error(Errc::not_found, "the log has let go of it"));
            }
        }
        if (at == start) events.push_back(log.get({0, sequences[at]}));
    }
    return events;
}

}  // namespace sluice
