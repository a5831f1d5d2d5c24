#include "log/index_cache.hpp"

#include "log/little_endian.hpp"
#include "log/segment_index_file.hpp"
#include "log/segment_scan.hpp"

namespace sluice {

Result<std::shared_ptr<const SegmentIndex>> IndexCache::get(const Segment& segment) {
    std::uint64_t epoch = segment.header().epoch;
    if (auto found = find(epoch)) return found;

    std::shared_ptr<const SegmentIndex> index;
    SegmentExtent extent = segment.extent();
    if (auto bytes = folder_.files.read_whole(LogFolder::sibling(segment.path(), LogFolder::kIndex))) {
        index = decode_index(*bytes, segment.header());
    }
    if (!index || index->extent() != extent) {
        auto scanned = index_segment(segment.file(), segment.header());
        if (!scanned) return scanned.error();
        if (scanned->end.extent != extent) {
            return damaged_segment(segment.path(), scanned->end.stopped_at, scanned->end.extent.next(),
                                   "a frame that was there is not valid any more");
        }
        index = scanned->index;
        write_index_file(folder_, segment.path(), *index, epoch, true);
    }
    put(epoch, index);
    return index;
}

std::optional<SegmentIndex::Place> IndexCache::peek(const Segment& segment, std::uint32_t ordinal) {
    if (auto index = find(segment.header().epoch)) return index->place(ordinal);
    auto file = folder_.files.open(LogFolder::sibling(segment.path(), LogFolder::kIndex), LogFiles::Access::read);
    if (!file) return std::nullopt;
    char bytes[8];
    auto got = (*file)->read(index_place_at(ordinal), bytes, sizeof bytes);
    if (!got || *got != sizeof bytes) return std::nullopt;
    SegmentIndex::Place place{load_le<std::uint32_t>(bytes), load_le<std::uint32_t>(bytes + 4)};
    if (place.offset < kSegmentHeaderBytes || place.end() > segment.extent().end) return std::nullopt;
    return place;
}

std::shared_ptr<const SegmentIndex> IndexCache::find(std::uint64_t epoch) {
    std::lock_guard lock(mutex_);
    auto found = by_epoch_.find(epoch);
    if (found == by_epoch_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().index;
}

void IndexCache::put(std::uint64_t epoch, std::shared_ptr<const SegmentIndex> index) {
    std::size_t bytes = index->memory_bytes();
    std::lock_guard lock(mutex_);
    drop_locked(epoch);
    entries_.push_front({epoch, std::move(index), bytes});
    by_epoch_[epoch] = entries_.begin();
    bytes_ += bytes;
    // The newest stays even when it alone is too large: whoever asked for it is about to ask again.
    while (bytes_ > bound_bytes_ && entries_.size() > 1) drop_locked(entries_.back().epoch);
}

void IndexCache::drop(std::uint64_t epoch) {
    std::lock_guard lock(mutex_);
    drop_locked(epoch);
}

void IndexCache::drop_locked(std::uint64_t epoch) {
    auto found = by_epoch_.find(epoch);
    if (found == by_epoch_.end()) return;
    bytes_ -= found->second->bytes;
    entries_.erase(found->second);
    by_epoch_.erase(found);
}

std::size_t IndexCache::bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
}

void write_index_file(const LogFolder& folder, const std::string& segment_path, const SegmentIndex& index,
                      std::uint64_t epoch, bool sealed) {
    std::string path = LogFolder::sibling(segment_path, LogFolder::kIndex);
    std::string fresh = path + std::string(LogFolder::kNew);
    if (!folder.files.write_whole(fresh, encode_index(index, epoch, sealed))) (void)folder.files.rename(fresh, path);
}

}  // namespace sluice
