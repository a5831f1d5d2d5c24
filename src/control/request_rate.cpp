#include "control/request_rate.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstring>

#include "base/ids.hpp"

namespace sluice {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;

std::int64_t nanoseconds_of(SteadyTime time) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

/// What counts as one address.
std::string_view network_of(std::string_view address, std::array<char, 8>& v6_network) noexcept {
    boost::system::error_code bad;
    auto parsed = boost::asio::ip::make_address(address, bad);
    if (bad || !parsed.is_v6() || parsed.to_v6().is_v4_mapped()) return address;
    auto bytes = parsed.to_v6().to_bytes();
    std::memcpy(v6_network.data(), bytes.data(), v6_network.size());
    return {v6_network.data(), v6_network.size()};
}

}  // namespace

RequestRate::RequestRate(RateLimit limit) noexcept : limit_(limit) {
    if (limit_.per_second == 0) return;
    if (limit_.burst == 0) limit_.burst = limit_.per_second;
    interval_ns_ = kSecond / limit_.per_second;
    tolerance_ns_ = interval_ns_ * (std::int64_t{limit_.burst} - 1);
}

std::optional<std::chrono::nanoseconds> RequestRate::take(SteadyTime now) noexcept {
    if (limit_.per_second == 0) return std::nullopt;
    auto now_ns = nanoseconds_of(now);
    auto full_again = full_again_.load(std::memory_order_relaxed);
    for (;;) {
        auto start = std::max(full_again, now_ns);
        if (start - now_ns > tolerance_ns_) return std::chrono::nanoseconds(start - now_ns - tolerance_ns_);
        if (full_again_.compare_exchange_weak(full_again, start + interval_ns_, std::memory_order_relaxed))
            return std::nullopt;
    }
}

FailureBound::FailureBound(std::uint32_t per_minute)
    : per_minute_(per_minute), full_again_(std::make_unique<std::array<std::atomic<std::int64_t>, kPlaces>>()) {
    auto random = random_bytes(sizeof seed_);
    std::memcpy(&seed_, random.data(), sizeof seed_);
}

std::size_t FailureBound::place_of(std::string_view address) const noexcept {
    std::array<char, 8> v6_network{};
    std::uint64_t hash = seed_;
    // FNV-1a from a secret start: nobody can choose an address that shares another's place.
    for (char c : network_of(address, v6_network)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return (hash ^ (hash >> 32)) % kPlaces;
}

std::optional<std::chrono::nanoseconds> FailureBound::wait_of(std::string_view address, SteadyTime now) const noexcept {
    if (per_minute_ == 0) return std::nullopt;
    auto ahead = (*full_again_)[place_of(address)].load(std::memory_order_relaxed) - nanoseconds_of(now);
    auto tolerance = kMinute / per_minute_ * (std::int64_t{per_minute_} - 1);
    if (ahead <= tolerance) return std::nullopt;
    return std::chrono::nanoseconds(ahead - tolerance);
}

void FailureBound::count(std::string_view address, SteadyTime now) noexcept {
    if (per_minute_ == 0) return;
    auto& place = (*full_again_)[place_of(address)];
    auto now_ns = nanoseconds_of(now);
    auto full_again = place.load(std::memory_order_relaxed);
    // Never further ahead than a full bucket: an attack that goes on is not held against the address for long after.
    auto most = now_ns + kMinute + kMinute / per_minute_;
    while (!place.compare_exchange_weak(
        full_again, std::min(most, std::max(full_again, now_ns) + kMinute / per_minute_), std::memory_order_relaxed)) {
    }
}

}  // namespace sluice
