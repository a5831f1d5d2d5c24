#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::json::internal {

/// The brackets that are open, one bit each. The innermost 64 levels live in a word; deeper ones, which only a raised
/// limit allows, spill to the heap.
class Nesting {
  public:
    void open(bool is_object) {
        if (depth_ % 64 == 0 && depth_ > 0) outer_.push_back(bits_);
        bits_ = bits_ << 1 | (is_object ? 1 : 0);
        ++depth_;
    }
    void close() {
        bits_ >>= 1;
        --depth_;
        if (depth_ % 64 == 0 && depth_ > 0) {
            bits_ = outer_.back();
            outer_.pop_back();
        }
    }
    bool in_object() const noexcept { return bits_ & 1; }
    bool empty() const noexcept { return depth_ == 0; }
    std::size_t depth() const noexcept { return depth_; }

  private:
    std::uint64_t bits_ = 0;
    std::size_t depth_ = 0;
    std::vector<std::uint64_t> outer_;
};

}  // namespace sluice::json::internal
