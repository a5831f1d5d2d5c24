#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "log/record_format.hpp"

namespace sluice {

/// Memory that a device can be written from directly. Grows; what was in it stays.
class AlignedBuffer {
  public:
    char* data() noexcept { return data_.get(); }
    std::size_t capacity() const noexcept { return capacity_; }

    void grow(std::size_t wanted, std::size_t used) {
        if (wanted <= capacity_) return;
        std::size_t capacity = align_up(std::max(wanted, capacity_ * 2), kLargestBlockBytes);
        Memory larger(static_cast<char*>(std::aligned_alloc(kLargestBlockBytes, capacity)));
        if (!larger) throw std::bad_alloc();
        if (data_) std::memcpy(larger.get(), data_.get(), used);
        data_ = std::move(larger);
        capacity_ = capacity;
    }
    void release() noexcept {
        data_.reset();
        capacity_ = 0;
    }

  private:
    struct Free {
        void operator()(char* memory) const noexcept { std::free(memory); }
    };
    using Memory = std::unique_ptr<char, Free>;
    Memory data_;
    std::size_t capacity_ = 0;
};

}  // namespace sluice
