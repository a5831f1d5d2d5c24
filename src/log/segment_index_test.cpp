#include "log/segment_index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <deque>

#include "base/encoding.hpp"
#include "log/segment_index_file.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;

constexpr Sequence kFirst = 101;

/// An index of events told by org, recType and tags; each frame has up to two of them.
class IndexBuilder {
  public:
    void add(std::string org, std::string rec_type, std::vector<std::string> tags = {},
             EventType event_type = EventType::create) {
        texts_.push_back({std::move(org), std::move(rec_type), encode_tags(tags)});
        IndexedRecord record;
        record.view.event_type = event_type;
        record.view.org = texts_.back()[0];
        record.view.rec_type = texts_.back()[1];
        record.view.tags = texts_.back()[2];
        record.body_bytes = 100;
        waiting_.push_back(record);
        if (waiting_.size() == 2) end_frame();
    }
    void end_frame() {
        if (waiting_.empty()) return;
        FrameHeader frame;
        frame.first = index.extent().next();
        frame.time = from_epoch_ms(time_ms_ += 10);
        frame.count = static_cast<std::uint32_t>(waiting_.size());
        frame.bytes = frame.count * (kRecordHeaderBytes + 100);
        frame.offset = static_cast<std::uint32_t>(align_up(index.extent().end, 512));
        index.add_frame(frame, waiting_);
        waiting_.clear();
    }

    SegmentIndex index{kFirst};

  private:
    std::deque<std::array<std::string, 3>> texts_;
    std::vector<IndexedRecord> waiting_;
    std::int64_t time_ms_ = 1000;
};

EventFilter filter_of(std::vector<std::string> orgs, std::vector<std::string> rec_types = {},
                      std::vector<std::string> tags = {}) {
    EventFilter filter;
    filter.orgs = std::move(orgs);
    filter.rec_types = std::move(rec_types);
    filter.tags = std::move(tags);
    return filter;
}

std::vector<std::uint32_t> matches(const SegmentIndex& index, const EventFilter* filter, std::uint32_t first = 0,
                                   std::uint32_t last = ~std::uint32_t(0)) {
    std::vector<std::uint32_t> ordinals;
    SegmentMatches found(index, filter, first,
                         std::min<std::uint32_t>(last, static_cast<std::uint32_t>(index.extent().count - 1)));
    while (auto match = found.next()) ordinals.push_back(match->ordinal);
    return ordinals;
}

IndexBuilder sample() {
    IndexBuilder builder;
    builder.add("acme", "io.desk");
    builder.add("acme", "io.door");
    builder.add("other", "io.desk");
    builder.add("acme", "io.desk", {"Dublin"});
    builder.add("acme", "io.desk", {}, EventType::remove);
    builder.add("acme", "io.door");
    builder.add("other", "io.room");
    builder.end_frame();
    return builder;
}

TEST(SegmentIndex, GivesTheMatchesOfAllStreamsInOrder) {
    IndexBuilder built = sample();
    EventFilter acme = filter_of({"acme"});
    EXPECT_THAT(matches(built.index, &acme), ElementsAre(0, 1, 3, 4, 5));
    EventFilter desks = filter_of({"acme", "other", "acme"}, {"io.desk"});
    EXPECT_THAT(matches(built.index, &desks), ElementsAre(0, 2, 3, 4));
    EventFilter any_org = filter_of({"**"}, {"io.d*"});
    EXPECT_THAT(matches(built.index, &any_org), ElementsAre());
    EventFilter rooms = filter_of({"**"}, {"io.room", "io.door"});
    EXPECT_THAT(matches(built.index, &rooms), ElementsAre(1, 5, 6));
    EventFilter nobody = filter_of({"nobody"});
    EXPECT_THAT(matches(built.index, &nobody), ElementsAre());
}

TEST(SegmentIndex, GivesEverythingWithoutAFilter) {
    IndexBuilder built = sample();
    EXPECT_THAT(matches(built.index, nullptr), ElementsAre(0, 1, 2, 3, 4, 5, 6));
    EXPECT_THAT(matches(built.index, nullptr, 2, 4), ElementsAre(2, 3, 4));
    EventFilter all = filter_of({"**"});
    EXPECT_THAT(matches(built.index, &all, 5), ElementsAre(5, 6));
}

TEST(SegmentIndex, KeepsToTheRangeAsked) {
    IndexBuilder built = sample();
    EventFilter acme = filter_of({"acme"});
    EXPECT_THAT(matches(built.index, &acme, 1, 4), ElementsAre(1, 3, 4));
    EXPECT_EQ(SegmentMatches(built.index, &acme, 1, 4).count(), 3u);
    EXPECT_EQ(SegmentMatches(built.index, &acme, 2, 2).count(), 0u);
}

TEST(SegmentIndex, KnowsEventTypesAndTags) {
    IndexBuilder built = sample();
    EventFilter removals = filter_of({"acme"});
    removals.event_types = 1 << static_cast<int>(EventType::remove);
    EXPECT_THAT(matches(built.index, &removals), ElementsAre(4));
    EventFilter dublin = filter_of({"acme"}, {}, {"Dublin"});
    EXPECT_THAT(matches(built.index, &dublin), ElementsAre(3));
    EXPECT_EQ(SegmentMatches(built.index, &dublin, 0, 6).count(), 1u);
}

