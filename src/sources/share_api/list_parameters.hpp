#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "sources/share_api/sort_order.hpp"

namespace sluice::share_api {

inline constexpr std::size_t kDefaultPerPage = 999;

/// The query of a read. Pure value.
struct ListParameters {
    bool details = true;  ///< false: without `data`
    std::size_t page = 1;
    std::size_t per_page = kDefaultPerPage;
    SortOrder sort;
    std::optional<Timestamp> from;  ///< creation, inclusive
    std::optional<Timestamp> to;    ///< creation, exclusive

    std::size_t offset() const noexcept { return (page - 1) * per_page; }
};

/// Which parameters a read takes: a page all of them, one object only `details`.
enum class ReadForm { page, single };

/// Errc::invalid_argument names the parameter and what is wrong with it; an unknown one with the nearest known.
Result<ListParameters> parse_list_parameters(const http::Request& request, ReadForm form, std::size_t max_per_page);

}  // namespace sluice::share_api
