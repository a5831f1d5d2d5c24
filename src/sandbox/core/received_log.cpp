#include "sandbox/core/received_log.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace sluice::sandbox {

Result<Keep> parse_keep(std::string_view text) {
    if (text == "none") return Keep::none;
    if (text == "digest") return Keep::digest;
    if (text == "all") return Keep::all;
    return make_error(Errc::invalid_argument, "keep: \"" + std::string(text) + "\" is not known",
                      "use none, digest or all");
}

ReceivedLog::ReceivedLog(Options options, const Clock& clock)
    : options_(options),
      clock_(clock),
      start_wall_us_(to_epoch_ms(clock.now()) * 1000),
      start_steady_(clock.steady_now()) {}

std::int64_t ReceivedLog::now_us() const {
    // The steady clock, so that times never run backwards within the log.
    auto elapsed = clock_.steady_now() - start_steady_;
    return start_wall_us_ + std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
}

std::size_t ReceivedLog::cost(const ReceivedItem& item) const {
    return sizeof(ReceivedItem) + item.place.size() + item.key.size() + item.id.size() + item.sequence.size() +
           item.deduplication_id.size() + item.attributes.size() + item.body.size;
}

std::uint64_t ReceivedLog::append(std::vector<ReceivedItem> items) {
    // What each item is worth is found out before the lock: a CRC over megabytes is not done while others wait.
    for (auto& item : items) {
        if (options_.keep == Keep::digest) item.crc32c = crc32c(item.body.view());
        item.body_size = item.body.size;
        if (options_.keep != Keep::all) item.body = {};
    }
    std::uint64_t first_number = 0;
    {
        std::lock_guard lock(mutex_);
        first_number = next_;
        auto time = now_us();
        Counts* counts = nullptr;
        const std::string* counted_target = nullptr;
        for (auto& item : items) {
            item.number = next_++;
            item.time_us = time;
            if (counts == nullptr || counted_target != item.target.get()) {
                counts = &counts_[{std::string(item.service), *item.target}];
                counted_target = item.target.get();
            }
            counts->items++;
            counts->bytes += item.body_size;
            total_.items++;
            total_.bytes += item.body_size;
            if (options_.keep == Keep::none) continue;
            kept_bytes_ += cost(item);
            items_.push_back(std::move(item));
        }
        if (options_.keep == Keep::none) first_ = next_;
        while (kept_bytes_ > options_.max_bytes && !items_.empty()) {
            kept_bytes_ -= cost(items_.front());
            items_.pop_front();
            first_++;
        }
    }
    appended_.notify_all();
    return first_number;
}

std::optional<ReceivedItem> ReceivedLog::get(std::uint64_t number) const {
    std::lock_guard lock(mutex_);
    if (number < first_ || number >= next_) return std::nullopt;
    return items_[number - first_];
}

std::vector<ReceivedItem> ReceivedLog::read(std::uint64_t number, std::size_t limit) const {
    std::lock_guard lock(mutex_);
    auto from = std::min<std::size_t>(std::max(number, first_) - first_, items_.size());
    auto to = std::min(items_.size(), from + std::min(limit, items_.size() - from));
    return {items_.begin() + static_cast<std::ptrdiff_t>(from), items_.begin() + static_cast<std::ptrdiff_t>(to)};
}

std::uint64_t ReceivedLog::first() const {
    std::lock_guard lock(mutex_);
    return first_;
}

std::uint64_t ReceivedLog::next() const {
    std::lock_guard lock(mutex_);
    return next_;
}

ReceivedLog::Counts ReceivedLog::total() const {
    std::lock_guard lock(mutex_);
    return total_;
}

ReceivedLog::CountsByTarget ReceivedLog::counts() const {
    std::lock_guard lock(mutex_);
    return counts_;
}

void ReceivedLog::clear() {
    std::lock_guard lock(mutex_);
    items_.clear();
    first_ = next_;
    kept_bytes_ = 0;
    total_ = {};
    counts_.clear();
}

bool ReceivedLog::wait_for(std::uint64_t items, std::chrono::steady_clock::duration at_most) const {
    std::unique_lock lock(mutex_);
    return appended_.wait_for(lock, at_most, [&] { return total_.items >= items; });
}

}  // namespace sluice::sandbox