TEST(SegmentIndex, AsksTheRecordsWhereTagsAreTooMany) {
    IndexBuilder builder;
    for (int i = 0; i < 100; ++i) builder.add("acme", "io.desk", {"tag" + std::to_string(i)});
    EXPECT_LT(builder.index.streams().size(), 20u);
    EventFilter early = filter_of({"acme"}, {}, {"tag3"});
    SegmentMatches found(builder.index, &early, 0, 99);
    EXPECT_EQ(found.count(), std::nullopt) << "only the records can tell";
    std::size_t asked = 0, sure = 0;
    while (auto match = found.next()) ++(match->ask_record ? asked : sure);
    EXPECT_EQ(sure, 1u);
    EXPECT_EQ(asked, 84u);
    EventFilter untagged = filter_of({"acme"});
    EXPECT_EQ(SegmentMatches(builder.index, &untagged, 0, 99).count(), 100u);
}

TEST(SegmentIndex, FindsTheFirstEventOfATime) {
    IndexBuilder built = sample();  // frames at 1010, 1020, 1030 of two events each, and at 1040 of one
    EXPECT_EQ(built.index.first_at_or_after(from_epoch_ms(0)), kFirst);
    EXPECT_EQ(built.index.first_at_or_after(from_epoch_ms(1010)), kFirst);
    EXPECT_EQ(built.index.first_at_or_after(from_epoch_ms(1011)), kFirst + 2);
    EXPECT_EQ(built.index.first_at_or_after(from_epoch_ms(1040)), kFirst + 6);
    EXPECT_EQ(built.index.first_at_or_after(from_epoch_ms(1041)), kFirst + 7);
}

// The index as a file.

SegmentHeader segment_of_sample() {
    return {.epoch = 42, .use = 1, .first = kFirst, .file_bytes = 1 << 20};
}

TEST(SegmentIndexFile, ReadsBackWhatItWrote) {
    IndexBuilder built = sample();
    std::string bytes = encode_index(built.index, 42, true);
    auto header = decode_index_header(bytes, segment_of_sample());
    ASSERT_TRUE(header);
    EXPECT_EQ(header->extent, built.index.extent());
    EXPECT_TRUE(header->sealed);
    auto index = decode_index(bytes, segment_of_sample());
    ASSERT_TRUE(index);
    EXPECT_EQ(index->extent(), built.index.extent());
    EventFilter acme = filter_of({"acme"});
    EXPECT_THAT(matches(*index, &acme), ElementsAre(0, 1, 3, 4, 5));
    for (std::uint32_t i = 0; i < 7; ++i) EXPECT_EQ(index->place(i).offset, built.index.place(i).offset);
    EXPECT_EQ(index->first_at_or_after(from_epoch_ms(1011)), kFirst + 2);
}

TEST(SegmentIndexFile, IsTheseBytes) {
    IndexBuilder builder;
    builder.add("a", "b.c", {"t"});
    builder.add("a", "b.c", {"t"});
    EXPECT_EQ(hex_lower(encode_index(builder.index, 42, false)),
              "534c554943454958"          // SLUICEIX
              "01000000"                  // format
              "00000000"                  // not sealed
              "2a00000000000000"          // epoch
              "6500000000000000"          // first sequence
              "0200000000000000"          // events
              "f203000000000000"          // first commit time
              "f203000000000000"          // last commit time
              "3811000000000000"          // end of the last frame
              "01000000"                  // frames
              "01000000"                  // streams
              "2c00000000000000"          // bytes of what follows the header
              "30aab2ae"                  // its checksum
              "0000000000000000"          // unused
              "c8191a2a"                  // checksum of the header
              "3010000064000000"          // place: offset, bytes of the body
              "b410000064000000"          // place
              "00000000f203000000000000"  // frame: first ordinal, commit time
              "010101"                    // stream: create, objs, tags known
              "0161"                      // org
              "03622e63"                  // recType
              "02000174"                  // tags
              "020001");                  // two ordinals: 0, and 1 further
}

TEST(SegmentIndexFile, GoesOnGrowingAfterItWasLoaded) {
    IndexBuilder half;
    half.add("acme", "io.desk");
    half.add("acme", "io.door");
    auto index = decode_index(encode_index(half.index, 42, false), segment_of_sample());
    ASSERT_TRUE(index);
    IndexedRecord record;
    record.view.org = "acme";
    record.view.rec_type = "io.desk";
    record.body_bytes = 100;
    FrameHeader frame{.first = kFirst + 2, .time = from_epoch_ms(1020), .count = 1, .bytes = 132, .offset = 8192};
    index->add_frame(frame, {&record, 1});
    EXPECT_EQ(index->streams().size(), 2u) << "known streams are gone on with";
    EventFilter desks = filter_of({"acme"}, {"io.desk"});
    EXPECT_THAT(matches(*index, &desks), ElementsAre(0, 2));
}

TEST(SegmentIndexFile, IsRefusedWithAnyByteChangedOrCutOff) {
    std::string bytes = encode_index(sample().index, 42, true);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] ^= 0x10;
        EXPECT_EQ(decode_index(bytes, segment_of_sample()), nullptr) << "byte " << i;
        bytes[i] ^= 0x10;
        EXPECT_EQ(decode_index(std::string_view(bytes).substr(0, i), segment_of_sample()), nullptr);
    }
    EXPECT_EQ(decode_index(bytes + "x", segment_of_sample()), nullptr);
}

TEST(SegmentIndexFile, IsRefusedWhenItIsOfAnotherUseOfTheSegment) {
    std::string bytes = encode_index(sample().index, 42, true);
    SegmentHeader other = segment_of_sample();
    other.epoch = 43;
    EXPECT_EQ(decode_index(bytes, other), nullptr);
}

}  // namespace
}  // namespace sluice
