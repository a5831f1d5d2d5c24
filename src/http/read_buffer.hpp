#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace sluice::http {

/// Bytes that have come and are not consumed yet. Starts small, so that ten thousand idle connections cost little;
/// doubles while a sender fills it (few large reads cost an eighth of many small ones); shrink() makes it small again.
class ReadBuffer {
  public:
    static constexpr std::size_t kSmall = 4 << 10;
    static constexpr std::size_t kLarge = 256 << 10;

    std::string_view view() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
    bool empty() const noexcept { return begin_ == end_; }
    std::size_t size() const noexcept { return end_ - begin_; }
    std::size_t capacity() const noexcept { return capacity_; }

    void consume(std::size_t count) noexcept {
        begin_ += count;
        if (begin_ == end_) begin_ = end_ = 0;
    }

    /// Room to read into; never empty.
    std::span<char> prepare() {
        if (end_ == capacity_) {
            make_room();
        } else if (was_full_ && empty() && capacity_ < kLarge) {
            move_to(capacity_ * 2);
        }
        was_full_ = false;
        return {bytes_.get() + end_, capacity_ - end_};
    }
    void commit(std::size_t count) noexcept {
        end_ += count;
        was_full_ = end_ == capacity_;
    }

    /// Gives back what a large message needed, as soon as what is left fits in less.
    void shrink() {
        was_full_ = false;
        if (capacity_ > kSmall && size() <= kSmall) move_to(kSmall);
    }

  private:
    void make_room() {
        if (begin_ > capacity_ / 2) {
            std::memmove(bytes_.get(), bytes_.get() + begin_, size());
            end_ -= begin_;
            begin_ = 0;
        } else {
            move_to(std::max(kSmall, capacity_ * 2));
        }
    }
    void move_to(std::size_t capacity) {
        auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
        if (size() > 0) std::memcpy(bytes.get(), bytes_.get() + begin_, size());
        end_ = size();
        begin_ = 0;
        bytes_ = std::move(bytes);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool was_full_ = false;  ///< the last read took all the room there was: more is coming
};

}  // namespace sluice::http
