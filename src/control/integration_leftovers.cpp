// What the store still has under an id when somebody takes it: a cursor, dead letters, notes. Dead letters are events
// of an org, so that nobody but the integration that left them, come back, may find them there.
#include <fmt/format.h>

#include <array>

#include "control/integration_directory.hpp"
#include "control/record_kinds.hpp"

namespace sluice {
namespace {

/// The owner of what nobody goes on from.
constexpr std::string_view kNobody;
/// Whose it is stays known until the last.
constexpr std::array kNotes{kPausedKind, kReplayKind, kAlertToldKind, kGoneKind, kOwnerKind};

}  // namespace

/// Each erasing waits for the disk: what is not there is not erased.
Result<void> IntegrationDirectory::erase_stored(const std::string& id) {
    auto erase = [&]() -> Result<void> {
        auto cursors = parts_.cursors.load(id);
        auto letters = parts_.cursors.dead_letter_totals(id);
        bool is_nothing = cursors && cursors->empty() && letters && letters->count == 0;
        if (!is_nothing)
            if (auto erased = parts_.cursors.erase(id); !erased) return erased;
        for (auto kind : kNotes) {
            auto note = parts_.store.get(kind, id);
            if (!note) return note.error();
            if (!*note) continue;
            if (auto erased = parts_.store.erase(kind, id); !erased) return erased;
        }
        return {};
    };
    if (auto erased = erase(); !erased)
        return make_error(erased.error().code,
                          fmt::format("what is stored under the id \"{}\" from before cannot be erased: {}", id,
                                      erased.error().message),
                          erased.error().hint.empty() ? "try again when that is put right, or choose another id"
                                                      : erased.error().hint);
    return {};
}

/// One that comes back goes on where it was; one of another org starts anew.
Result<void> IntegrationDirectory::take_for_the_file(const std::vector<std::pair<std::string, std::string>>& taken) {
    std::vector<std::pair<std::string, std::string>> noted;
    for (const auto& [id, org] : taken) {
        auto owner = parts_.store.get(kOwnerKind, id);
        if (!owner) return owner.error();
        if (*owner == org) continue;
        // Where an older version did not note whose it is, it is the file's: it stays as it always did.
        if (*owner)
            if (auto erased = erase_stored(id); !erased) return erased;
        noted.emplace_back(id, org);
    }
    return noted.empty() ? Result<void>() : parts_.store.put_all(kOwnerKind, noted);
}

Result<void> IntegrationDirectory::take_for_the_api(const std::string& id) {
    if (auto erased = erase_stored(id); !erased) return erased;
    // Should the process die before it is kept, or while it is deleted, its cursor is nobody's.
    return disown(id);
}

Result<void> IntegrationDirectory::disown(const std::string& id) {
    auto nobodys = is_nobodys(id);
    if (!nobodys) return nobodys.error();
    if (*nobodys) return {};
    return parts_.store.put(kOwnerKind, id, kNobody);
}

Result<bool> IntegrationDirectory::is_nobodys(const std::string& id) const {
    auto owner = parts_.store.get(kOwnerKind, id);
    if (!owner) return owner.error();
    return *owner == kNobody;
}

}  // namespace sluice
