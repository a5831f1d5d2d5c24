#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "delivery/state_watch.hpp"

namespace sluice {

/// One thing to tell, before it is sent.
struct AlertNote {
    std::string type;  ///< `integration.failing`
    std::string org;
    std::string integration;
    Timestamp at{};
    boost::json::object data;  ///< as docs/alerts.md has it
};

/// `integration.failing` and the like.
std::string alert_type(TransitionFilter::Kind kind);
AlertNote alert_note(const Transition& transition);

/// The JSON of a message, `{"type","timestamp","data"}` as Standard Webhooks has it; `missed`, when not 0, tells how
/// many others this receiver did not get. Pure.
std::string alert_body(const AlertNote& note, std::uint64_t missed);
/// Many in one: `integrations.summary`, with counts by type and the first of them.
std::string alert_summary_body(std::span<const AlertNote> notes, std::uint64_t missed, Timestamp now);
/// `alert.test`.
std::string alert_test_body(std::string_view alert_id, std::string_view org, Timestamp now);

}  // namespace sluice
