#pragma once

#include <atomic>
#include <cstddef>

namespace sluice::http {

/// The memory that the bodies of all requests of a server may take together, while they are read and until they are
/// answered. Counted as it is taken, whatever length was announced. A quarter is kept for small bodies, so that large
/// ones which stall do not shut out the many. Thread: any.
class BodyBudget {
  public:
    static constexpr std::size_t kSmallBody = 64 << 10;

    explicit BodyBudget(std::size_t limit) noexcept : limit_(limit) {}
    BodyBudget(const BodyBudget&) = delete;
    BodyBudget& operator=(const BodyBudget&) = delete;

    std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
    /// There is little left: large bodies that are slow to come are in the way.
    bool scarce() const noexcept { return used() > limit_ / 2; }

    /// What one request has taken, given back when it is destroyed. Thread: the request's.
    class Share {
      public:
        explicit Share(BodyBudget& budget) noexcept : budget_(budget) {}
        ~Share() { shrink_to(0); }
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;

        /// False when that is more than there is: nothing is changed then. A request that is alone gets whatever it
        /// asks for.
        [[nodiscard]] bool grow_to(std::size_t bytes) noexcept;
        void shrink_to(std::size_t bytes) noexcept;
        std::size_t bytes() const noexcept { return bytes_; }

      private:
        BodyBudget& budget_;
        std::size_t bytes_ = 0;
    };

  private:
    const std::size_t limit_;
    std::atomic<std::size_t> used_{0};
};

}  // namespace sluice::http
