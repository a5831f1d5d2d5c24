#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "http/message.hpp"

namespace sluice::api {

/// Items on a page, at most.
inline constexpr std::size_t kPageLimit = 1000;

/// `?limit=` of a list, bounded; nullopt when it is not a number from 1 to 1000.
std::optional<std::size_t> page_limit(const http::Request& request);
/// 400 for such a one.
http::Response bad_limit();

/// `{"items":[…],"next":…}` out of one item more than asked for, which tells whether there is a next page.
template <class Item, class ToJson, class NameOf>
http::Response page_response(std::vector<Item> items, std::size_t limit, const ToJson& to_json, const NameOf& name_of);

http::Response page_response(boost::json::array items, std::optional<std::string> next);

template <class Item, class ToJson, class NameOf>
http::Response page_response(std::vector<Item> items, std::size_t limit, const ToJson& to_json, const NameOf& name_of) {
    std::optional<std::string> next;
    if (items.size() > limit) {
        items.pop_back();
        next = name_of(items.back());
    }
    boost::json::array out;
    out.reserve(items.size());
    for (const auto& item : items) out.push_back(to_json(item));
    return page_response(std::move(out), std::move(next));
}

}  // namespace sluice::api
