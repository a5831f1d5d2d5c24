#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sluice {
namespace {

TEST(Base64, KnownAnswersOfRfc4648) {
    EXPECT_EQ(base64_encode(""), "");
    EXPECT_EQ(base64_encode("f"), "Zg==");
    EXPECT_EQ(base64_encode("fo"), "Zm8=");
    EXPECT_EQ(base64_encode("foo"), "Zm9v");
    EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
    EXPECT_EQ(base64_encode("fooba"), "Zm9vYmE=");
    EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
}

TEST(Base64, VectorPathAgreesWithTextbookAtEveryLength) {
    // The textbook: bit by bit, no tables shared with the code under test.
    auto textbook = [](const std::string& bytes) {
        const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::string bits, out;
        for (unsigned char c : bytes)
            for (int i = 7; i >= 0; --i) bits += c >> i & 1 ? '1' : '0';
        while (bits.size() % 6) bits += '0';
        for (std::size_t i = 0; i < bits.size(); i += 6)
            out += alphabet[static_cast<std::size_t>(std::stoi(bits.substr(i, 6), nullptr, 2))];
        while (out.size() % 4) out += '=';
        return out;
    };
    std::mt19937 random(7);
    for (std::size_t size = 0; size < 300; ++size) {
        std::string bytes(size, '\0');
        for (auto& c : bytes) c = static_cast<char>(random());
        auto text = base64_encode(bytes);
        ASSERT_EQ(text, textbook(bytes)) << size;
        ASSERT_EQ(base64_decode(text), bytes) << size;
    }
}

TEST(Base64, EveryByteValueRoundTrips) {
    std::string bytes;
    for (int a = 0; a < 256; ++a)
        for (int b = 0; b < 256; b += 5)
            bytes += {static_cast<char>(a), static_cast<char>(b), static_cast<char>(a ^ b)};
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
}

TEST(Base64, RefusesWhatIsNotBase64) {
    for (auto text : {"Zg=", "Zg", "Z===", "Zm9v ", "Zm9\n", "Zh==", "Zm9=", "====", "Zg==Zg==", "Zm-v"})
        EXPECT_FALSE(base64_decode(text)) << text;
}

TEST(Hex, RoundTripsAndRefuses) {
    EXPECT_EQ(hex_lower("\x01\xab"), "01ab");
    EXPECT_EQ(hex_upper("\x01\xab"), "01AB");
    EXPECT_EQ(hex_decode("01aB"), std::string("\x01\xab"));
    EXPECT_FALSE(hex_decode("0"));
    EXPECT_FALSE(hex_decode("0g"));
}

TEST(PercentEncoding, FollowsRfc3986) {
    EXPECT_EQ(percent_encode("a b/c~é+"), "a%20b%2Fc~%C3%A9%2B");
    EXPECT_EQ(percent_decode("a%20b%2fc"), "a b/c");
    EXPECT_EQ(percent_decode("a+b", true), "a b");
    EXPECT_EQ(percent_decode("a+b"), "a+b");
    EXPECT_FALSE(percent_decode("%"));
    EXPECT_FALSE(percent_decode("%4"));
    EXPECT_FALSE(percent_decode("%zz"));
}

TEST(Digests, KnownAnswers) {
    EXPECT_EQ(hex_lower(as_view(sha256("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_lower(as_view(md5("abc"))), "900150983cd24fb0d6963f7d28e17f72");
    // RFC 4231, test case 2.
    EXPECT_EQ(hex_lower(as_view(hmac_sha256("Jefe", "what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Crc32c, KnownAnswersOfRfc3720) {
    EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32c, GoesOnFromAFormerResult) {
    std::string text = "The quick brown fox jumps over the lazy dog";
    for (std::size_t cut = 0; cut <= text.size(); ++cut)
        EXPECT_EQ(crc32c(std::string_view(text).substr(cut), crc32c(std::string_view(text).substr(0, cut))),
                  crc32c(text));
}

TEST(Crc32c, IsTheSameInOnePieceAndInSmallOnes) {
    std::string bytes;
    for (std::size_t i = 0; i < 5000; ++i) bytes.push_back(static_cast<char>(i * i >> 3 ^ i));
    // Pieces of up to 7 bytes go through the byte-wise path, long ones through parallel lanes.
    std::uint32_t in_pieces = 0;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ASSERT_EQ(crc32c(std::string_view(bytes).substr(0, size)), in_pieces) << size;
        in_pieces = crc32c(std::string_view(bytes).substr(size, 1), in_pieces);
    }
}

}  // namespace
}  // namespace sluice
