#include "control/key_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class KeyFileTest : public testing::Test {
  protected:
    KeyFileTest() {
        folder_ = std::filesystem::temp_directory_path() / ("sluice-key-" + std::to_string(::getpid()));
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directory(folder_);
        path_ = (folder_ / "secrets.key").string();
    }
    ~KeyFileTest() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& text, mode_t mode = 0600) {
        std::ofstream(path_) << text;
        ::chmod(path_.c_str(), mode);
    }
    std::string text() const {
        std::ostringstream out;
        out << std::ifstream(path_).rdbuf();
        return out.str();
    }
    static unsigned mode_of(const std::string& path) {
        struct stat status {};
        return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777u : 0;
    }

    std::filesystem::path folder_;
    std::string path_;
};

TEST_F(KeyFileTest, IsMadeOnceForThisUserOnly) {
    EXPECT_EQ(key_file(path_, false)->read().error().code, Errc::not_found);
    auto made = key_file(path_, true)->read().value();
    EXPECT_EQ(key_file(path_, true)->read().value().key_id(), made.key_id());
    EXPECT_EQ(mode_of(path_), 0600u);
    EXPECT_FALSE(key_file(path_, true)->warning());
}

TEST_F(KeyFileTest, ThatOthersMayReadOrChangeIsRefused) {
    const std::string key(64, 'a');
    for (unsigned mode : {0644u, 0604u, 0602u, 0620u, 0666u}) {
        write(key, mode);
        auto refused = key_file(path_, true)->read();
        ASSERT_TRUE(refused.has_error()) << std::oct << mode;
        EXPECT_EQ(refused.error().code, Errc::forbidden);
        EXPECT_THAT(refused.error().message, AllOf(HasSubstr(path_), Not(HasSubstr(key))));
        EXPECT_THAT(refused.error().hint, HasSubstr("chmod 600"));
        EXPECT_FALSE(key_file(path_, true)->warning()) << "it is said once";
    }
    for (unsigned mode : {0400u, 0600u, 0640u, 0440u}) {
        write(key, mode);
        EXPECT_TRUE(key_file(path_, true)->read()) << std::oct << mode;
        ::chmod(path_.c_str(), 0600);
    }
}

TEST_F(KeyFileTest, ThatItsGroupMayReadHasAWarning) {
    write(std::string(64, 'a'), 0640);
    EXPECT_THAT(*key_file(path_, false)->warning(), AllOf(HasSubstr("its group"), HasSubstr(path_)));
}

TEST_F(KeyFileTest, IsReplacedWholeAndKeepsItsMode) {
    write(std::string(64, 'a'), 0640);
    std::ofstream(path_ + ".new") << "what an attempt that was cut short left";
    auto source = key_file(path_, false);
    auto both = source->read().value().with_new_key();
    ASSERT_TRUE(source->write(both));
    EXPECT_EQ(source->read().value().key_ids(), both.key_ids());
    EXPECT_EQ(mode_of(path_), 0640u);
    EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(KeyFileTest, WhatALinkLeadsToIsReplaced) {
    write(std::string(64, 'a'));
    auto link = (folder_ / "link.key").string();
    std::filesystem::create_symlink(path_, link);
    auto source = key_file(link, false);
    ASSERT_TRUE(source->write(source->read().value().with_new_key()));
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(source->read().value().key_ids().size(), 2u);
}

TEST_F(KeyFileTest, ThatCannotBeWrittenSaysWhatToDo) {
    auto source = key_file((folder_ / "missing" / "secrets.key").string(), false);
    auto refused = source->write(Sealer::from_key_text(std::string(64, 'a')).value());
    ASSERT_TRUE(refused.has_error());
    EXPECT_THAT(refused.error().hint, HasSubstr("nothing was changed"));
}

TEST_F(KeyFileTest, ARefusedOneIsNamedAndNotShown) {
    write("abcdef0123456789");
    auto refused = key_file(path_, false)->read();
    ASSERT_TRUE(refused.has_error());
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr(path_), Not(HasSubstr("abcdef"))));
}

TEST(KeyOfEnvironment, MayHoldTheNewAndTheOldOne) {
    auto source = key_of_environment(Secret(std::string(64, 'b') + "," + std::string(64, 'a')));
    EXPECT_EQ(source->read().value().key_ids().size(), 2u);
    EXPECT_FALSE(source->is_ours_to_write());
    auto refused = source->write(source->read().value());
    EXPECT_EQ(refused.error().code, Errc::unsupported);
    EXPECT_THAT(refused.error().hint, HasSubstr("SLUICE_SECRETS_KEY=NEW,OLD"));
    EXPECT_THAT(key_of_environment(Secret("nonsense"))->read().error().message,
                AllOf(HasSubstr("SLUICE_SECRETS_KEY"), Not(HasSubstr("nonsense"))));
}

}  // namespace
}  // namespace sluice
