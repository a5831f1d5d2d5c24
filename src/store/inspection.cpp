#include "store/inspection.hpp"

#include <fmt/format.h>

#include <utility>

#include "store/object_codec.hpp"
#include "store/rocks_database.hpp"

namespace sluice {
namespace {

constexpr const char* kSameTime = "Restore log and store from the same backup.";
constexpr std::size_t kLettersAtOnce = 500;
/// Of one kind: the first few say enough.
constexpr std::uint64_t kToldOfOneKind = 3;

/// Tells the first few problems of a kind, and how many more there are.
class Kind {
  public:
    Kind(StoreInspection& found, std::string what) : found_(found), what_(std::move(what)) {}
    void add(const std::function<Error()>& make) {
        if (++count_ <= kToldOfOneKind) found_.problems.push_back(make());
    }
    ~Kind() {
        if (count_ > kToldOfOneKind)
            found_.problems.push_back(
                make_error(Errc::corrupt, fmt::format("{} more {}", count_ - kToldOfOneKind, what_), kSameTime));
    }

  private:
    StoreInspection& found_;
    std::string what_;
    std::uint64_t count_ = 0;
};

Result<void> inspect_objects(const RocksDatabase& database, const LogExtent& log, StoreInspection& found) {
    Kind unreadable(found, "records of the object index cannot be read");
    Kind nowhere(found, "objects point to events that the log does not have");
    {
        PrefixScan scan(database, database.objects(), std::string(1, kEntryLetter), PrefixScan::Direction::forward,
                        false);
        for (; scan.valid(); scan.next()) {
            ++found.objects;
            auto entry = decode_entry(scan.value());
            if (!entry) {
                unreadable.add([&] { return entry.error(); });
                continue;
            }
            found.rescued_objects += entry->rescued;
            Sequence at = entry->position.sequence;
            if (!entry->rescued && (at < log.oldest || at > log.head))
                nowhere.add([&] {
                    return make_error(
                        Errc::corrupt,
                        fmt::format("an object points to event {}, and the log has {} to {}", at, log.oldest, log.head),
                        kSameTime);
                });
        }
        if (auto ended = scan.status(); !ended) return ended;
    }
    PrefixScan answers(database, database.objects(), std::string(1, kAnswerLetter), PrefixScan::Direction::forward,
                       false);
    for (; answers.valid(); answers.next()) {
        ++found.idempotency_keys;
        if (auto answer = decode_answer(answers.value()); !answer) unreadable.add([&] { return answer.error(); });
    }
    return answers.status();
}

Result<void> inspect_watermark(const RocksDatabase& database, const LogExtent& log, StoreInspection& found) {
    auto stored = database.get(database.objects(), watermark_key(0));
    if (!stored) return stored.error();
    if (stored.value()) {
        auto watermark = decode_watermark(*stored.value());
        if (!watermark) {
            found.problems.push_back(watermark.error());
            return {};
        }
        found.index_watermark = *watermark;
    }
    if (found.index_watermark > log.head)
        found.problems.push_back(make_error(
            Errc::corrupt,
            fmt::format("the object index has seen event {}, and the log ends at {}", found.index_watermark, log.head),
            kSameTime));
    if (found.index_watermark + 1 < log.oldest)
        found.problems.push_back(
            make_error(Errc::corrupt,
                       fmt::format("the object index has seen events up to {}, and the log begins at {}: what is "
                                   "between cannot be indexed any more",
                                   found.index_watermark, log.oldest),
                       kSameTime));
    if (found.index_watermark < log.head)
        found.notes.push_back(
            fmt::format("the object index is caught up from event {} at the next start", found.index_watermark + 1));
    return {};
}

void compare_cursor(const std::string& id, const Cursor& cursor, const LogExtent& log, StoreInspection& found) {
    Sequence reached = cursor.position.sequence;
    if (!cursor.settled_beyond.empty()) reached = std::max(reached, cursor.settled_beyond.back().last);
    if (reached > log.head)
        found.problems.push_back(make_error(
            Errc::corrupt,
            fmt::format("integration {} has settled event {}, and the log ends at {}", id, reached, log.head),
            kSameTime));
    if (cursor.position.sequence + 1 < log.oldest && log.head != 0)
        found.notes.push_back(
            fmt::format("integration {} stands at {}, and the log begins at {}: what matches between is "
                        "recorded as lost at the next start",
                        id, cursor.position.sequence, log.oldest));
    Sequence last = cursor.position.sequence;
    for (const SequenceRange& range : cursor.settled_beyond) {
        if (range.first <= last + 1 || range.last < range.first) {
            found.problems.push_back(
                make_error(Errc::corrupt,
                           fmt::format("integration {}: its settled ranges are not in order at {}", id, range.first),
                           "Restore the folder from a backup."));
            break;
        }
        last = range.last;
    }
}

void inspect_dead_letters(const CursorStore& cursors, IntegrationInspection& integration, StoreInspection& found) {
    auto totals = cursors.dead_letter_totals(integration.id);
    if (!totals) {
        found.problems.push_back(totals.error());
        return;
    }
    integration.dead_letters = *totals;
    std::uint64_t count = 0;
    std::optional<LogPosition> after = LogPosition{};
    while (after) {
        auto page = cursors.dead_letters(integration.id, *after, kLettersAtOnce);
        if (!page) {
            found.problems.push_back(page.error());
            return;
        }
        count += page->items.size();
        after = page->next;
    }
    if (count != totals->count)
        found.problems.push_back(make_error(Errc::corrupt,
                                            fmt::format("integration {} has {} dead letters, and its totals say {}",
                                                        integration.id, count, totals->count),
                                            "Restore the folder from a backup."));
}

Result<void> inspect_cursors(const std::shared_ptr<Database>& database, const LogExtent& log, StoreInspection& found) {
    auto cursors = CursorStore::open(database);
    if (!cursors) return cursors.error();
    auto ids = (*cursors)->integrations();
    if (!ids) return ids.error();
    for (std::string& id : *ids) {
        IntegrationInspection integration;
        integration.id = std::move(id);
        auto loaded = (*cursors)->load(integration.id);
        if (loaded) {
            integration.cursors = std::move(*loaded);
            for (const Cursor& cursor : integration.cursors) compare_cursor(integration.id, cursor, log, found);
        } else {
            found.problems.push_back(loaded.error());
        }
        if (auto targets = (*cursors)->taken_targets(integration.id); !targets)
            found.problems.push_back(targets.error());
        inspect_dead_letters(**cursors, integration, found);
        found.integrations.push_back(std::move(integration));
    }
    return {};
}

Result<void> count_control(const RocksDatabase& database, StoreInspection& found) {
    std::unique_ptr<rocksdb::Iterator> at(database.rocks().NewIterator(rocksdb::ReadOptions(), database.control()));
    for (at->SeekToFirst(); at->Valid(); at->Next()) ++found.control_records;
    if (!at->status().ok()) return database.to_error(at->status());
    return {};
}

}  // namespace

Result<StoreInspection> inspect_store(std::shared_ptr<Database> database, const LogExtent& log) {
    auto rocks = RocksDatabase::of(database);
    StoreInspection found;
    if (auto sound = rocks->verify_checksums(); !sound) found.problems.push_back(sound.error());
    if (auto read = inspect_watermark(*rocks, log, found); !read) return read.error();
    if (auto read = inspect_objects(*rocks, log, found); !read) return read.error();
    if (auto read = inspect_cursors(database, log, found); !read) return read.error();
    if (auto read = count_control(*rocks, found); !read) return read.error();
    return found;
}

}  // namespace sluice
