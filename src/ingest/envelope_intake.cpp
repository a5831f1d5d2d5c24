#include "ingest/envelope_intake.hpp"

#include <utility>

#include "base/ids.hpp"
#include "base/units.hpp"
#include "json/find.hpp"
#include "json/validate.hpp"

namespace sluice {

namespace {

/// An object may be this much larger than its data, and its text this much deeper: what is around the data.
constexpr std::size_t kAroundData = 16 << 10;
constexpr std::size_t kLevelsAroundData = 2;
/// As many as the Share API takes in a path.
constexpr std::size_t kMaxTags = 64;

/// `obj.tags`, as far as they are tags: the platform's objects may have other things under that name.
void encode_tags_of(std::string_view obj, std::string& out) {
    out.clear();
    const auto raw = json::find_member(obj, "tags");
    if (!raw || !raw->starts_with('[')) return;
    std::vector<std::string> tags;
    json::for_each_element(*raw, [&tags](std::string_view element) {
        if (element.starts_with('"')) {
            std::string tag = json::unescape(element);
            if (is_valid_tag(tag)) tags.push_back(std::move(tag));
        }
        return tags.size() < kMaxTags;
    });
    if (!tags.empty()) out = encode_tags(tags);
}

}  // namespace

EnvelopeIntake::EnvelopeIntake(EventBatch& batch, std::string_view org, DataLimits limits)
    : writer_(batch), org_(org), limits_(limits) {}

std::optional<Refusal> EnvelopeIntake::add(std::string_view text, const std::optional<IdempotencyMark>& mark) {
    using Kind = Refusal::Kind;
    minified_.clear();
    if (auto error = json::minify_to(minified_, text, {limits_.max_depth + kLevelsAroundData}))
        return refusal_of(std::move(*error));

    const auto parts = reader_.read(minified_);
    if (!parts) {
        Refusal refusal = refusal_of(parts.error());
        refusal.kind = Kind::unacceptable;
        refusal.code = "invalid_envelope";
        refusal.line = 1;
        refusal.offset = 0;
        return refusal;
    }
    const std::size_t max_bytes = limits_.max_bytes + kAroundData;
    if (parts->raw_obj.size() > max_bytes) {
        std::string message = "an envelope's obj may have at most " + format_bytes(max_bytes) + ", this has " +
                              std::to_string(parts->raw_obj.size()) + "B";
        return Refusal{Kind::too_large, "object_too_large", std::move(message), 1, 0, {}};
    }
    encode_tags_of(parts->raw_obj, tags_);
    EventView attributes;
    attributes.org = org_;
    attributes.tags = tags_;
    attributes.idempotency = mark;
    writer_.add(*parts, attributes);
    return std::nullopt;
}

}  // namespace sluice
