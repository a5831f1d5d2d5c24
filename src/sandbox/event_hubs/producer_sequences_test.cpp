#include "sandbox/event_hubs/producer_sequences.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::sandbox {
namespace {

class ProducerSequencesTest : public testing::Test {
  protected:
    /// Offers a batch of three; its offset when it was let in, -1 with the error when not.
    std::pair<KafkaError, std::int64_t> offer(std::int32_t first, std::int16_t epoch = 0, std::int64_t id = 9) {
        ProducerSequences::Batch batch{id, epoch, first, 3};
        auto verdict = sequences_.check(batch);
        if (verdict.error != KafkaError::none) return {verdict.error, -1};
        if (verdict.offset) return {KafkaError::none, *verdict.offset};
        auto offset = next_;
        next_ += 3;
        sequences_.add(batch, offset);
        return {KafkaError::none, offset};
    }

    using Got = std::pair<KafkaError, std::int64_t>;
    ProducerSequences sequences_;
    std::int64_t next_ = 100;
};

TEST_F(ProducerSequencesTest, TakesWhatFollowsAndAnswersWhatIsSentAgain) {
    EXPECT_EQ(offer(0), Got(KafkaError::none, 100));
    EXPECT_EQ(offer(3), Got(KafkaError::none, 103));
    EXPECT_EQ(offer(0), Got(KafkaError::none, 100));
    EXPECT_EQ(offer(3), Got(KafkaError::none, 103));
    EXPECT_EQ(offer(6), Got(KafkaError::none, 106));
}

TEST_F(ProducerSequencesTest, RefusesAGapAndTakesTheMissingBatchAfterwards) {
    offer(0);
    EXPECT_EQ(offer(6).first, KafkaError::out_of_order_sequence_number);
    EXPECT_EQ(offer(3), Got(KafkaError::none, 103));
    EXPECT_EQ(offer(6), Got(KafkaError::none, 106));
}

TEST_F(ProducerSequencesTest, RemembersFiveBatches) {
    for (int i = 0; i < 6; i++) EXPECT_EQ(offer(i * 3), Got(KafkaError::none, 100 + i * 3));
    EXPECT_EQ(offer(3), Got(KafkaError::none, 103));
    EXPECT_EQ(offer(0).first, KafkaError::duplicate_sequence_number);
}

TEST_F(ProducerSequencesTest, ANewEpochBeginsAtZeroAndEndsTheOld) {
    offer(0);
    EXPECT_EQ(offer(3, 1).first, KafkaError::out_of_order_sequence_number);
    EXPECT_EQ(offer(0, 1), Got(KafkaError::none, 103));
    EXPECT_EQ(offer(3, 0).first, KafkaError::invalid_producer_epoch);
    EXPECT_EQ(offer(3, 1), Got(KafkaError::none, 106));
}

TEST_F(ProducerSequencesTest, SequencesBeginAgainAfterTheLargest) {
    auto last = std::numeric_limits<std::int32_t>::max() - 1;  // three records: max-1, max, 0
    EXPECT_EQ(offer(last), Got(KafkaError::none, 100));
    EXPECT_EQ(offer(1), Got(KafkaError::none, 103));
    EXPECT_EQ(offer(last), Got(KafkaError::none, 100));
}

TEST_F(ProducerSequencesTest, ProducersDoNotKnowOfEachOther) {
    offer(0, 0, 1);
    EXPECT_EQ(offer(0, 0, 2), Got(KafkaError::none, 103));
    EXPECT_EQ(offer(3, 0, 1), Got(KafkaError::none, 106));
}

}  // namespace
}  // namespace sluice::sandbox
