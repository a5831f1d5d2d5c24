#include "delivery/message_slots.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/encoding.hpp"
#include "delivery/delivery_test_kit.hpp"
#include "destination/test_batch.hpp"

namespace sluice {
namespace {

TEST(MessageSlots, AMessageStaysWhereItIsWhileOthersAreKept) {
    boost::asio::io_context io;
    ScriptedDestination destination(io, std::make_shared<ScriptedPeer>());
    auto key = TextTemplate::parse("{obj_type}").value();  // short: it lies within its string
    MessageSlots slots(destination, PayloadRenderer::make(PayloadForm::data, {"nothing"}).value(), key, true);
    TestBatch batch;
    for (int i = 0; i < 100; ++i) batch.add("id-" + std::to_string(i));
    slots.prepare(batch.messages()[0].event);
    slots.keep(0);
    const Message first = slots.message(0);
    const std::string body(first.body);
    for (SlotIndex slot = 1; slot < 100; ++slot) {
        slots.prepare(batch.messages()[slot].event);
        slots.keep(slot);
    }
    EXPECT_EQ(first.key.data(), slots.message(0).key.data());
    EXPECT_EQ(first.body.data(), slots.message(0).body.data());
    EXPECT_EQ(first.key, "objs");
    EXPECT_EQ(first.body, body);
}

TEST(MessageSlots, AnEmptyKeyIsAKeyLikeAnyOther) {
    boost::asio::io_context io;
    ScriptedDestination destination(io, std::make_shared<ScriptedPeer>());
    auto key = TextTemplate::parse("{obj.data.pad}").value();
    auto envelope = [] { return PayloadRenderer::make(PayloadForm::envelope, {}).value(); };
    TestBatch batch;
    batch.add("a").add("b").add("c", "unused", 1);  // the first two have an empty text, the third has x
    MessageSlots slots(destination, envelope(), key, true);
    std::vector<std::uint64_t> hashes;
    for (SlotIndex slot = 0; slot < 3; ++slot) {
        const Event& event = batch.messages()[slot].event;
        auto prepared = slots.prepare(event);
        EXPECT_FALSE(prepared.undeliverable);
        EXPECT_EQ(prepared.event.key_hash, slots.key_hash(event));
        hashes.push_back(prepared.event.key_hash);
        slots.keep(slot);
    }
    EXPECT_EQ(hashes[0], hashes[1]);
    EXPECT_NE(hashes[0], hashes[2]);
    // What services that carry no empty key are given for one: the same whatever the destination.
    EXPECT_EQ(slots.message(0).key, hex_lower(as_view(sha256(""))));
    EXPECT_EQ(slots.message(1).key, slots.message(0).key);
    EXPECT_EQ(slots.message(2).key, "x");

    MessageSlots unordered(destination, envelope(), key, false);
    EXPECT_NE(unordered.prepare(batch.messages()[0].event).event.key_hash,
              unordered.prepare(batch.messages()[1].event).event.key_hash);
}

// Thousands that refuse are not idle, and every answer asks.
TEST(MessageSlots, WhoIsIdleIsAskedOnlyWhenThereAreTwiceAsManyTargetsAsWereLeft) {
    boost::asio::io_context io;
    ScriptedDestination destination(io, std::make_shared<ScriptedPeer>());
    MessageSlots slots(destination, PayloadRenderer::make(PayloadForm::envelope, {}).value(),
                       TextTemplate::parse("{id}").value(), true);
    std::size_t asked = 0;
    bool idle = false;
    for (std::size_t i = 0; i < 20'000; ++i) {
        slots.target_index("t" + std::to_string(i));
        slots.forget_idle_targets([&](TargetIndex) { return ++asked, idle; });
    }
    EXPECT_LT(asked, 40'000u);
    EXPECT_EQ(slots.target_count(), 20'000u);
    idle = true;
    for (std::size_t i = 20'000; slots.target_count() >= 20'000; ++i) {
        slots.target_index("t" + std::to_string(i));
        slots.forget_idle_targets([&](TargetIndex) { return idle; });
        ASSERT_LT(i, 50'000u) << "the table does not grow without end";
    }
}

TEST(MessageSlots, WithoutOrderOnlyAKeyThatWasChosenIsSent) {
    boost::asio::io_context io;
    ScriptedDestination destination(io, std::make_shared<ScriptedPeer>());
    TestBatch batch;
    batch.add("a").add("a");
    for (auto [text, sent] : {std::pair("{id}", ""), std::pair("{recType}", "io.acme.room")}) {
        MessageSlots slots(destination, PayloadRenderer::make(PayloadForm::envelope, {}).value(),
                           TextTemplate::parse(text).value(), false);
        std::vector<std::uint64_t> hashes;
        for (SlotIndex slot = 0; slot < 2; ++slot) {
            hashes.push_back(slots.prepare(batch.messages()[slot].event).event.key_hash);
            slots.keep(slot);
        }
        EXPECT_NE(hashes[0], hashes[1]) << text << ": neither waits for the other";
        EXPECT_EQ(slots.message(0).key, sent);
    }
}

}  // namespace
}  // namespace sluice
