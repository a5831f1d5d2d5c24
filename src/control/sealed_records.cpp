#include "control/sealed_records.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "control/record_kinds.hpp"

namespace sluice {
namespace {

std::string context_of(std::string_view kind, std::string_view name) {
    return fmt::format("{}/{}", kind, name);
}

bool has_all_keys_of(const Sealer& keys, const Sealer& other) {
    auto ids = other.key_ids();
    return std::all_of(ids.begin(), ids.end(), [&keys](const std::string& id) { return keys.has_key(id); });
}

}  // namespace

Result<std::unique_ptr<SealedRecords>> SealedRecords::open(ControlStore& store, std::unique_ptr<KeySource> source) {
    auto keys = source->read();
    if (!keys) return keys.error();
    return std::unique_ptr<SealedRecords>(new SealedRecords(store, std::move(source), std::move(*keys)));
}

std::shared_ptr<const Sealer> SealedRecords::keys() const {
    std::lock_guard lock(keys_mutex_);
    return keys_;
}

void SealedRecords::use(Sealer keys) {
    auto made = std::make_shared<const Sealer>(std::move(keys));
    std::lock_guard lock(keys_mutex_);
    keys_ = std::move(made);
}

Result<void> SealedRecords::put(std::string_view kind, const std::string& name, std::string_view plain) {
    std::lock_guard lock(writing_);
    return store_.put(kind, name, keys()->seal(plain, context_of(kind, name)));
}

Result<void> SealedRecords::erase(std::string_view kind, const std::string& name) {
    std::lock_guard lock(writing_);
    return store_.erase(kind, name);
}

Result<std::vector<std::pair<std::string, std::string>>> SealedRecords::list(std::string_view kind) const {
    auto sealed = store_.list(kind);
    if (!sealed) return sealed.error();
    auto with = keys();
    for (auto& [name, value] : *sealed) {
        auto plain = with->open(value, context_of(kind, name));
        if (!plain) return plain.error();
        value = std::move(*plain);
    }
    return sealed;
}

Result<SealedRecords::Status> SealedRecords::status() const {
    Status status;
    status.source = source_->name();
    status.keys = keys()->key_ids();
    status.warning = source_->warning();
    for (auto kind : kSealedKinds) {
        auto all = store_.list(kind);
        if (!all) return all.error();
        for (const auto& [name, sealed] : *all) ++status.records[std::string(Sealer::key_id_of(sealed))];
    }
    return status;
}

Result<std::size_t> SealedRecords::count_not_under(std::string_view key_id) const {
    std::size_t count = 0;
    for (auto kind : kSealedKinds) {
        auto all = store_.list(kind);
        if (!all) return all.error();
        for (const auto& [name, sealed] : *all) count += Sealer::key_id_of(sealed) != key_id ? 1 : 0;
    }
    return count;
}

Result<std::size_t> SealedRecords::seal_all_anew() {
    auto with = keys();
    std::size_t count = 0;
    for (auto kind : kSealedKinds) {
        auto all = store_.list(kind);
        if (!all) return all.error();
        for (const auto& [name, seen] : *all) {
            std::lock_guard lock(writing_);
            // As it is now: it may have been changed, or erased, since it was listed.
            auto sealed = store_.get(kind, name);
            if (!sealed) return sealed.error();
            if (!*sealed || Sealer::key_id_of(**sealed) == with->key_id()) continue;
            auto context = context_of(kind, name);
            auto plain = with->open(**sealed, context);
            if (!plain) return plain.error();
            if (auto put = store_.put(kind, name, with->seal(*plain, context)); !put) return put.error();
            ++count;
        }
    }
    return count;
}

Result<SealedRecords::Rotation> SealedRecords::rotate(bool keep_old) {
    std::unique_lock alone(rotating_, std::try_to_lock);
    if (!alone)
        return make_error(Errc::conflict, "another rotation of the key for secrets is under way", "wait for its end");
    auto written = source_->read();
    if (!written) return written.error();
    const Sealer known = written->joined_by(*keys());
    auto waiting = count_not_under(known.key_id());
    if (!waiting) return waiting.error();

    Rotation done;
    // A newer key stands there already: an earlier rotation was cut short, or the operator wrote it down.
    done.resumed = (*waiting > 0 && known.key_ids().size() > 1) || written->key_id() != keys()->key_id() ||
                   (!source_->is_ours_to_write() && known.key_ids().size() > 1);
    const Sealer next = done.resumed ? known : known.with_new_key();
    // Before the first record is sealed, whatever may be needed to open one is written down.
    if (!has_all_keys_of(*written, next))
        if (auto put = source_->write(next); !put) return put.error();
    use(next);
    auto resealed = seal_all_anew();
    if (!resealed) return resealed.error();
    // What was sealed under older keys is not to lie about in the store's files either.
    if (auto purged = store_.purge(); !purged) return purged.error();
    done.resealed = *resealed;
    done.key = next.key_id();

    auto older = next.key_ids();
    older.erase(older.begin());
    if (keep_old || older.empty()) {
        done.kept = std::move(older);
        return done;
    }
    if (auto put = source_->write(next.newest_only()); put) {
        use(next.newest_only());
        done.dropped = std::move(older);
    } else {
        done.warning =
            fmt::format("everything is sealed under {}; take {} out of {}, which could not be done from here", done.key,
                        fmt::join(older, ", "), source_->name());
        done.kept = std::move(older);
    }
    return done;
}

}  // namespace sluice
