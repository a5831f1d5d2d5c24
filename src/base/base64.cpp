#include <cstring>

#include "base/encoding.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sluice {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<signed char, 256> make_values() {
    std::array<signed char, 256> values{};
    for (auto& value : values) value = -1;
    for (int i = 0; i < 64; ++i) values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<signed char>(i);
    return values;
}
constexpr auto kValues = make_values();

void encode_scalar(char* out, const unsigned char* in, std::size_t size) noexcept {
    for (; size >= 3; size -= 3, in += 3, out += 4) {
        std::uint32_t bits = std::uint32_t{in[0]} << 16 | std::uint32_t{in[1]} << 8 | in[2];
        out[0] = kAlphabet[bits >> 18];
        out[1] = kAlphabet[bits >> 12 & 63];
        out[2] = kAlphabet[bits >> 6 & 63];
        out[3] = kAlphabet[bits & 63];
    }
    if (size == 0) return;
    std::uint32_t bits = std::uint32_t{in[0]} << 16 | (size == 2 ? std::uint32_t{in[1]} << 8 : 0);
    out[0] = kAlphabet[bits >> 18];
    out[1] = kAlphabet[bits >> 12 & 63];
    out[2] = size == 2 ? kAlphabet[bits >> 6 & 63] : '=';
    out[3] = '=';
}

#if defined(__x86_64__)
/// 24 bytes to 32 characters a turn. Reads 32 bytes a turn, so it stops while at least that many are left.
/// Returns the bytes consumed.
__attribute__((target("avx2"))) std::size_t encode_avx2(char* out, const unsigned char* in, std::size_t size) noexcept {
    // Each 128-bit lane takes 12 bytes; within a 32-bit group the bytes b0 b1 b2 are laid out as b1 b0 b2 b1, so that
    // every 6-bit field lies inside one 16-bit half.
    const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,  //
                                            1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    // What to add to a 6-bit value to get its character, by class: 0 = a-z, 1..10 = digits, 11 = '+', 12 = '/', 13 =
    // A-Z.
    const __m256i offsets = _mm256_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                             '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0,  //
                                             'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                             '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    std::size_t done = 0;
    while (size - done >= 32) {
        __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + done));
        __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + done + 12));
        __m256i bytes = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
        // Fields 1 and 3 of each group by a multiply that shifts right, fields 2 and 4 by one that shifts left.
        __m256i odd =
            _mm256_mulhi_epu16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
        __m256i even =
            _mm256_mullo_epi16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
        __m256i values = _mm256_or_si256(odd, even);
        __m256i classes = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
        __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
        classes = _mm256_or_si256(classes, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
        __m256i text = _mm256_add_epi8(values, _mm256_shuffle_epi8(offsets, classes));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + done / 3 * 4), text);
        done += 24;
    }
    return done;
}
#endif

}  // namespace

void base64_encode_to(char* out, std::string_view bytes) noexcept {
    const auto* in = reinterpret_cast<const unsigned char*>(bytes.data());
    std::size_t done = 0;
#if defined(__x86_64__)
    static const bool has_avx2 = __builtin_cpu_supports("avx2");
    if (has_avx2) done = encode_avx2(out, in, bytes.size());
#endif
    encode_scalar(out + done / 3 * 4, in + done, bytes.size() - done);
}

void base64_append(std::string& out, std::string_view bytes) {
    std::size_t start = out.size();
    out.resize(start + base64_size(bytes.size()));
    base64_encode_to(out.data() + start, bytes);
}

std::string base64_encode(std::string_view bytes) {
    std::string out;
    base64_append(out, bytes);
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.empty()) return std::string();
    std::size_t padding = text.back() != '=' ? 0 : text[text.size() - 2] == '=' ? 2 : 1;
    std::string out(text.size() / 4 * 3, '\0');
    std::size_t full = (text.size() - (padding ? 4 : 0)) / 4;
    auto value = [&](std::size_t i) { return static_cast<std::int32_t>(kValues[static_cast<unsigned char>(text[i])]); };
    char* to = out.data();
    std::int32_t any = 0;
    for (std::size_t i = 0; i < full; ++i, to += 3) {
        std::int32_t a = value(4 * i), b = value(4 * i + 1), c = value(4 * i + 2), d = value(4 * i + 3);
        any |= a | b | c | d;
        std::uint32_t bits = static_cast<std::uint32_t>(a) << 18 | static_cast<std::uint32_t>(b) << 12 |
                             static_cast<std::uint32_t>(c) << 6 | static_cast<std::uint32_t>(d);
        to[0] = static_cast<char>(bits >> 16);
        to[1] = static_cast<char>(bits >> 8);
        to[2] = static_cast<char>(bits);
    }
    if (any < 0) return std::nullopt;
    if (padding) {
        std::size_t i = full * 4;
        std::int32_t a = value(i), b = value(i + 1), c = padding == 1 ? value(i + 2) : 0;
        // Bits that the padding says are not there must be zero, so that a text has one value and a value one text.
        if (a < 0 || b < 0 || c < 0 || (padding == 2 && (b & 15)) || (padding == 1 && (c & 3))) return std::nullopt;
        to[0] = static_cast<char>(a << 2 | b >> 4);
        if (padding == 1) to[1] = static_cast<char>(b << 4 | c >> 2);
        out.resize(out.size() - padding);
    }
    return out;
}

}  // namespace sluice
