#include "control/sealed_records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>
#include <utility>

#include "control/record_kinds.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;

/// What outlives a crash: records and keys. Each change may be the one at which the process dies: it, and whatever the
/// process does after it, does not happen.
struct Disk {
    std::map<std::pair<std::string, std::string>, std::string> records;
    std::string keys = std::string(64, 'a');
    int changes_left = 1'000'000;
    bool keys_are_read_only = false;

    bool dies() { return changes_left-- <= 0; }
};

Error died() {
    return make_error(Errc::io, "the process has died");
}

class DiskStore final : public ControlStore {
  public:
    explicit DiskStore(Disk& disk) : disk_(disk) {}
    Result<std::optional<std::string>> get(std::string_view kind, std::string_view name) const override {
        auto found = disk_.records.find({std::string(kind), std::string(name)});
        if (found == disk_.records.end()) return std::optional<std::string>();
        return std::optional<std::string>(found->second);
    }
    Result<void> put(std::string_view kind, std::string_view name, std::string_view value) override {
        if (disk_.dies()) return died();
        disk_.records[{std::string(kind), std::string(name)}] = std::string(value);
        if (on_put) on_put();
        return {};
    }
    Result<void> put_all(std::string_view kind,
                         const std::vector<std::pair<std::string, std::string>>& records) override {
        for (const auto& [name, value] : records)
            if (auto done = put(kind, name, value); !done) return done;
        return {};
    }
    Result<void> erase(std::string_view kind, std::string_view name) override {
        disk_.records.erase({std::string(kind), std::string(name)});
        return {};
    }
    Result<std::vector<std::pair<std::string, std::string>>> list(std::string_view kind) const override {
        std::vector<std::pair<std::string, std::string>> out;
        for (const auto& [key, value] : disk_.records)
            if (key.first == kind) out.emplace_back(key.second, value);
        return out;
    }
    std::function<void()> on_put;

  private:
    Disk& disk_;
};

class DiskKeys final : public KeySource {
  public:
    explicit DiskKeys(Disk& disk) : disk_(disk) {}
    Result<Sealer> read() const override { return Sealer::from_key_text(disk_.keys); }
    Result<void> write(const Sealer& keys) override {
        if (disk_.keys_are_read_only) return make_error(Errc::io, "mounted read-only");
        if (disk_.dies()) return died();
        disk_.keys = keys.key_text().reveal();
        return {};
    }
    bool is_ours_to_write() const noexcept override { return true; }
    std::string name() const override { return "secrets.key"; }

  private:
    Disk& disk_;
};

class SealedRecordsTest : public testing::Test {
  protected:
    std::unique_ptr<SealedRecords> open() {
        auto opened = SealedRecords::open(store_, std::make_unique<DiskKeys>(disk_));
        EXPECT_TRUE(opened) << opened.error().message;
        return std::move(*opened);
    }
    void fill(SealedRecords& records, int count) {
        for (int i = 0; i < count; ++i)
            ASSERT_TRUE(records.put(kIntegrationKind, "i" + std::to_string(i), "secret " + std::to_string(i)));
    }
    void expect_all(SealedRecords& records, int count) {
        auto all = records.list(kIntegrationKind);
        ASSERT_TRUE(all) << all.error().message;
        ASSERT_EQ(all->size(), static_cast<std::size_t>(count));
        for (const auto& [name, plain] : *all) EXPECT_EQ(plain, "secret " + name.substr(1));
    }
    void expect_all_under(const std::string& key) {
        for (const auto& [name, sealed] : disk_.records) EXPECT_EQ(Sealer::key_id_of(sealed), key) << name.second;
    }

    Disk disk_;
    DiskStore store_{disk_};
};

TEST_F(SealedRecordsTest, ARotationSealsEverythingUnderANewKeyAndDropsTheOld) {
    auto records = open();
    fill(*records, 5);
    auto old = Sealer::from_key_text(disk_.keys)->key_id();
    auto done = records->rotate(false);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_NE(done->key, old);
    EXPECT_EQ(done->resealed, 5u);
    EXPECT_FALSE(done->resumed);
    EXPECT_EQ(done->dropped, std::vector{old});
    EXPECT_FALSE(done->warning);
    EXPECT_EQ(Sealer::from_key_text(disk_.keys)->key_ids(), std::vector{done->key});
    expect_all_under(done->key);
    expect_all(*records, 5);
    expect_all(*open(), 5);
    fill(*records, 6);
    expect_all_under(done->key);
}

TEST_F(SealedRecordsTest, RecordsOfBeforeKeysHadNamesAreTakenAlong) {
    disk_.records[{std::string(kIntegrationKind), "a"}] = "v1:AAECAwQFBgcICQoL+7bwm5jo0ZXSJXQDiqD2g6TsSDIZ1QN9J4mB/p8=";
    auto records = open();
    EXPECT_EQ(records->list(kIntegrationKind)->front().second, "an old secret");
    EXPECT_EQ(records->status()->records, (std::map<std::string, std::size_t>{{"", 1}}));
    auto done = records->rotate(false);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->resealed, 1u);
    EXPECT_EQ(records->list(kIntegrationKind)->front().second, "an old secret");
}

