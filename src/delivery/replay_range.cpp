#include "delivery/replay_range.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice {

namespace {

/// The first sequence at or after `time`.
Result<Sequence> first_from(const EventLog& log, Timestamp time) {
    return log.first_at_or_after(0, time);
}

}  // namespace

Result<SequenceRange> replay_range(const EventLog& log, const ReplayRequest& request) {
    LogStats stats = log.stats();
    SequenceRange range{request.from ? request.from->sequence : 0, stats.head};
    if (request.from_time) {
        Result<Sequence> first = first_from(log, *request.from_time);
        if (!first) return first.error();
        range.first = *first;
        // A time before everything that is kept is older than the oldest event only if events were let go.
        if (range.first <= stats.oldest && stats.oldest > 1) {
            Result<Event> oldest = log.get({0, stats.oldest});
            if (oldest && oldest->time() > *request.from_time) {
                return make_error(
                    Errc::not_found,
                    fmt::format("what was stored from {} on is not in the log any more: it begins at {} "
                                "(sequence {})",
                                format_rfc3339(*request.from_time), format_rfc3339(oldest->time()), stats.oldest),
                    "replay from there, or from a later time");
            }
        }
    }
    if (request.to) range.last = request.to->sequence;
    if (request.to_time) {
        // Everything up to and including that millisecond.
        Result<Sequence> after = first_from(log, *request.to_time + std::chrono::milliseconds(1));
        if (!after) return after.error();
        range.last = *after - 1;
    }
    if (range.first == 0) {
        return make_error(Errc::invalid_argument, "`from` is missing", "give a sequence or an RFC 3339 time");
    }
    bool inverted = (request.to || request.to_time) && range.last < range.first;
    bool both_times = request.from_time && request.to_time;
    if (inverted && !(both_times && *request.from_time <= *request.to_time)) {
        return make_error(Errc::invalid_argument,
                          fmt::format("`to` ({}) lies before `from` ({})", range.last, range.first),
                          "give a `to` at or after `from`, or leave it out for everything up to now");
    }
    if (range.first > stats.head) {
        return make_error(Errc::invalid_argument,
                          fmt::format("`from` lies beyond the log, whose last event is {}", stats.head),
                          "there is nothing to replay yet");
    }
    if (inverted) {
        return make_error(Errc::not_found, "nothing was stored between `from` and `to`", "widen the range");
    }
    if (range.first < stats.oldest) {
        return make_error(Errc::not_found,
                          fmt::format("what was stored from {} on is not in the log any more: it begins at {}",
                                      range.first, stats.oldest),
                          fmt::format("replay from {} or later", stats.oldest));
    }
    range.last = std::min(range.last, stats.head);
    return range;
}

}  // namespace sluice
