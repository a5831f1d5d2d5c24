#include "app/store_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/progress.hpp"

namespace sluice::app {
namespace {

LogExtent extent_of(const LogReport& log) {
    LogExtent extent;
    extent.head = log.head;
    extent.oldest = log.segments.empty() ? 1 : log.segments.front().first;
    return extent;
}

Result<StoreCheck> look(const DataFolder& folder, bool live) {
    StoreCheck check;
    check.live = live;
    // The store before the log: what it refers to is in the log by then.
    auto view = Database::open_view(folder.database());
    auto log = live ? verify_live_log(folder.log()) : verify_log(folder.log());
    if (!log) return log.error();
    check.log = std::move(*log);
    check.extent = extent_of(check.log);
    for (const SegmentReport& segment : check.log.segments)
        check.problems.insert(check.problems.end(), segment.problems.begin(), segment.problems.end());
    if (!view) {
        check.problems.push_back(view.error());
        return check;
    }
    auto store = inspect_store(*view, check.extent);
    if (!store) {
        check.problems.push_back(store.error());
        return check;
    }
    check.store = std::move(*store);
    check.problems.insert(check.problems.end(), check.store.problems.begin(), check.store.problems.end());
    return check;
}

}  // namespace

Result<StoreCheck> check_store(const DataFolder& folder) {
    if (auto known = check_data_folder(folder); !known) return known.error();
    Progress progress("reading all of it");
    progress.update(0, 0);
    bool live = false;
    {
        auto use = look_at_use(folder);
        if (!use) return use.error();
        live = use->live;
    }
    auto check = look(folder, live);
    if (!live || !check || check->sound()) return check;
    // A node that runs moves on while this reads: only what is wrong twice is wrong.
    auto again = look(folder, live);
    if (!again) return again;
    std::erase_if(again->problems, [&](const Error& problem) {
        return std::none_of(check->problems.begin(), check->problems.end(),
                            [&](const Error& before) { return before.message == problem.message; });
    });
    return again;
}

Result<void> check_copy(const DataFolder& folder, const LogExtent& expected) {
    auto check = check_store(folder);
    if (!check) return check.error();
    if (!check->sound()) {
        const Error& first = check->problems.front();
        return make_error(Errc::corrupt, fmt::format("the copy in {} is not sound: {}", folder.path, first.message),
                          "nothing else was changed; try again, or take another backup");
    }
    if (check->extent.oldest != expected.oldest || check->extent.head != expected.head)
        return make_error(Errc::corrupt,
                          fmt::format("the copy in {} has events {} to {}, and was made with {} to {}", folder.path,
                                      check->extent.oldest, check->extent.head, expected.oldest, expected.head),
                          "take another backup; this one is not whole");
    return {};
}

}  // namespace sluice::app
