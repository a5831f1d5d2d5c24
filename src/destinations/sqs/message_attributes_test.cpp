#include "destinations/sqs/message_attributes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/encoding.hpp"

namespace sluice::sqs {
namespace {

/// All its texts are literals.
struct SampleEvent {
    EventView view;
    SampleEvent() {
        view.org = "com.acme";
        view.rec_type = "io.acme.room";
        view.id = "65a0ff";
        view.source = "ShareService";
    }
    Event event() const { return Event(nullptr, view, {0, 42}, from_epoch_ms(1'700'000'000'123)); }
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(const Event& event) {
    MessageAttributes attributes(event);
    Pairs pairs;
    for (const auto& attribute : attributes.all()) pairs.emplace_back(attribute.name, attribute.value);
    return pairs;
}

TEST(SqsMessageAttributes, SayWhatTheEventIsInTheOrderOfTheirNames) {
    SampleEvent sample;
    auto pairs = pairs_of(sample.event());
    EXPECT_EQ(pairs, (Pairs{{"event_type", "create"},
                            {"id", "65a0ff"},
                            {"obj_type", "objs"},
                            {"recType", "io.acme.room"},
                            {"sluice-sequence", "42"},
                            {"sluice-time", "2023-11-14T22:13:20.123Z"},
                            {"source", "ShareService"}}));
    EXPECT_TRUE(std::is_sorted(pairs.begin(), pairs.end())) << "the checksum is over names in order";
}

TEST(SqsMessageAttributes, LeaveOutWhatSqsCannotCarry) {
    for (std::string_view source : {"", "a\x01", "\uffff"}) {
        SampleEvent sample;
        sample.view.source = source;
        auto pairs = pairs_of(sample.event());
        EXPECT_EQ(pairs.size(), 6u);
        EXPECT_EQ(pairs.back().first, "sluice-time");
    }
}

TEST(SqsMessageAttributes, CountNamesTypesAndValues) {
    SampleEvent sample;
    std::size_t bytes = 0;
    for (const auto& [name, value] : pairs_of(sample.event())) bytes += name.size() + 6 + value.size();
    EXPECT_EQ(MessageAttributes(sample.event()).byte_size(), bytes);
}

TEST(SqsText, IsCarriableExactlyWithinTheDocumentedSet) {
    for (std::string_view good :
         {"", "\t\n\r ~", "\x7f", "\u00e9", "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0010ffff"}) {
        EXPECT_TRUE(is_carriable_text(good)) << hex_lower(good);
    }
    for (std::string_view bad : {std::string_view("\0", 1), std::string_view("\x08"), std::string_view("\x0b"),
                                 std::string_view("\x1f"), std::string_view("\ufffe"), std::string_view("x\uffff")}) {
        EXPECT_FALSE(is_carriable_text(bad)) << hex_lower(bad);
    }
}

TEST(SqsMd5, AgreesWithThePublishedVectors) {
    std::filesystem::path file = std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/vectors/sqs_md5.json";
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "no vectors at " << file;
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    const auto vectors = boost::json::parse(text.str());
    for (const auto& entry : vectors.as_array()) {
        const auto& vector = entry.as_object();
        SCOPED_TRACE(std::string(vector.at("name").as_string()));
        std::deque<std::string> values;
        std::vector<TypedAttribute> attributes;
        for (const auto& [name, value] : vector.at("attributes").as_object()) {
            const auto& attribute = value.as_object();
            if (const auto* binary = attribute.if_contains("BinaryValue")) {
                values.push_back(base64_decode(binary->as_string()).value());
            } else {
                values.emplace_back(attribute.at("StringValue").as_string());
            }
            attributes.push_back({name, attribute.at("DataType").as_string(), values.back()});
        }
        std::sort(attributes.begin(), attributes.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
        EXPECT_EQ(attributes_md5_hex(attributes), std::string(vector.at("MD5OfMessageAttributes").as_string()));
        if (const auto* body = vector.if_contains("MessageBody")) {
            auto digest = md5(std::string(body->as_string()));
            EXPECT_EQ(hex_lower(as_view(digest)), std::string(vector.at("MD5OfMessageBody").as_string()));
        }
    }
}

}  // namespace
}  // namespace sluice::sqs
