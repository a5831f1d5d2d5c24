#include "log/record_format.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "log/little_endian.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;

SegmentHeader sample_segment() {
    return {.block_bytes = 512,
            .epoch = 0x1122334455667788,
            .use = 7,
            .previous_epoch = 0x99aabbccddeeff00,
            .first = 1001,
            .created = from_epoch_ms(1'700'000'000'123),
            .last_time = from_epoch_ms(1'700'000'000'045),
            .file_bytes = 256 << 20,
            .partition = 0};
}

std::string encoded(const SegmentHeader& header) {
    std::string bytes(kSegmentHeaderBytes, '\xff');
    encode_segment_header(header, bytes.data());
    return bytes;
}

/// A frame of the two records "one" and "three", at offset 4096 of the sample segment.
std::string sample_frame() {
    std::string bytes(kFrameHeaderBytes, '\0');
    FrameHeader frame{
        .epoch = sample_segment().epoch, .first = 1001, .time = from_epoch_ms(1'700'000'000'200), .offset = 4096};
    for (std::string_view body : {"one", "three"}) {
        std::size_t at = bytes.size();
        bytes.append(kRecordHeaderBytes, '\0').append(body);
        std::uint32_t checksum = seal_record(bytes.data() + at, static_cast<std::uint32_t>(body.size()),
                                             frame.first + frame.count++, frame.epoch, frame.time);
        frame.records_checksum = add_to_records_checksum(frame.records_checksum, checksum);
    }
    frame.bytes = static_cast<std::uint32_t>(bytes.size() - kFrameHeaderBytes);
    encode_frame_header(frame, bytes.data());
    return bytes;
}

std::vector<std::string> bodies_of(std::string_view frame_bytes, std::uint64_t offset = 4096) {
    std::vector<std::string> bodies;
    auto frame = decode_frame_header(frame_bytes, sample_segment(), offset);
    if (!frame) return {"no frame"};
    bool whole = decode_frame(*frame, frame_bytes.substr(kFrameHeaderBytes),
                              [&](std::string_view body) { bodies.emplace_back(body); });
    return whole ? bodies : std::vector<std::string>{"not whole"};
}

TEST(RecordFormat, SegmentHeaderIsTheseBytes) {
    std::string bytes = encoded(sample_segment());
    EXPECT_EQ(hex_lower(std::string_view(bytes).substr(0, 80)),
              "534c554943454c47"  // SLUICELG
              "01000000"          // format
              "00020000"          // block
              "8877665544332211"  // epoch
              "0700000000000000"  // use
              "00ffeeddccbbaa99"  // previous epoch
              "e903000000000000"  // first sequence
              "7b68e5cf8b010000"  // created
              "2d68e5cf8b010000"  // last commit before
              "0000001000000000"  // file size
              "00000000"          // partition
              "00000000");
    EXPECT_EQ(std::string_view(bytes).substr(80, 44), std::string(44, '\0'));
    EXPECT_EQ(load_le<std::uint32_t>(bytes.data() + 124), crc32c({bytes.data(), 124}));
    EXPECT_EQ(std::string_view(bytes).substr(128), std::string(kSegmentHeaderBytes - 128, '\0'));
}

TEST(RecordFormat, FrameAndRecordsAreTheseBytes) {
    std::string bytes = sample_frame();
    EXPECT_EQ(hex_lower(bytes),
              "534c4652"          // SLFR
              "ccd713eb"          // checksum of the rest of the header
              "8877665544332211"  // epoch
              "e903000000000000"  // first sequence
              "c868e5cf8b010000"  // commit time
              "02000000"          // records
              "48000000"          // bytes of records
              "00100000"          // offset
              "fa721fe0"          // checksum of the records' checksums
              "485d6608"          // record: checksum of the rest of it
              "03000000"          // bytes of the body
              "e903000000000000"  // sequence
              "8877665544332211"  // epoch
              "c868e5cf8b010000"  // commit time
              "6f6e65"            // one
              "71c177f2"          // the second record
              "05000000"
              "ea03000000000000"
              "8877665544332211"
              "c868e5cf8b010000"
              "7468726565");  // three
}

TEST(RecordFormat, ReadsBackWhatItWrote) {
    EXPECT_EQ(decode_segment_header(encoded(sample_segment()), "x.segment").value(), sample_segment());
    EXPECT_THAT(bodies_of(sample_frame()), testing::ElementsAre("one", "three"));
}

TEST(RecordFormat, RefusesASegmentHeaderWithAnyBitChanged) {
    std::string bytes = encoded(sample_segment());
    for (std::size_t bit = 0; bit < 128 * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
        auto header = decode_segment_header(bytes, "x.segment");
        ASSERT_FALSE(header) << "bit " << bit;
        EXPECT_EQ(header.error().code, Errc::corrupt);
        EXPECT_THAT(header.error().message, HasSubstr("x.segment"));
        bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
    }
}

TEST(RecordFormat, SaysThatANewerSluiceWroteASegment) {
    std::string bytes = encoded(sample_segment());
    store_le<std::uint32_t>(bytes.data() + 8, 2);
    store_le<std::uint32_t>(bytes.data() + 124, crc32c({bytes.data(), 124}));
    auto header = decode_segment_header(bytes, "x.segment");
    ASSERT_FALSE(header);
    EXPECT_EQ(header.error().code, Errc::unsupported);
    EXPECT_EQ(header.error().message, "x.segment has log format 2; this Sluice knows format 1");
    EXPECT_EQ(header.error().hint, "use the newer Sluice that wrote it");
}

TEST(RecordFormat, RefusesAFrameWithAnyBitChanged) {
    std::string bytes = sample_frame();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
        EXPECT_THAT(bodies_of(bytes), testing::Not(testing::ElementsAre("one", "three"))) << "bit " << bit;
        bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
    }
}

TEST(RecordFormat, RefusesAFrameCutOffAnywhere) {
    std::string bytes = sample_frame();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_THAT(bodies_of(std::string_view(bytes).substr(0, size)), testing::SizeIs(1)) << size;
    }
}

TEST(RecordFormat, RefusesAFrameAtAnotherPlace) {
    EXPECT_THAT(bodies_of(sample_frame(), 8192), testing::ElementsAre("no frame"));
}

TEST(RecordFormat, RefusesAFrameOfAnotherUseOfTheFile) {
    SegmentHeader recycled = sample_segment();
    recycled.epoch += 1;
    EXPECT_FALSE(decode_frame_header(sample_frame(), recycled, 4096));
}

TEST(RecordFormat, RefusesAMixtureOfTwoFramesOfTheSameShape) {
    // Both were torn, one after the other, at the same place: each record is right, together they were never written.
    std::string mixture = sample_frame();
    std::size_t second = kFrameHeaderBytes + kRecordHeaderBytes + 3;
    mixture.replace(second + kRecordHeaderBytes, 5, "seven");
    seal_record(mixture.data() + second, 5, 1002, sample_segment().epoch, from_epoch_ms(1'700'000'000'200));
    EXPECT_THAT(bodies_of(mixture), testing::ElementsAre("not whole"));
}

TEST(RecordFormat, TakesNoRecordForAnother) {
    std::string bytes = sample_frame();
    std::string_view record = std::string_view(bytes).substr(kFrameHeaderBytes);
    EXPECT_TRUE(decode_record(record, 1001, sample_segment().epoch));
    EXPECT_FALSE(decode_record(record, 1002, sample_segment().epoch));
    EXPECT_FALSE(decode_record(record, 1001, sample_segment().epoch + 1));
}

}  // namespace
}  // namespace sluice
