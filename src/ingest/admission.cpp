#include "ingest/admission.hpp"

namespace sluice {

namespace {

/// Waiting writes are through in less than this unless the disk is ill.
constexpr std::chrono::seconds kRetryAfterBusy{1};
/// A backlog shrinks at the pace of a customer's cloud.
constexpr std::chrono::seconds kRetryAfterBacklog{30};

}  // namespace

Admission::Admission(std::uint64_t max_waiting_bytes, Behind behind, OverBacklog over_backlog)
    : max_waiting_bytes_(max_waiting_bytes), behind_(std::move(behind)), over_backlog_(std::move(over_backlog)) {}

IngestResult<Admission::Ticket> Admission::admit(std::string_view org, std::uint64_t bytes) {
    if (over_backlog_ && over_backlog_(org))
        return Refusal::of(
            Refusal::Kind::over_backlog, "org_backlog",
            "too many of this org's events wait for delivery; see which integration is behind, then try again",
            kRetryAfterBacklog);

    Ticket ticket(*this, bytes);
    const std::uint64_t before = waiting_bytes_.fetch_add(bytes);
    // A write that is larger than the bound still passes when it is alone.
    const std::uint64_t others = before + (behind_ ? behind_() : 0);
    if (others > 0 && others + bytes > max_waiting_bytes_)
        return Refusal::of(Refusal::Kind::busy, "overloaded", "too many writes are waiting; try again",
                           kRetryAfterBusy);
    return ticket;
}

}  // namespace sluice
