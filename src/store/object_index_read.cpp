#include "store/rocks_object_index.hpp"

namespace sluice {
namespace {

/// Between reading an object's entry and its event, the event can be rescued or replaced by a newer one; then the entry
/// has changed, and is read again.
constexpr int kReadAttempts = 4;

Error no_such_object(std::string_view id) {
    return make_error(Errc::not_found, "there is no object " + std::string(id));
}

struct Found {
    std::string id;
    ObjectEntry entry;  // its tags are not kept
};

bool matches(const ObjectIndex::ListQuery& query, const ObjectEntry& entry) {
    return (!query.from || entry.created >= *query.from) && (!query.to || entry.created < *query.to) &&
           (query.tags.empty() || has_all_tags(entry.tags, query.tags));
}

}  // namespace

std::optional<std::chrono::seconds> ObjectRetention::of(ObjectType type) const noexcept {
    switch (type) {
        case ObjectType::objs:
            return objs;
        case ObjectType::devices:
            return devices;
        case ObjectType::health:
            return health;
    }
    return std::nullopt;
}

bool RocksObjectIndex::is_past_retention(ObjectType type, Timestamp updated, Timestamp now) const {
    auto retention = retention_.of(type);
    return retention && now - updated >= *retention;
}

Result<Event> RocksObjectIndex::get(const Key& key) const {
    std::string stored_key;
    if (!object_key(key, stored_key)) return no_such_object(key.id);
    std::string value;
    for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
        auto entry = read_entry(stored_key, value);
        if (!entry) return entry.error();
        if (!entry.value() || is_past_retention(key.type, entry.value()->updated, clock_.now())) break;
        auto event = event_at(*entry.value(), key);
        if (!event) return event.error();
        if (event.value()) return std::move(*event.value());
    }
    return no_such_object(key.id);
}

/// nullopt when the event is not where the entry says (any more).
Result<std::optional<Event>> RocksObjectIndex::event_at(const ObjectEntry& entry, const Key& key) const {
    Result<Event> event = make_error(Errc::not_found, {});
    if (entry.rescued) {
        auto bytes = database_->get(database_->objects(), rescued_key(entry.position));
        if (!bytes) return bytes.error();
        if (!bytes.value()) return std::optional<Event>();
        event = decode_rescued(entry.position, *bytes.value());
    } else {
        event = log_.get(entry.position);
        if (!event && event.error().code == Errc::not_found) return std::optional<Event>();
    }
    if (!event) return event.error();
    const EventView& view = event.value().view();
    if (view.id != key.id || view.rec_type != key.rec_type || view.org != key.org || view.object_type != key.type) {
        return make_error(Errc::corrupt,
                          "the store's entry of object " + std::string(key.id) + " points to another object's event, " +
                              to_string(entry.position),
                          "Restore log and store from the same backup.");
    }
    return std::optional<Event>(std::move(event.value()));
}

Result<ObjectIndex::ListPage> RocksObjectIndex::list(const ListQuery& query) const {
    ListPage page;
    std::string prefix;
    if (!object_prefix(query.org, query.type, query.rec_type, prefix)) return page;

    // First the entries alone, so that nothing is read of objects that are skipped or only counted.
    std::vector<Found> found;
    const Timestamp now = clock_.now();
    PrefixScan scan(*database_, database_->objects(), prefix,
                    query.newest_first ? PrefixScan::Direction::backward : PrefixScan::Direction::forward);
    for (; scan.valid(); scan.next()) {
        auto entry = decode_entry(scan.value());
        if (!entry) return entry.error();
        if (is_past_retention(query.type, entry.value().updated, now) || !matches(query, entry.value())) continue;
        if (page.total++ < query.offset || found.size() >= query.limit) continue;
        entry.value().tags = {};
        found.push_back({std::string(scan.key()), entry.value()});
        if (!query.exact_total && found.size() == query.limit) break;
    }
    if (auto ended = scan.status(); !ended) return ended.error();

    page.events.reserve(found.size());
    std::uint64_t bytes = 0;
    for (const Found& object : found) {
        page.cut = bytes > 0 && bytes >= query.max_bytes;
        if (page.cut) break;
        const Key key{query.org, query.type, query.rec_type, object.id};
        auto event = event_at(object.entry, key);
        if (!event) return event.error();
        if (!event.value()) {
            auto current = get(key);
            if (current) {
                event.value() = std::move(current.value());
            } else if (current.error().code == Errc::not_found) {
                --page.total;  // deleted meanwhile
                continue;
            } else {
                return current.error();
            }
        }
        bytes += (*event.value())->obj.size();
        page.events.push_back(std::move(*event.value()));
    }
    return page;
}

Result<std::optional<ObjectIndex::IdempotentAnswer>> RocksObjectIndex::find_idempotency_key(
    std::string_view org, std::string_view key) const {
    std::string stored_key;
    if (!answer_key(org, key, stored_key)) return std::optional<IdempotentAnswer>();
    auto bytes = database_->get(database_->objects(), stored_key);
    if (!bytes) return bytes.error();
    if (!bytes.value()) return std::optional<IdempotentAnswer>();
    auto answer = decode_answer(*bytes.value());
    if (!answer) return answer.error();
    if (clock_.now() - answer.value().at >= kIdempotencyLife) return std::optional<IdempotentAnswer>();
    return std::optional<IdempotentAnswer>(std::move(answer.value()));
}

}  // namespace sluice
