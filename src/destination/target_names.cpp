#include "destination/target_names.hpp"

#include <utility>

#include "base/assert.hpp"

namespace sluice {
namespace {

std::string lowered(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

}  // namespace

TargetNames::TargetNames(std::string place, std::size_t most, LetterCase letter_case)
    : place_(std::move(place)), most_(most), letter_case_(letter_case) {}

TargetNames::Entries::iterator TargetNames::find(std::string_view name) {
    // The usual case: the same few names again and again, most of them in lower case.
    auto found = entries_.find(name);
    bool is_it = found != entries_.end() && found->second.name == name;
    return is_it || letter_case_ == LetterCase::told_apart ? found : entries_.find(lowered(name));
}

TargetNames::Admission TargetNames::take(Entry& entry, std::string_view name) {
    if (taken_ >= most_) return {Admission::Kind::one_too_many};
    entry.name = name;
    entry.hold = Hold::taken;
    entry.order = taken_++;
    return {};
}

TargetNames::Admission TargetNames::admit(std::string_view name, bool in_passing) {
    auto found = find(name);
    if (found == entries_.end()) {
        // What passes by is counted with what passed by, or it could take up any number of targets.
        if ((in_passing ? entries_.size() : taken_) >= most_) return {Admission::Kind::one_too_many};
        auto key = letter_case_ == LetterCase::ignored ? lowered(name) : std::string(name);
        Entry& entry = entries_[std::move(key)];
        entry = {std::string(name), Hold::passing, 0};
        return in_passing ? Admission{} : take(entry, name);
    }
    Entry& entry = found->second;
    if (entry.hold == Hold::passing && !in_passing) return take(entry, name);
    if (entry.name != name) return {Admission::Kind::clashes, entry.name};
    if (entry.hold != Hold::passing && entry.order >= most_) return {Admission::Kind::one_too_many};
    return {};
}

void TargetNames::keep(std::string_view name) {
    auto found = find(name);
    if (found == entries_.end() || found->second.hold != Hold::taken || found->second.name != name) return;
    found->second.hold = Hold::kept;
    kept_.emplace_back(name);
}

void TargetNames::recall(std::vector<std::string> names) {
    SLUICE_ASSERT(entries_.empty(), "what came before is told before anything is delivered");
    kept_ = std::move(names);
    for (const auto& name : kept_) {
        auto key = letter_case_ == LetterCase::ignored ? lowered(name) : name;
        entries_.try_emplace(std::move(key), Entry{name, Hold::kept, taken_++});
    }
}

}  // namespace sluice
