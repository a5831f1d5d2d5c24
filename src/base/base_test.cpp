#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/clock.hpp"
#include "base/fake_clock.hpp"
#include "base/ids.hpp"
#include "base/nearest.hpp"
#include "base/principal.hpp"
#include "base/secret.hpp"
#include "base/units.hpp"
#include "base/utf8.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(Units, ParsesSizes) {
    EXPECT_EQ(parse_bytes("4MiB").value(), 4u << 20);
    EXPECT_EQ(parse_bytes("500kB").value(), 500'000u);
    EXPECT_EQ(parse_bytes("0").value(), 0u);
    EXPECT_EQ(parse_bytes("1048576").value(), 1u << 20);
    EXPECT_EQ(parse_bytes("1GiB").value(), 1u << 30);
}

TEST(Units, RefusesBadSizesAndSaysWhy) {
    for (auto text : {"", "MiB", "-1MiB", "1.5MiB", "1 MiB", "1mib", "99999999999GiB", "18446744073709551616"})
        EXPECT_TRUE(parse_bytes(text).has_error()) << text;
    EXPECT_NE(parse_bytes("4Mb").error().message.find("unknown unit"), std::string::npos);
    EXPECT_NE(parse_bytes("4Mb").error().message.find("MiB"), std::string::npos);
}

TEST(Units, ParsesDurations) {
    EXPECT_EQ(parse_duration("50ms").value(), 50ms);
    EXPECT_EQ(parse_duration("7d").value(), 7 * 24h);
    EXPECT_EQ(parse_duration("0").value(), 0us);
    EXPECT_TRUE(parse_duration("10").has_error());
    EXPECT_TRUE(parse_duration("10 s").has_error());
    EXPECT_TRUE(parse_duration("10sec").has_error());
}

TEST(Units, FormatsTheShortestExactForm) {
    EXPECT_EQ(format_bytes(4u << 20), "4MiB");
    EXPECT_EQ(format_bytes(1500), "1500B");
    EXPECT_EQ(format_bytes(0), "0B");
    EXPECT_EQ(format_duration(24h), "1d");
    EXPECT_EQ(format_duration(1500ms), "1500ms");
    EXPECT_EQ(format_duration(0us), "0");
}

