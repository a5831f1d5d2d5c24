#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "event/event.hpp"

namespace sluice {

/// The six members of an envelope that somebody else wrote. `raw_*` are the values as they came in, escapes and all:
/// what was sent in is what comes out. The others are what they stand for.
struct EnvelopeParts {
    EventType event_type = EventType::create;
    ObjectType object_type = ObjectType::objs;
    std::string_view id;
    std::string_view rec_type;
    std::string_view source;
    std::string_view data;  ///< raw, a part of raw_obj: its last member of that name; empty when there is none

    std::string_view raw_event_type;
    std::string_view raw_id;
    std::string_view raw_obj;
    std::string_view raw_object_type;
    std::string_view raw_rec_type;
    std::string_view raw_source;
};

/// Takes ready envelopes apart (`POST /events`). Keep one and read many: it holds the few strings that had escapes.
class EnvelopeReader {
  public:
    /// `text`: validated and minified; its members in any order. The views point into it and into the reader, and live
    /// until the next read. Errc::invalid_argument names the member and what is wrong with it: missing, twice, unknown,
    /// a wrong type or value.
    Result<EnvelopeParts> read(std::string_view text);

  private:
    std::string id_;
    std::string rec_type_;
    std::string source_;
};

}  // namespace sluice
