#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <optional>

#include "net/endpoint.hpp"

namespace sluice {

namespace {

using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

struct Range4 {
    std::uint32_t first;
    unsigned bits;
};

/// IANA's special-purpose registry, less the documentation ranges (nobody routes those).
constexpr std::array kInternal4 = {
    Range4{0x00000000, 8},   // 0.0.0.0/8: this host; Linux takes 0.0.0.0 for loopback
    Range4{0x0a000000, 8},   // 10/8: private
    Range4{0x64400000, 10},  // 100.64/10: carrier-grade NAT, some clouds' metadata (100.100.100.200)
    Range4{0x7f000000, 8},   // 127/8: loopback
    Range4{0xa83f8110, 32},  // 168.63.129.16: Azure's host, reachable from every virtual machine
    Range4{0xa9fe0000, 16},  // 169.254/16: link-local, metadata (169.254.169.254)
    Range4{0xac100000, 12},  // 172.16/12: private
    Range4{0xc0000000, 24},  // 192.0.0/24: protocol assignments
    Range4{0xc0a80000, 16},  // 192.168/16: private
    Range4{0xc6120000, 15},  // 198.18/15: benchmarks between devices
    Range4{0xe0000000, 4},   // 224/4: multicast
    Range4{0xf0000000, 4},   // 240/4: reserved, broadcast
};

bool is_internal(address_v4 address) {
    auto value = address.to_uint();
    return std::any_of(kInternal4.begin(), kInternal4.end(),
                       [value](Range4 range) { return ((value ^ range.first) >> (32 - range.bits)) == 0; });
}

template <std::size_t N>
bool starts_with(const address_v6::bytes_type& bytes, const std::array<unsigned char, N>& prefix) {
    return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

address_v4 embedded_at(const address_v6::bytes_type& bytes, std::size_t offset) {
    return address_v4({bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]});
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, translated (SIIT), NAT64, 6to4.
std::optional<address_v4> embedded_v4(const address_v6::bytes_type& b) {
    constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    constexpr std::array<unsigned char, 12> kTranslated{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0};
    constexpr std::array<unsigned char, 12> kNat64{0, 0x64, 0xff, 0x9b};
    constexpr std::array<unsigned char, 12> kCompatible{};
    constexpr std::array<unsigned char, 2> k6to4{0x20, 0x02};
    if (starts_with(b, kMapped) || starts_with(b, kTranslated) || starts_with(b, kNat64) ||
        starts_with(b, kCompatible)) {
        return embedded_at(b, 12);  // `::` and `::1` come out as 0.0.0.0/8, which is internal
    }
    if (starts_with(b, k6to4)) return embedded_at(b, 2);
    return std::nullopt;
}

bool is_internal(const address_v6& address) {
    auto b = address.to_bytes();
    if (auto v4 = embedded_v4(b)) return is_internal(*v4);
    constexpr std::array<unsigned char, 6> kLocalNat64{0, 0x64, 0xff, 0x9b, 0, 1};
    constexpr std::array<unsigned char, 8> kDiscard{1};
    constexpr std::array<unsigned char, 4> kTeredo{0x20, 0x01, 0, 0};
    if (starts_with(b, kLocalNat64) || starts_with(b, kDiscard) || starts_with(b, kTeredo)) return true;
    bool unique_local = (b[0] & 0xfe) == 0xfc;
    bool link_local = b[0] == 0xfe && (b[1] & 0xc0) == 0x80;
    bool site_local = b[0] == 0xfe && (b[1] & 0xc0) == 0xc0;
    bool multicast = b[0] == 0xff;
    return unique_local || link_local || site_local || multicast;
}

}  // namespace

bool is_internal_address(const boost::asio::ip::address& address) {
    return address.is_v4() ? is_internal(address.to_v4()) : is_internal(address.to_v6());
}

bool is_loopback_address(const boost::asio::ip::address& address) {
    if (address.is_v4()) return address.to_v4().is_loopback();
    auto v6 = address.to_v6();
    return v6.is_loopback() || (v6.is_v4_mapped() && make_address_v4(boost::asio::ip::v4_mapped, v6).is_loopback());
}

bool is_loopback_host(std::string_view host) {
    constexpr std::string_view kName = "localhost";
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host == kName || (host.size() > kName.size() && host.ends_with(".localhost"))) return true;  // RFC 6761
    boost::system::error_code error;
    auto address = boost::asio::ip::make_address(std::string(host), error);
    return !error && is_loopback_address(address);
}

}  // namespace sluice
