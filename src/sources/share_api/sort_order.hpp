#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "event/event.hpp"

namespace sluice::share_api {

/// The `sort` parameter: members of the object (`updateDate`, `data.floor`), comma-separated, `-` before what descends.
class SortOrder {
  public:
    /// Newest first.
    SortOrder() = default;
    /// Errc::invalid_argument says what is wrong: no member, too many, or one twice.
    static Result<SortOrder> parse(std::string_view text);

    /// True when the order is that of creation, which the index keeps; anything else is sorted here.
    bool is_by_creation() const noexcept { return terms_.empty(); }
    bool newest_first() const noexcept { return newest_first_; }

    /// Sorts objects; those that compare equal stay in the order they have. Missing and null come first, then booleans,
    /// numbers by value, texts by code point, and the rest by their JSON text. Reads every object as often as it has
    /// members to compare: for a pool's thread.
    void sort(std::vector<Event>& events) const;

  private:
    struct Term {
        std::vector<std::string> path;
        bool descending = false;
    };
    std::vector<Term> terms_;
    bool newest_first_ = true;
};

}  // namespace sluice::share_api
