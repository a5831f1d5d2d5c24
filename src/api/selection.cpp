#include "api/selection.hpp"

#include "api/answers.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <optional>

#include "base/ids.hpp"
#include "base/nearest.hpp"

namespace sluice::api {
namespace {

constexpr std::size_t kMaxSequences = 10'000;
constexpr std::string_view kSelectionMembers[] = {"recType", "class", "code", "target", "key", "from", "to"};

std::optional<Sequence> parse_sequence(std::string_view text) {
    Sequence sequence = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
    if (error != std::errc() || end != text.data() + text.size() || sequence == 0) return std::nullopt;
    return sequence;
}

std::optional<Sequence> sequence_of(const boost::json::value& value) {
    if (value.is_string()) return parse_sequence(view_of(value.get_string()));
    if (value.is_int64() && value.get_int64() > 0) return static_cast<Sequence>(value.get_int64());
    if (value.is_uint64()) return value.get_uint64();
    return std::nullopt;
}

Error unknown_member(std::string_view name, std::span<const std::string_view> known) {
    std::vector<std::string_view> words(known.begin(), known.end());
    std::string_view near = nearest_word(name, words);
    return make_error(
        Errc::invalid_argument, fmt::format("{} is not known here", name),
        near.empty() ? fmt::format("known: {}", fmt::join(words, ", ")) : fmt::format("did you mean `{}`?", near));
}

Result<void> read_member(DeadLetterFilter& filter, std::string_view name, std::string_view text) {
    static constexpr ErrorClass kClasses[] = {ErrorClass::transient,   ErrorClass::throttled,
                                              ErrorClass::credentials, ErrorClass::missing_target,
                                              ErrorClass::too_large,   ErrorClass::rejected};
    if (name == "recType") {
        if (!is_valid_pattern(text))
            return make_error(Errc::invalid_argument, "recType is a pattern like io.microshare.** or *.unpacked");
        filter.rec_types.emplace_back(text);
    } else if (name == "class") {
        for (ErrorClass each : kClasses)
            if (to_string(each) == text) filter.error_class = each;
        if (!filter.error_class)
            return make_error(Errc::invalid_argument,
                              "class is transient, throttled, credentials, missing_target, too_large or rejected");
    } else if (name == "code") {
        filter.code = text;
    } else if (name == "target") {
        filter.target = text;
    } else if (name == "key") {
        filter.key = std::string(text);
    } else if (name == "from" || name == "to") {
        Result<Timestamp> time = parse_rfc3339(text);
        if (!time)
            return make_error(Errc::invalid_argument,
                              fmt::format("{} is a time like 2026-11-23T14:05:00Z (RFC 3339)", name));
        (name == "from" ? filter.from : filter.to) = *time;
    } else {
        return unknown_member(name, kSelectionMembers);
    }
    return {};
}

Result<void> check_times(const DeadLetterFilter& filter) {
    if (filter.from && filter.to && *filter.to < *filter.from)
        return make_error(Errc::invalid_argument, "`to` lies before `from`");
    return {};
}

/// A sequence or a time into whichever is meant.
Result<void> read_end(const boost::json::object& body, std::string_view name, std::optional<LogPosition>& position,
                      std::optional<Timestamp>& time) {
    const auto* value = body.if_contains(name);
    if (value == nullptr || value->is_null()) return {};
    if (auto sequence = sequence_of(*value)) {
        position = LogPosition{0, *sequence};
        return {};
    }
    if (value->is_string()) {
        if (Result<Timestamp> parsed = parse_rfc3339(view_of(value->get_string()))) {
            time = *parsed;
            return {};
        }
    }
    return make_error(Errc::invalid_argument, fmt::format("`{}` is neither a sequence nor a time", name),
                      "write \"12345\", or \"2026-11-23T14:05:00Z\" (RFC 3339)");
}

}  // namespace

Result<DeadLetterFilter> dead_letter_filter(const std::vector<std::pair<std::string, std::string>>& query) {
    DeadLetterFilter filter;
    for (const auto& [name, text] : query) {
        if (name == "limit" || name == "after") continue;
        if (auto read = read_member(filter, name, text); !read) return read.error();
    }
    if (auto checked = check_times(filter); !checked) return checked.error();
    return filter;
}

Result<DeadLetterFilter> dead_letter_selection(const boost::json::object& body) {
    DeadLetterFilter filter;
    bool all = false;
    for (const auto& [key, value] : body) {
        std::string_view name(key.data(), key.size());
        if (name == "all") {
            if (!value.is_bool()) return make_error(Errc::invalid_argument, "`all` is true or false");
            all = value.get_bool();
        } else if (name == "sequences") {
            const auto* array = value.if_array();
            if (array == nullptr || array->empty() || array->size() > kMaxSequences)
                return make_error(Errc::invalid_argument,
                                  fmt::format("`sequences` is a list of 1 to {} sequences", kMaxSequences));
            std::vector<LogPosition> positions;
            for (const auto& element : *array) {
                auto sequence = sequence_of(element);
                if (!sequence)
                    return make_error(Errc::invalid_argument, "`sequences` has something that is not a sequence",
                                      "write them as the list of dead letters shows them");
                positions.push_back({0, *sequence});
            }
            filter.positions = DeadLetterFilter::at(std::move(positions)).positions;
        } else if (!value.is_string()) {
            return make_error(Errc::invalid_argument, fmt::format("`{}` must be text", name));
        } else if (auto read = read_member(filter, name, view_of(value.get_string())); !read) {
            return read.error();
        }
    }
    if (auto checked = check_times(filter); !checked) return checked.error();
    if (!all && filter.is_everything())
        return make_error(Errc::invalid_argument, "nothing is chosen",
                          R"(say {"all": true}, {"sequences": ["12"]}, or a filter such as {"recType": "io.acme.**"})");
    if (all && !filter.is_everything())
        return make_error(Errc::invalid_argument, "`all` stands beside a choice", "give one of the two");
    return filter;
}

Result<ReplayRequest> replay_request(const boost::json::object& body) {
    static constexpr std::string_view kKnown[] = {"from", "to"};
    for (const auto& member : body)
        if (std::string_view name(member.key().data(), member.key().size()); name != "from" && name != "to")
            return unknown_member(name, kKnown);
    ReplayRequest request;
    if (auto read = read_end(body, "from", request.from, request.from_time); !read) return read.error();
    if (auto read = read_end(body, "to", request.to, request.to_time); !read) return read.error();
    if (!request.from && !request.from_time)
        return make_error(Errc::invalid_argument, "`from` is missing", "give a sequence or an RFC 3339 time");
    if (request.from_time && request.to_time && *request.to_time < *request.from_time)
        return make_error(Errc::invalid_argument, "`to` lies before `from`");
    return request;
}

}  // namespace sluice::api
