#include "sources/share_api/sort_order.hpp"

#include <algorithm>
#include <charconv>
#include <compare>
#include <cstdint>
#include <deque>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "json/find.hpp"

namespace sluice::share_api {

namespace {

constexpr std::size_t kMaxTerms = 8;

/// A member's value, made comparable. `text` points into the object, or to what had to be unescaped.
struct SortKey {
    enum class Rank : std::uint8_t { missing, boolean, number, text, other } rank = Rank::missing;
    double number = 0;  ///< of numbers and booleans
    std::string_view text;
};

/// JSON knows no bounds: what a double cannot hold is infinite, or zero.
double number_of(std::string_view raw) {
    double value = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (error == std::errc()) return value;
    const bool negative = raw.front() == '-';
    const std::size_t exponent = raw.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos ? raw[exponent + 1] == '-' : raw.substr(negative, 2) == "0.";
    if (tiny) return 0;
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

SortKey key_of(std::optional<std::string_view> raw, std::deque<std::string>& unescaped) {
    SortKey key;
    if (!raw || *raw == "null") return key;
    switch (raw->front()) {
        case 't':
        case 'f':
            key.rank = SortKey::Rank::boolean;
            key.number = raw->front() == 't' ? 1 : 0;
            break;
        case '"':
            key.rank = SortKey::Rank::text;
            key.text = raw->substr(1, raw->size() - 2);
            if (key.text.find('\\') != std::string_view::npos) key.text = unescaped.emplace_back(json::unescape(*raw));
            break;
        case '{':
        case '[':
            key.rank = SortKey::Rank::other;
            key.text = *raw;
            break;
        default:
            key.rank = SortKey::Rank::number;
            key.number = number_of(*raw);
    }
    return key;
}

std::weak_ordering compare(const SortKey& a, const SortKey& b) {
    if (a.rank != b.rank) return a.rank <=> b.rank;
    if (a.number != b.number) return a.number < b.number ? std::weak_ordering::less : std::weak_ordering::greater;
    return a.text.compare(b.text) <=> 0;
}

}  // namespace

Result<SortOrder> SortOrder::parse(std::string_view text) {
    SortOrder order;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find(',', start), text.size());
        std::string_view member = text.substr(start, end - start);
        start = end + 1;

        Term term;
        // A blank is what a query leaves of a `+` that is not written %2B.
        if (!member.empty() && std::string_view("-+ ").find(member.front()) != std::string_view::npos) {
            term.descending = member.front() == '-';
            member.remove_prefix(1);
        }
        for (std::size_t from = 0; from <= member.size();) {
            const std::size_t dot = std::min(member.find('.', from), member.size());
            term.path.emplace_back(member.substr(from, dot - from));
            if (term.path.back().empty())
                return make_error(Errc::invalid_argument,
                                  "sort names members of the object, separated by commas: -updateDate,data.floor");
            from = dot + 1;
        }
        // Reading a member again cannot decide what it left undecided.
        for (const Term& earlier : order.terms_) {
            if (earlier.path == term.path)
                return make_error(Errc::invalid_argument, "sort names " + std::string(member) + " twice");
        }
        order.terms_.push_back(std::move(term));
    }
    if (order.terms_.size() > kMaxTerms)
        return make_error(Errc::invalid_argument, "sort takes at most " + std::to_string(kMaxTerms) + " members");

    const auto& first = order.terms_.front();
    const bool by_creation = first.path.size() == 1 && (first.path[0] == "createDate" || first.path[0] == "tstamp");
    if (order.terms_.size() == 1 && by_creation) {
        order.newest_first_ = first.descending;
        order.terms_.clear();
    }
    return order;
}

void SortOrder::sort(std::vector<Event>& events) const {
    std::deque<std::string> unescaped;  // keys point to them
    std::vector<SortKey> keys;
    keys.reserve(events.size() * terms_.size());
    for (const Event& event : events) {
        for (const Term& term : terms_) keys.push_back(key_of(json::find_path(event->obj, term.path), unescaped));
    }
    std::vector<std::size_t> order(events.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        for (std::size_t i = 0; i < terms_.size(); ++i) {
            const auto found = compare(keys[a * terms_.size() + i], keys[b * terms_.size() + i]);
            if (found != 0) return terms_[i].descending ? found > 0 : found < 0;
        }
        return false;
    });
    std::vector<Event> sorted;
    sorted.reserve(events.size());
    for (const std::size_t at : order) sorted.push_back(std::move(events[at]));
    events = std::move(sorted);
}

}  // namespace sluice::share_api
