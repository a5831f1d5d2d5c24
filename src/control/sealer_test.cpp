#include "control/sealer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

Sealer sealer(char fill = 'a') {
    return Sealer::from_key_text(std::string(64, fill) + "\n").value();
}

TEST(Sealer, OpensWhatItSealed) {
    for (std::string plain : {std::string(), std::string("secret"), std::string(100'000, 'x')}) {
        auto sealed = sealer().seal(plain, "integration/a");
        EXPECT_EQ(sealer().open(sealed, "integration/a").value(), plain);
        EXPECT_TRUE(plain.empty() || sealed.find(plain) == std::string::npos);
    }
}

TEST(Sealer, NeverSealsTheSameTwice) {
    EXPECT_NE(sealer().seal("secret", "c"), sealer().seal("secret", "c"));
}

TEST(Sealer, RefusesAnotherKeyAnotherContextAndEveryChangedCharacter) {
    auto sealed = sealer().seal("secret", "integration/a");
    EXPECT_TRUE(sealer('b').open(sealed, "integration/a").has_error());
    EXPECT_TRUE(sealer().open(sealed, "integration/b").has_error());
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_TRUE(sealer().open(changed, "integration/a").has_error()) << i;
        EXPECT_TRUE(sealer().open(sealed.substr(0, i), "integration/a").has_error()) << i;
    }
}

// Sealed by the first version, under the key of 64 times `a`, for `integration/a`.
constexpr std::string_view kOfTheFirstVersion = "v1:AAECAwQFBgcICQoL+7bwm5jo0ZXSJXQDiqD2g6TsSDIZ1QN9J4mB/p8=";

TEST(Sealer, OpensRecordsOfBeforeKeysHadNames) {
    EXPECT_EQ(sealer().open(kOfTheFirstVersion, "integration/a").value(), "an old secret");
    EXPECT_EQ(sealer('b').joined_by(sealer()).open(kOfTheFirstVersion, "integration/a").value(), "an old secret");
    EXPECT_TRUE(sealer('b').open(kOfTheFirstVersion, "integration/a").has_error());
    EXPECT_EQ(Sealer::key_id_of(kOfTheFirstVersion), "");
}

TEST(Sealer, ARecordNamesItsKeyAndNothingOfIt) {
    auto sealed = sealer().seal("secret", "c");
    EXPECT_EQ(Sealer::key_id_of(sealed), sealer().key_id());
    EXPECT_EQ(sealer().key_id().size(), 12u);
    EXPECT_NE(sealer().key_id(), sealer('b').key_id());
    EXPECT_EQ(std::string(64, 'a').find(sealer().key_id()), std::string::npos);
}

TEST(Sealer, SealsWithTheFirstOfItsKeysAndOpensWithAll) {
    auto old = sealer();
    auto both = old.with_new_key();
    EXPECT_EQ(both.key_ids().size(), 2u);
    EXPECT_EQ(both.key_ids()[1], old.key_id());
    EXPECT_EQ(both.open(old.seal("before", "c"), "c").value(), "before");
    auto sealed = both.seal("after", "c");
    EXPECT_TRUE(old.open(sealed, "c").has_error());
    EXPECT_THAT(old.open(sealed, "c").error().hint, testing::HasSubstr(both.key_id())) << "says which key it needs";
    EXPECT_EQ(both.newest_only().open(sealed, "c").value(), "after");
    EXPECT_TRUE(both.newest_only().open(old.seal("before", "c"), "c").has_error());
}

TEST(Sealer, ReadsSeveralKeysAsItWritesThem) {
    auto both = sealer().with_new_key();
    EXPECT_EQ(Sealer::from_key_text(both.key_text().reveal()).value().key_ids(), both.key_ids());
    const std::string a(64, 'a'), b(64, 'b');
    for (const auto& text : {a + "," + b, a + ", " + b, a + "\n" + b + "\r\n", "# mine\n" + a + "\n\n  # old\n" + b}) {
        EXPECT_EQ(Sealer::from_key_text(text).value().key_ids(),
                  (std::vector<std::string>{sealer('a').key_id(), sealer('b').key_id()}))
            << text;
    }
    EXPECT_TRUE(Sealer::from_key_text(a + "," + b.substr(1)).has_error()) << "none of several may be wrong";
    EXPECT_TRUE(Sealer::from_key_text("# only a remark\n").has_error());
}

TEST(Sealer, RefusesAKeyOfTheWrongSizeWithoutPrintingIt) {
    for (auto text : {"", "short", "zzzz", "abcdef0123456789"}) {
        auto made = Sealer::from_key_text(text);
        ASSERT_TRUE(made.has_error());
        EXPECT_TRUE(*text == 0 || made.error().message.find(text) == std::string::npos);
    }
}

}  // namespace
}  // namespace sluice
