#include "alerts/alert_directory.hpp"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "alerts/alerts_test_kit.hpp"
#include "net/run_for_test.hpp"

namespace sluice {
namespace {

using boost::json::object;

object settings(std::string_view text) {
    return boost::json::parse(text).as_object();
}

class AlertDirectoryTest : public ::testing::Test {
  protected:
    std::unique_ptr<AlertDirectory> make() {
        return std::make_unique<AlertDirectory>(AlertDirectory::Parts{*sealed, registry, changes}, false);
    }
    template <class T>
    T run(boost::asio::awaitable<T> task) {
        return run_for_test(io, std::move(task));
    }
    Result<AlertDirectory::Created> create(const Principal& caller, std::string_view text) {
        return run(directory->create(caller, settings(text)));
    }
    Result<AlertDirectory::Item> change(const Principal& caller, const std::string& id, std::string_view text,
                                        bool merge) {
        return run(directory->change(caller, id, settings(text), merge, ""));
    }
    static std::vector<AlertDirectory::FileAlert> file(std::string_view text) {
        return AlertDirectory::check({settings(text)}, [](const Error& error) { return error; }).value();
    }

    boost::asio::io_context io;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = boost::asio::make_work_guard(io);
    MemoryControlStore store;
    std::unique_ptr<SealedRecords> sealed = sealed_for_test(store);
    DestinationRegistry registry = webhook_registry();
    BlockingPool changes{"changes", 1};
    std::unique_ptr<AlertDirectory> directory = make();
    Principal acme = tenant_for_test("com.acme");
    Principal other = tenant_for_test("com.other");
};

constexpr std::string_view kHook =
    R"({"id":"ops","url":"https://hooks.acme.com/x?key=planted-key","secret":"whsec_cGxhbnRlZC1zZWNyZXQ="})";

TEST_F(AlertDirectoryTest, OneWhoseSettingsCanBeUsedNoMoreTellsNobodyAndLetsTheNodeStart) {
    directory = std::make_unique<AlertDirectory>(AlertDirectory::Parts{*sealed, registry, changes}, true);
    ASSERT_TRUE(create(acme, R"({"id":"near","url":"http://127.0.0.1:9/x"})"));
    ASSERT_TRUE(create(acme, kHook));
    directory = make();  // tenants may not reach this machine any more
    ASSERT_TRUE(directory->load({}));
    auto item = directory->get(acme, "near");
    ASSERT_TRUE(item) << "its owner still sees it";
    ASSERT_TRUE(item->unusable);
    EXPECT_NE(item->unusable->message.find("points at this machine"), std::string::npos);
    EXPECT_FALSE(directory->get(other, "near"));
    EXPECT_EQ(directory->find("near"), nullptr);
    ASSERT_EQ(directory->interested("com.acme", "integration.failing").size(), 1u);
    ASSERT_TRUE(
        change(acme, "near", R"({"url":"https://hooks.acme.com/y","secret":"whsec_cGxhbnRlZC1zZWNyZXQ="})", true));
    EXPECT_FALSE(directory->get(acme, "near")->unusable);
    EXPECT_NE(directory->find("near"), nullptr);
}

TEST_F(AlertDirectoryTest, KeepsAnAlertSealedAcrossARestart) {
    ASSERT_TRUE(create(acme, kHook));
    EXPECT_EQ(store.everything().find("planted-key"), std::string::npos);
    EXPECT_EQ(store.everything().find("cGxhbnRlZC1zZWNyZXQ"), std::string::npos);
    auto revision = directory->get(acme, "ops")->revision;
    directory = make();
    ASSERT_TRUE(directory->load({}));
    auto found = directory->interested("com.acme", "integration.failing");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0]->target.signing_key.reveal(), "planted-secret");
    EXPECT_EQ(directory->get(acme, "ops")->revision, revision);
}

TEST_F(AlertDirectoryTest, NeverShowsASecretThatItWasGivenAndShowsOnceTheOneItMade) {
    auto given = create(acme, kHook);
    ASSERT_TRUE(given);
    EXPECT_FALSE(given->secret);
    EXPECT_EQ(boost::json::serialize(given->item.settings).find("cGxhbnRlZC1zZWNyZXQ"), std::string::npos);
    auto made = create(acme, R"({"id":"more","url":"https://hooks.acme.com/y"})");
    ASSERT_TRUE(made && made->secret);
    EXPECT_EQ(made->secret->reveal().substr(0, 6), "whsec_");
    EXPECT_EQ(boost::json::serialize(directory->get(acme, "more")->settings).find(made->secret->reveal()),
              std::string::npos);
    EXPECT_EQ(directory->get(acme, "more")->settings.at("secret"), "(redacted)");
}

TEST_F(AlertDirectoryTest, HidesAnOrgsAlertsFromOthers) {
    ASSERT_TRUE(create(acme, kHook));
    EXPECT_EQ(directory->get(other, "ops").error().code, Errc::not_found);
    EXPECT_TRUE(directory->list(other, "", 100).empty());
    EXPECT_EQ(change(other, "ops", R"({"types":["integration.blocked"]})", true).error().code, Errc::not_found);
    EXPECT_EQ(run(directory->erase(other, "ops")).error().code, Errc::not_found);
    EXPECT_EQ(directory->list(acme, "", 100).size(), 1u);
    EXPECT_EQ(directory->list(operator_for_test(), "", 100).size(), 1u);
}

TEST_F(AlertDirectoryTest, KeepsASecretLeftOutForItsHostAndForNoOther) {
    ASSERT_TRUE(create(acme, kHook));
    ASSERT_TRUE(change(acme, "ops", R"x({"url":"https://hooks.acme.com/other","secret":"(redacted)"})x", false));
    EXPECT_EQ(directory->find("ops")->target.signing_key.reveal(), "planted-secret");
    auto elsewhere = change(acme, "ops", R"({"url":"https://evil.example/x"})", true);
    ASSERT_FALSE(elsewhere);
    EXPECT_EQ(elsewhere.error().message, "secret must be given again, since url changed");
    ASSERT_TRUE(change(acme, "ops", R"({"types":["integration.blocked"]})", true));
    EXPECT_TRUE(directory->interested("com.acme", "integration.failing").empty());
    EXPECT_EQ(directory->find("ops")->target.signing_key.reveal(), "planted-secret");
}

TEST_F(AlertDirectoryTest, ATenantCannotTakeOverWhatOnlyTheOperatorMaySet) {
    Principal of_acme = operator_for_test();
    of_acme.org = "com.acme";
    ASSERT_TRUE(create(of_acme, R"({"id":"ops","url":"https://10.0.0.7/x","secret":"s3cret-s3cret"})"));
    auto taken = change(acme, "ops", R"({"types":["integration.blocked"]})", true);
    ASSERT_FALSE(taken);
    EXPECT_NE(taken.error().message.find("url"), std::string::npos);
}

TEST_F(AlertDirectoryTest, RefusesAnIdInUseAndTooManyOfOneOrg) {
    ASSERT_TRUE(create(acme, kHook));
    EXPECT_EQ(create(acme, kHook).error().code, Errc::conflict);
    for (std::size_t i = 1; i < AlertDirectory::kMostOfOneOrg; ++i)
        ASSERT_TRUE(create(acme, R"({"id":"n)" + std::to_string(i) + R"(","url":"https://x.com"})"));
    EXPECT_EQ(create(acme, R"({"id":"one-more","url":"https://x.com"})").error().code, Errc::conflict);
    EXPECT_TRUE(create(other, R"({"id":"theirs","url":"https://x.com"})"));
}

TEST_F(AlertDirectoryTest, LeavesTheFilesAlertsToTheFileAndTheOperator) {
    ASSERT_TRUE(directory->load(file(R"({"id":"all","url":"https://ops.example/x"})")));
    EXPECT_EQ(directory->interested("com.any", "integration.failing").size(), 1u);
    EXPECT_TRUE(directory->list(acme, "", 100).empty());
    EXPECT_EQ(run(directory->erase(operator_for_test(), "all")).error().code, Errc::conflict);
    ASSERT_TRUE(create(acme, kHook));
    EXPECT_EQ(directory->check_reload(file(R"({"id":"ops","url":"https://x.com"})")).error().code, Errc::conflict);
    directory->reload(file(R"({"id":"renamed","url":"https://x.com"})"));
    EXPECT_EQ(directory->find("all"), nullptr);
    EXPECT_NE(directory->find("renamed"), nullptr);
    EXPECT_NE(directory->find("ops"), nullptr);
}

TEST_F(AlertDirectoryTest, ForgetsADeletedAlertForGood) {
    ASSERT_TRUE(create(acme, kHook));
    ASSERT_TRUE(run(directory->erase(acme, "ops")));
    directory = make();
    ASSERT_TRUE(directory->load({}));
    EXPECT_EQ(directory->find("ops"), nullptr);
}

TEST_F(AlertDirectoryTest, RefusesAChangeOfWhatSomebodyElseChanged) {
    ASSERT_TRUE(create(acme, kHook));
    auto before = directory->get(acme, "ops")->revision;
    ASSERT_TRUE(change(acme, "ops", R"({"types":["integration.blocked"]})", true));
    auto late = run(directory->change(acme, "ops", settings(R"({"types":["integration.failing"]})"), true, before));
    EXPECT_EQ(late.error().code, Errc::conflict);
    EXPECT_EQ(run(directory->erase(acme, "ops", before)).error().code, Errc::conflict);
    EXPECT_TRUE(run(directory->erase(acme, "ops", directory->get(acme, "ops")->revision)));
}

}  // namespace
}  // namespace sluice
