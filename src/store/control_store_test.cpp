#include "store/control_store.hpp"

#include <gtest/gtest.h>

#include "store/temporary_folder.hpp"

namespace sluice {
namespace {

class ControlStoreTest : public ::testing::Test {
  protected:
    TemporaryFolder folder_;
    std::shared_ptr<Database> database_ = Database::open(folder_.path("store")).value();
    std::unique_ptr<ControlStore> store_ = ControlStore::open(database_).value();
};

using Records = std::vector<std::pair<std::string, std::string>>;

TEST_F(ControlStoreTest, GivesBackWhatWasPutLast) {
    EXPECT_EQ(store_->get("token", "a").value(), std::nullopt);
    ASSERT_TRUE(store_->put("token", "a", "{\"n\":1}"));
    ASSERT_TRUE(store_->put("token", "a", "{\"n\":2}"));
    EXPECT_EQ(store_->get("token", "a").value(), "{\"n\":2}");
}

TEST_F(ControlStoreTest, ErasesAndDoesNotMindErasingTwice) {
    ASSERT_TRUE(store_->put("token", "a", "x"));
    ASSERT_TRUE(store_->erase("token", "a"));
    ASSERT_TRUE(store_->erase("token", "a"));
    EXPECT_EQ(store_->get("token", "a").value(), std::nullopt);
}

TEST_F(ControlStoreTest, ListsOneKindByName) {
    ASSERT_TRUE(store_->put("token", "b", "2"));
    ASSERT_TRUE(store_->put("tokens", "c", "of another kind"));
    ASSERT_TRUE(store_->put("toke", "n", "of another kind"));
    ASSERT_TRUE(store_->put("token", "a", "1"));
    ASSERT_TRUE(store_->put("token", "", "0"));
    EXPECT_EQ(store_->list("token").value(), (Records{{"", "0"}, {"a", "1"}, {"b", "2"}}));
    EXPECT_EQ(store_->list("nothing").value(), Records{});
}

TEST_F(ControlStoreTest, PutsSeveralAtOnce) {
    ASSERT_TRUE(store_->put("token", "a", "old"));
    ASSERT_TRUE(store_->put_all("token", {{"a", "1"}, {"b", "2"}}));
    EXPECT_EQ(store_->list("token").value(), (Records{{"a", "1"}, {"b", "2"}}));
    EXPECT_EQ(store_->put_all("", {{"a", "x"}}).error().code, Errc::invalid_argument);
}

TEST_F(ControlStoreTest, NamesMayHoldAnyBytes) {
    std::string name("a\0\xff/\n", 5);
    ASSERT_TRUE(store_->put("token", name, "x"));
    EXPECT_EQ(store_->list("token").value(), (Records{{name, "x"}}));
}

TEST_F(ControlStoreTest, RefusesAKindThatItCannotStore) {
    EXPECT_EQ(store_->put("", "a", "x").error().code, Errc::invalid_argument);
    EXPECT_EQ(store_->put(std::string(256, 'k'), "a", "x").error().code, Errc::invalid_argument);
    EXPECT_TRUE(store_->put(std::string(255, 'k'), "a", "x"));
}

TEST_F(ControlStoreTest, SurvivesACrash) {
    ASSERT_TRUE(store_->put("token", "a", "x"));
    auto crashed = Database::open(folder_.copy("store", "crashed")).value();
    EXPECT_EQ(ControlStore::open(crashed).value()->get("token", "a").value(), "x");
}

}  // namespace
}  // namespace sluice
