// What takes a body's wrapping off: chunks and gzip.
#include <gtest/gtest.h>

#include "http/chunked_decoder.hpp"
#include "http/gunzip.hpp"
#include "http/gzip_for_test.hpp"

namespace sluice::http {
namespace {

using State = ChunkedDecoder::State;

State feed_all(ChunkedDecoder& decoder, std::string_view bytes, std::size_t piece, std::string& body,
               std::size_t& used) {
    used = 0;
    auto state = State::more;
    while (state == State::more && used < bytes.size()) {
        std::size_t consumed = 0;
        state = decoder.feed(bytes.substr(used, piece), body, consumed);
        used += consumed;
    }
    return state;
}

TEST(ChunkedDecoder, JoinsChunksHoweverTheyCome) {
    std::string coded = "4\r\nWiki\r\n0A;ext=\"a;b\"\r\n0123456789\r\n0000\r\nTrailer: x\r\nOther: y\r\n\r\n";
    for (std::size_t piece = 1; piece <= coded.size() + 3; ++piece) {
        ChunkedDecoder decoder(100);
        std::string body;
        std::size_t used = 0;
        EXPECT_EQ(feed_all(decoder, coded + "GET", piece, body, used), State::done) << piece;
        EXPECT_EQ(body, "Wiki0123456789");
        EXPECT_EQ(used, coded.size()) << "what follows is the next request's";
    }
}

TEST(ChunkedDecoder, RefusesWhatIsNotExactlyChunked) {
    for (std::string_view coded : {"\r\n",
                                   "g\r\n",
                                   " 4\r\nWiki\r\n",
                                   "4 \r\nWiki\r\n",
                                   "-4\r\n",
                                   "+4\r\n",
                                   "0x4\r\nWiki\r\n",
                                   "4\nWiki\r\n",
                                   "4\r\r\n",
                                   "4\r\nWiki\n",
                                   "4\r\nWiki4\r\n",
                                   "4\r\nWikipedia\r\n",
                                   "4\r\nWiki\r\r\n",
                                   "4;a\nb\r\nWiki\r\n",
                                   "00000000000000004\r\n",
                                   "0\r\nX: y\n\r\n",
                                   "0\r\nX: \x01\r\n\r\n",
                                   "0\r\n\rX",
                                   ";a\r\n",
                                   "4\r\nWiki\r\n\r\n"}) {
        ChunkedDecoder decoder(100);
        std::string body;
        std::size_t used = 0;
        EXPECT_EQ(feed_all(decoder, coded, 1, body, used), State::malformed) << coded;
    }
}

TEST(ChunkedDecoder, StopsAtItsLimitBeforeTheBytesCome) {
    ChunkedDecoder exact(4);
    std::string body;
    std::size_t used = 0;
    EXPECT_EQ(feed_all(exact, "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", 1, body, used), State::done);
    for (std::string_view coded : {"5\r\n", "3\r\nabc\r\n2\r\n", "ffffffffffffffff\r\n", "4\r\nabcd\r\n1\r\n"}) {
        ChunkedDecoder decoder(4);
        body.clear();
        EXPECT_EQ(feed_all(decoder, coded, 1, body, used), State::too_large) << coded;
    }
}

TEST(ChunkedDecoder, BoundsExtensionsAndTrailers) {
    std::string long_text(20'000, 'x');
    std::string many;
    for (int i = 0; i < 20'000; ++i) many += "1;e\r\nx\r\n";
    for (const auto& coded : {"1;" + long_text, "0\r\n" + long_text, many}) {
        ChunkedDecoder decoder(1 << 20);
        std::string body;
        std::size_t used = 0;
        EXPECT_EQ(feed_all(decoder, coded, coded.size(), body, used), State::malformed);
    }
}

TEST(Gunzip, UnpacksMembersOneAfterTheOther) {
    std::string out;
    EXPECT_EQ(gunzip(gzip_for_test("one ") + gzip_for_test("") + gzip_for_test("two"), 100, out), GunzipOutcome::ok);
    EXPECT_EQ(out, "one two");
    EXPECT_EQ(gunzip(gzip_for_test(""), 0, out), GunzipOutcome::ok);
    EXPECT_EQ(out, "");
}

TEST(Gunzip, UnpacksFarMoreThanItWasGiven) {
    std::string text(3'000'000, 'x');
    std::string out;
    EXPECT_EQ(gunzip(gzip_for_test(text), text.size(), out), GunzipOutcome::ok);
    EXPECT_TRUE(out == text);
}

TEST(Gunzip, NeverGrowsPastItsBound) {
    std::string bomb = gzip_for_test(std::string(5'000'000, '\0'));
    std::string out;
    EXPECT_EQ(gunzip(bomb, 10'000, out), GunzipOutcome::too_large);
    EXPECT_LE(out.capacity(), 40'000u);
    EXPECT_EQ(gunzip(gzip_for_test("12345"), 4, out), GunzipOutcome::too_large);
    EXPECT_EQ(gunzip(gzip_for_test("1234"), 4, out), GunzipOutcome::ok);
    EXPECT_EQ(gunzip(gzip_for_test("12") + gzip_for_test("345"), 4, out), GunzipOutcome::too_large);
}

TEST(Gunzip, EveryCutIsMalformed) {
    auto packed = gzip_for_test("some text to pack, some text to pack");
    for (std::size_t size = 0; size < packed.size(); ++size) {
        std::string out;
        EXPECT_EQ(gunzip(std::string_view(packed).substr(0, size), 1000, out), GunzipOutcome::malformed) << size;
    }
    std::string out;
    EXPECT_EQ(gunzip(packed + std::string(1, '\0'), 1000, out), GunzipOutcome::malformed);
}

}  // namespace
}  // namespace sluice::http
