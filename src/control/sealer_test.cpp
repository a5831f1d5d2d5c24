#include "control/sealer.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

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

TEST(Sealer, MakesItsKeyFileOnceForThisUserOnly) {
    auto path = std::filesystem::temp_directory_path() / ("sluice-key-" + std::to_string(::getpid()));
    std::filesystem::remove(path);
    EXPECT_TRUE(Sealer::from_file(path, false).has_error());
    auto sealed = Sealer::from_file(path, true).value().seal("secret", "c");
    EXPECT_EQ(Sealer::from_file(path, true).value().open(sealed, "c").value(), "secret");
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    std::filesystem::remove(path);
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