TEST(Clock, FormatsAndParsesRfc3339) {
    auto time = from_epoch_ms(1'795'442'700'123);
    EXPECT_EQ(parse_rfc3339(format_rfc3339(time)).value(), time);
    EXPECT_EQ(format_rfc3339(from_epoch_ms(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_rfc3339(from_epoch_ms(951'782'399'999)), "2000-02-28T23:59:59.999Z");
    EXPECT_EQ(parse_rfc3339("2026-11-23T14:05:00+02:00").value(), parse_rfc3339("2026-11-23T12:05:00Z").value());
    EXPECT_EQ(to_epoch_ms(parse_rfc3339("1970-01-01T00:00:00.12Z").value()), 120);
    EXPECT_EQ(to_epoch_ms(parse_rfc3339("1970-01-01T00:00:00.123456789Z").value()), 123);
}

TEST(Clock, RefusesWhatIsNotATime) {
    for (auto text :
         {"", "2026-11-23", "2026-13-23T14:05:00Z", "2026-02-30T14:05:00Z", "2026-11-23T24:05:00Z",
          "2026-11-23T14:05:00", "2026-11-23T14:05:00.Z", "2026-11-23T14:05:00Zx", "2026-11-23T14:05:00.1234567890Z"})
        EXPECT_TRUE(parse_rfc3339(text).has_error()) << text;
}

TEST(ObjectIds, LookLikeObjectIdsAndSortByCreation) {
    ObjectIdGenerator generator;
    FakeClock clock;
    std::string last;
    for (int i = 0; i < 2000; ++i) {
        auto id = generator.next(clock.now());
        ASSERT_EQ(id.size(), 24u);
        ASSERT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
        ASSERT_LT(last, id);
        last = id;
        if (i % 100 == 0) clock.advance(700ms);
    }
}

TEST(ObjectIds, KeepTheirOrderWhenTheClockStepsBack) {
    ObjectIdGenerator generator;
    auto later = generator.next(from_epoch_ms(2'000'000));
    auto after_step = generator.next(from_epoch_ms(1'000'000));
    EXPECT_LT(later, after_step);
}

TEST(ObjectIds, AreUniqueAcrossThreads) {
    ObjectIdGenerator generator;
    std::vector<std::string> made[4];
    {
        std::vector<std::jthread> threads;
        for (auto& mine : made)
            threads.emplace_back([&] {
                for (int i = 0; i < 5000; ++i) mine.push_back(generator.next(from_epoch_ms(5'000)));
            });
    }
    std::set<std::string> all;
    for (auto& mine : made) all.insert(mine.begin(), mine.end());
    EXPECT_EQ(all.size(), 20'000u);
}

TEST(Names, RecTypes) {
    for (auto good : {"io.microshare.contact.unpacked.event", "a", "A-b_c.9", "x.y"})
        EXPECT_TRUE(is_valid_rec_type(good)) << good;
    for (auto bad : {"", ".", "a.", ".a", "a..b", "-a", "a-", "_a.b", "a b", "a/b", "é"})
        EXPECT_FALSE(is_valid_rec_type(bad)) << bad;
    EXPECT_TRUE(is_valid_rec_type(std::string(128, 'a')));
    EXPECT_FALSE(is_valid_rec_type(std::string(129, 'a')));
}

TEST(Names, IdsAndTags) {
    EXPECT_TRUE(is_valid_object_id("65f:a-b_c.d"));
    EXPECT_FALSE(is_valid_object_id(":a"));
    EXPECT_FALSE(is_valid_object_id(std::string(129, 'a')));
    EXPECT_TRUE(is_valid_integration_id("acme-kinesis"));
    EXPECT_FALSE(is_valid_integration_id("Acme"));
    EXPECT_FALSE(is_valid_integration_id("-acme"));
    EXPECT_TRUE(is_valid_tag("Dublin office"));
    EXPECT_FALSE(is_valid_tag(""));
    EXPECT_FALSE(is_valid_tag("a\nb"));
    EXPECT_TRUE(is_valid_tag("Köln, 東京, 🏢"));
    EXPECT_FALSE(is_valid_tag("K\xF6ln")) << "Latin-1";
    EXPECT_FALSE(is_valid_tag("\xE6\x9D")) << "cut off within a character";
}

TEST(Patterns, StarIsOnePartDoubleStarAnyNumber) {
    struct Case {
        const char* pattern;
        const char* text;
        bool matches;
    };
    for (auto [pattern, text, expected] :
         std::initializer_list<Case>{{"io.microshare.contact.**", "io.microshare.contact.unpacked.event", true},
                                     {"io.microshare.contact.**", "io.microshare.contact", true},
                                     {"io.microshare.contact.**", "io.microshare.contacts", false},
                                     {"io.microshare.*.unpacked.event", "io.microshare.leak.unpacked.event", true},
                                     {"io.microshare.*.unpacked.event", "io.microshare.leak.x.unpacked.event", false},
                                     {"**", "a.b.c", true},
                                     {"*", "a", true},
                                     {"*", "a.b", false},
                                     {"**.event", "a.b.event", true},
                                     {"**.event", "event", true},
                                     {"a.**.b.**.c", "a.b.b.x.c", true},
                                     {"a.**.b.**.c", "a.x.c", false},
                                     {"**.a.*", "a.a.a", true},
                                     {"**.*", "a", true},
                                     {"a", "a.b", false},
                                     {"a.b", "a", false}})
        EXPECT_EQ(matches_pattern(pattern, text), expected) << pattern << " ~ " << text;
}

TEST(Patterns, AreMadeOfWholeParts) {
    EXPECT_TRUE(is_valid_pattern("io.*.x.**"));
    for (auto bad : {"", "a*", "***", "a..b", "a.*b"}) EXPECT_FALSE(is_valid_pattern(bad)) << bad;
}

TEST(NearestWord, SuggestsOnlyWhatIsNear) {
    constexpr std::string_view known[] = {"listen", "data_dir", "retention", "integrations"};
    EXPECT_EQ(nearest_word("integration", known), "integrations");
    EXPECT_EQ(nearest_word("Listen", known), "listen");
    EXPECT_EQ(nearest_word("datadir", known), "data_dir");
    EXPECT_EQ(nearest_word("zebra", known), "");
}

TEST(Secrets, CompareByContent) {
    EXPECT_TRUE(Secret("a") == Secret("a"));
    EXPECT_FALSE(Secret("a") == Secret("b"));
    EXPECT_FALSE(Secret("a") == Secret("ab"));
    Secret moved("long enough not to be stored inline, surely");
    Secret to = std::move(moved);
    EXPECT_EQ(to.reveal(), "long enough not to be stored inline, surely");
    EXPECT_TRUE(moved.empty());  // NOLINT(bugprone-use-after-move): a moved-from secret is wiped
}

TEST(Scopes, AllIncludesEach) {
    Principal all{.scopes = static_cast<std::uint32_t>(Scope::all)};
    EXPECT_TRUE(all.may(Scope::share_delete));
    Principal reader{.scopes = static_cast<std::uint32_t>(Scope::share_read)};
    EXPECT_FALSE(reader.may(Scope::share_create));
    EXPECT_EQ(parse_scope("SHARE:READ"), Scope::share_read);
    EXPECT_FALSE(parse_scope("share:read"));
}

TEST(Utf8, TakesWhatRfc3629DoesAndNothingElse) {
    for (const char* good : {"", "plain", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                             "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        EXPECT_TRUE(is_valid_utf8(good)) << good;
    for (const char* bad :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80", "\xED\xBF\xBF",
          "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xBF"})
        EXPECT_FALSE(is_valid_utf8(bad)) << bad;
}

TEST(ShownText, WhatIsNoUtf8BecomesTheReplacementCharacter) {
    EXPECT_EQ(shown_text("caf\xC3\xA9 \xE2\x82\xAC", 100), "caf\xC3\xA9 \xE2\x82\xAC");
    EXPECT_EQ(shown_text("caf\xE9!", 100), "caf\xEF\xBF\xBD!") << "Latin-1";
    EXPECT_EQ(shown_text("\xE2\x82", 100), "\xEF\xBF\xBD\xEF\xBF\xBD") << "a character that ends too early";
    std::string every;
    for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
    EXPECT_TRUE(is_valid_utf8(shown_text(every, 1000)));
}

TEST(ShownText, ControlCharactersBecomeOneBlank) {
    EXPECT_EQ(shown_text("\r\none\r\n\ttwo\x1b[31m three\x7f\xC2\x9B", 100), "one two [31m three ");
    EXPECT_EQ(shown_text(std::string_view("a\0b", 3), 100), "a b");
}

TEST(ShownText, IsCutBetweenCharacters) {
    EXPECT_EQ(shown_text("ab\xC3\xA9", 4), "ab\xC3\xA9");
    EXPECT_EQ(shown_text("ab\xC3\xA9", 3), "ab");
    EXPECT_EQ(shown_text("ab\xF0\x9F\x98\x80"
                         "c",
                         5),
              "ab");
    EXPECT_EQ(shown_text("ab\xFF", 4), "ab") << "no half replacement either";
    EXPECT_EQ(shown_text("ab", 0), "");
}

}  // namespace
}  // namespace sluice
