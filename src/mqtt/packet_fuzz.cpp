// Whatever comes is refused with a reason or is a packet that, encoded, decodes to itself; it makes no difference how
// the bytes were cut; what is kept stays within its bound. The first byte says who reads.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "mqtt/decoder.hpp"
#include "mqtt/text.hpp"

using namespace sluice::mqtt;

namespace {

constexpr std::size_t kMost = 4096;

struct Outcome {
    std::vector<Packet> packets;
    std::string error;
};

Outcome decode(Side reader, std::string_view bytes, std::size_t piece) {
    Decoder decoder(reader, kMost);
    Outcome outcome;
    while (!bytes.empty() && outcome.error.empty()) {
        auto taken = bytes.substr(0, piece);
        bytes.remove_prefix(taken.size());
        decoder.feed(taken);
        for (;;) {
            auto packet = decoder.next();
            if (!packet) {
                outcome.error = packet.error().message;
                SLUICE_ASSERT(!outcome.error.empty(), "a refusal says why");
            }
            if (!packet || !*packet) break;
            outcome.packets.push_back(std::move(**packet));
        }
        SLUICE_ASSERT(decoder.pending() < kMost + piece, "what is kept is bounded");
    }
    return outcome;
}

void check_round_trip(Side reader, const Packet& packet) {
    std::string bytes;
    SLUICE_ASSERT(encode(packet, bytes), "what was decoded can be encoded");
    Decoder decoder(reader, bytes.size());
    decoder.feed(bytes);
    auto again = decoder.next();
    SLUICE_ASSERT(again && *again && **again == packet, "what was encoded decodes to itself");
    SLUICE_ASSERT(decoder.pending() == 0, "a packet is exactly its bytes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Side reader = data[0] & 1 ? Side::server : Side::client;
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    auto at_once = decode(reader, bytes, bytes.size());
    auto bytewise = decode(reader, bytes, 1);
    SLUICE_ASSERT(at_once.packets == bytewise.packets && at_once.error == bytewise.error, "pieces make no difference");
    for (const auto& packet : at_once.packets) check_round_trip(reader, packet);

    auto slash = bytes.find('\n');
    auto filter = bytes.substr(0, slash);
    auto topic = slash == std::string_view::npos ? bytes : bytes.substr(slash + 1);
    if (is_valid_topic_filter(filter) && is_valid_topic_name(topic)) {
        if (filter == topic) SLUICE_ASSERT(filter_matches(filter, topic), "a name matches itself");
        (void)filter_matches(filter, topic);
    }
    return 0;
}
