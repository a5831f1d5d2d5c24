#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

#include "control/integration_directory.hpp"
#include "delivery/event_preview.hpp"
#include "destination/registry.hpp"
#include "event/filter.hpp"

namespace sluice::api {

/// `{"field","message","hint"}`: which member of the settings is wrong, by its path, and how.
boost::json::object problem_json(const Error& error);
boost::json::array problems_json(const std::vector<Error>& errors);

/// What a pasted text was recognised as, by every kind of destination: `{"recognised":[…],"refused":[…]}`. The text's
/// secrets are not in it.
boost::json::object recognition_json(std::string_view text, const DestinationRegistry& registry,
                                     const IntegrationOrigin& origin);

/// `{"ok","type","facts","problems","settings","targets","suggested_redact"}`; `targets` as given. Settings redacted,
/// defaults filled in.
boost::json::object draft_json(const IntegrationDirectory::Draft& draft, const DestinationRegistry& registry,
                               boost::json::array targets);
/// `{"recType","target","error"}`
boost::json::object target_json(std::string_view rec_type, const Result<EventPreview>& preview);

/// What would be sent: `{"body","body_bytes","content_type","target","key","metadata","addressing","error","event"}`.
boost::json::object to_json(const EventPreview& preview);
/// The same with what `redact` removes: `redacted`.
boost::json::object preview_json(const EventPreview& preview, const std::vector<std::string>& redact);
/// A dead letter with its envelope and what would be sent.
boost::json::object to_json(const DeadLetterPreview& letter);

/// By recType, the latest first:
/// `{"events","matching","recTypes":[{"recType","events","matching","last_sequence",…}]}`.
boost::json::object recent_json(const std::vector<Event>& events, const EventFilter& filter);

}  // namespace sluice::api
