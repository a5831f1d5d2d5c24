#include "delivery/dead_letter_filter.hpp"

#include <gtest/gtest.h>

#include "delivery/ordering_key.hpp"
#include "destination/test_batch.hpp"
#include "event/codec.hpp"

namespace sluice {
namespace {

DeadLetter letter_of(const Event& event) {
    EventBatch encoded;
    encoded.add(event.view());
    DeadLetter letter;
    letter.position = event.position();
    letter.record = encoded.body(0);
    return letter;
}

TEST(DeadLetterFilter, FindsAnEmptyKeyAsItIsAndAsItIsSent) {
    auto key = TextTemplate::parse("{obj.data.pad}").value();
    TestBatch batch;
    batch.add("a").add("b", "unused", 1);  // the texts are empty, and x
    auto empty = letter_of(batch.messages()[0].event);
    auto other = letter_of(batch.messages()[1].event);
    for (std::string_view asked : {std::string_view(), kKeyOfEmptyText}) {
        DeadLetterFilter filter{.key = std::string(asked)};
        EXPECT_TRUE(filter.wants(empty, key)) << asked;
        EXPECT_FALSE(filter.wants(other, key)) << asked;
    }
}

}  // namespace
}  // namespace sluice
