// What the store still has under an id when somebody takes it: a cursor, dead letters, notes. Dead letters are events
// of an org, so that nobody but the integration that left them, come back, may find them there.
#include <fmt/format.h>

#include <array>

#include "control/integration_directory.hpp"
#include "control/record_kinds.hpp"

namespace sluice {
namespace {

/// How long the cursor of an integration that the file no longer has is kept, in case it comes back (product.md).
constexpr auto kGoneCursorLife = std::chrono::days(7);
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

std::set<std::string> IntegrationDirectory::present() const {
    std::lock_guard lock(mutex_);
    std::set<std::string> ids = changing_;
    for (const auto& [id, entry] : entries_) ids.insert(id);
    return ids;
}

boost::asio::awaitable<Result<void>> IntegrationDirectory::forget_long_gone() {
    auto forget = [this]() -> Result<void> {
        {
            std::lock_guard lock(mutex_);
            if (reloading_) return {};  // tomorrow is early enough
        }
        return forget_long_gone(present());
    };
    co_return co_await parts_.blocking.run(std::move(forget));
}

Result<void> IntegrationDirectory::forget_long_gone(const std::set<std::string>& present) {
    auto with_cursor = parts_.cursors.integrations();
    if (!with_cursor) return with_cursor.error();
    auto gone_list = parts_.store.list(kGoneKind);
    if (!gone_list) return gone_list.error();
    std::map<std::string, std::string> gone(gone_list->begin(), gone_list->end());
    for (const auto& [id, since] : gone)
        if (present.contains(id))
            if (auto erased = parts_.store.erase(kGoneKind, id); !erased) return erased.error();
    auto now = parts_.clock.now();
    for (const auto& id : *with_cursor) {
        if (present.contains(id)) continue;
        auto nobodys = is_nobodys(id);
        if (!nobodys) return nobodys.error();
        if (!*nobodys) {
            auto since = gone.find(id);
            if (since == gone.end()) {
                if (auto put = parts_.store.put(kGoneKind, id, format_rfc3339(now)); !put) return put.error();
                continue;
            }
            auto when = parse_rfc3339(since->second);
            if (when && now - *when < kGoneCursorLife) continue;
        }
        // Who takes the id meanwhile deals with what is left under it, and must not lose what it has made since.
        Change change(*this, id);
        if (!change.held() || org_of(id)) continue;
        if (auto erased = erase_stored(id); !erased) return erased.error();
    }
    return {};
}

}  // namespace sluice
