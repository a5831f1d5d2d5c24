#include "log/segment.hpp"

#include "base/assert.hpp"
#include "log/index_cache.hpp"

namespace sluice {

Segment::Segment(const SegmentHeader& header, std::unique_ptr<LogFile> file, std::shared_ptr<SegmentIndex> live)
    : header_(header), file_(std::move(file)), live_(std::move(live)) {}

Segment::Segment(const SegmentHeader& header, std::unique_ptr<LogFile> file, const SegmentExtent& extent)
    : header_(header), file_(std::move(file)), extent_(extent) {}

SegmentExtent Segment::extent() const {
    std::shared_lock lock(mutex_);
    return live_ ? live_->extent() : extent_;
}

bool Segment::sealed() const {
    std::shared_lock lock(mutex_);
    return live_ == nullptr;
}

void Segment::add_frame(const FrameHeader& frame, std::span<const IndexedRecord> records) {
    std::lock_guard lock(mutex_);
    SLUICE_ASSERT(live_ != nullptr, "only the active segment grows");
    live_->add_frame(frame, records);
}

std::shared_ptr<const SegmentIndex> Segment::seal() {
    std::lock_guard lock(mutex_);
    SLUICE_ASSERT(live_ != nullptr, "a segment is sealed once");
    extent_ = live_->extent();
    return std::move(live_);
}

Result<Segment::IndexLease> Segment::index(IndexCache& cache) const {
    IndexLease lease;
    {
        std::shared_lock lock(mutex_);
        if (live_) {
            lease.index_ = live_;
            lease.lock_ = std::move(lock);
            return lease;
        }
    }
    auto loaded = cache.get(*this);
    if (!loaded) return loaded.error();
    lease.index_ = std::move(*loaded);
    return lease;
}

void SegmentList::push_back(std::shared_ptr<Segment> segment) {
    std::lock_guard lock(mutex_);
    auto changed = std::make_shared<Segments>(*segments_);
    changed->push_back(std::move(segment));
    segments_ = std::move(changed);
}

void SegmentList::pop_front() {
    std::lock_guard lock(mutex_);
    segments_ = std::make_shared<Segments>(segments_->begin() + 1, segments_->end());
}

}  // namespace sluice
