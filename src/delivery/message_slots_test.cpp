#include "delivery/message_slots.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

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

}  // namespace
}  // namespace sluice