// Whatever was the last change that reached the disk, a start finds every secret, and rotating again completes it.
TEST_F(SealedRecordsTest, ARotationMayBeCutShortAnywhere) {
    constexpr int kRecords = 4;
    constexpr int kChanges = kRecords + 2;  // the new key, the records, the old key's end
    for (int survived = 0; survived <= kChanges; ++survived) {
        SCOPED_TRACE(survived);
        disk_ = Disk();
        fill(*open(), kRecords);
        auto old = Sealer::from_key_text(disk_.keys)->key_id();
        disk_.changes_left = survived;
        auto cut = open()->rotate(false);
        EXPECT_EQ(cut && !cut->warning, survived == kChanges) << "the number of changes is what this test thinks it is";

        disk_.changes_left = 1'000'000;
        auto again = open();
        expect_all(*again, kRecords);
        auto done = again->rotate(false);
        ASSERT_TRUE(done) << done.error().message;
        bool is_half_way = survived > 0 && survived <= kRecords;
        EXPECT_EQ(done->resumed, is_half_way);
        EXPECT_NE(done->key, old);
        EXPECT_EQ(Sealer::from_key_text(disk_.keys)->key_ids(), std::vector{done->key});
        expect_all_under(done->key);
        expect_all(*open(), kRecords);
    }
}

TEST_F(SealedRecordsTest, TheOldKeyCanBeKeptForBackups) {
    auto records = open();
    fill(*records, 2);
    auto old = Sealer::from_key_text(disk_.keys)->key_id();
    auto done = records->rotate(true);
    EXPECT_EQ(done->kept, std::vector{old});
    EXPECT_EQ(Sealer::from_key_text(disk_.keys)->key_ids(), (std::vector{done->key, old}));
    expect_all_under(done->key);
    auto next = records->rotate(false);
    EXPECT_FALSE(next->resumed) << "nothing was left half done";
    EXPECT_NE(next->key, done->key);
    EXPECT_EQ(next->dropped, (std::vector{done->key, old}));
}

TEST_F(SealedRecordsTest, AKeyThatTheOperatorPutInFrontIsTheOneToUse) {
    auto records = open();
    fill(*records, 3);
    const std::string mine(64, 'b');
    disk_.keys = mine + "\n" + disk_.keys;
    disk_.keys_are_read_only = true;
    auto done = records->rotate(false);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_TRUE(done->resumed);
    EXPECT_EQ(done->key, Sealer::from_key_text(mine)->key_id());
    EXPECT_EQ(done->resealed, 3u);
    ASSERT_TRUE(done->warning);
    EXPECT_THAT(*done->warning, HasSubstr("take " + done->kept.at(0) + " out of secrets.key"));
    disk_.keys = mine;
    expect_all(*open(), 3);
}

TEST_F(SealedRecordsTest, WhereNoKeyCanBeWrittenNothingChanges) {
    auto records = open();
    fill(*records, 3);
    auto before = disk_.records;
    disk_.keys_are_read_only = true;
    EXPECT_TRUE(records->rotate(false).has_error());
    EXPECT_EQ(disk_.records, before);
    expect_all(*records, 3);
}

TEST_F(SealedRecordsTest, AnOperatorsFileWithoutTheOldKeyGetsItBackBeforeTheFirstRecordIsSealed) {
    auto records = open();
    fill(*records, 3);
    disk_.keys = std::string(64, 'b');  // the old one is only known to the running process
    disk_.changes_left = 2;
    EXPECT_TRUE(records->rotate(false).has_error());
    disk_.changes_left = 1'000'000;
    expect_all(*open(), 3);
}

TEST_F(SealedRecordsTest, WhatCannotBeOpenedKeepsEveryKey) {
    auto records = open();
    fill(*records, 3);
    disk_.records[{std::string(kIntegrationKind), "i1"}] = Sealer::from_key_text(std::string(64, 'c'))->seal("x", "y");
    auto refused = records->rotate(false);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, Errc::corrupt);
    EXPECT_THAT(refused.error().message, HasSubstr("integration/i1"));
    EXPECT_EQ(Sealer::from_key_text(disk_.keys)->key_ids().size(), 2u);
}

TEST_F(SealedRecordsTest, WhatIsWrittenMeanwhileIsUnderTheNewKey) {
    auto records = open();
    fill(*records, 3);
    bool wrote = false;
    store_.on_put = [&] {
        if (std::exchange(wrote, true)) return;
        std::thread([&] { EXPECT_EQ(records->rotate(false).error().code, Errc::conflict) << "one at a time"; }).join();
    };
    auto done = records->rotate(false);
    ASSERT_TRUE(done) << done.error().message;
    fill(*records, 3);
    expect_all_under(done->key);
}

TEST_F(SealedRecordsTest, StatusCountsByKey) {
    auto records = open();
    fill(*records, 3);
    auto status = records->status().value();
    EXPECT_EQ(status.source, "secrets.key");
    EXPECT_EQ(status.keys.size(), 1u);
    EXPECT_EQ(status.records, (std::map<std::string, std::size_t>{{status.keys[0], 3}}));
}

}  // namespace
}  // namespace sluice
