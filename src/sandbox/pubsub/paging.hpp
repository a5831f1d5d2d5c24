#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "sandbox/pubsub/rpc_error.hpp"

namespace sluice::sandbox {

/// Which part of a list an answer shows. A page token is the position to go on from.
struct Page {
    std::size_t first = 0;
    std::size_t end = 0;
    std::string next_token;  ///< empty on the last page
};

/// `size` 0: as many as a page may have.
inline RpcResult<Page> page_of(std::size_t entries, int size, std::string_view token) {
    constexpr int kLargestPage = 1000;
    Page page;
    if (!token.empty()) {
        auto [end, failure] = std::from_chars(token.data(), token.data() + token.size(), page.first);
        if (failure != std::errc() || end != token.data() + token.size() || page.first > entries)
            return RpcError{RpcCode::invalid_argument, "Invalid page token.", {}};
    }
    if (size < 0) return RpcError{RpcCode::invalid_argument, "Page size must not be negative.", {}};
    auto most = static_cast<std::size_t>(size == 0 || size > kLargestPage ? kLargestPage : size);
    page.end = entries - page.first > most ? page.first + most : entries;
    if (page.end < entries) page.next_token = std::to_string(page.end);
    return page;
}

}  // namespace sluice::sandbox
