#include "control/audit_log.hpp"

#include <boost/json/parse.hpp>

#include "control/access_fixture_for_test.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;

class AuditLogTest : public AccessTest {
  protected:
    AuditLogTest() { open({}); }

    void open(AuditLog::Bounds bounds) {
        log_ = std::make_unique<AuditLog>(AuditLog::Parts{store_, blocking_, clock_}, bounds);
        ASSERT_TRUE(log_->load());
    }
    void record(std::string org, std::string target = "/v1/integrations/a") {
        AuditEntry entry;
        entry.org = std::move(org);
        entry.target = std::move(target);
        entry.token_name = "somebody";
        ASSERT_TRUE(run(log_->record(std::move(entry))));
    }
    std::vector<std::uint64_t> numbers(std::optional<std::string> org, std::uint64_t before = 0,
                                       std::size_t limit = 100) {
        std::vector<std::uint64_t> out;
        auto page = log_->read(org, before, limit);
        EXPECT_TRUE(page);
        for (const auto& entry : *page) out.push_back(entry.number);
        return out;
    }
    using Numbers = std::vector<std::uint64_t>;

    std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditLogTest, TellsTheNewestFirstPageByPage) {
    for (int i = 0; i < 5; ++i) record(i % 2 == 0 ? "com.acme" : "com.other");
    EXPECT_EQ(numbers(std::nullopt), (Numbers{5, 4, 3, 2, 1}));
    EXPECT_EQ(numbers(std::nullopt, 0, 2), (Numbers{5, 4}));
    EXPECT_EQ(numbers(std::nullopt, 4, 2), (Numbers{3, 2}));
    EXPECT_EQ(numbers("com.acme"), (Numbers{5, 3, 1}));
    EXPECT_EQ(numbers("com.acme", 5, 1), (Numbers{3}));
    EXPECT_EQ(numbers("com.unknown"), Numbers{});
}

TEST_F(AuditLogTest, OutlivesARestart) {
    record("com.acme");
    record("com.other");
    open({});
    EXPECT_EQ(numbers("com.acme"), Numbers{1});
    record("com.acme");
    EXPECT_EQ(numbers(std::nullopt), (Numbers{3, 2, 1}));
}

TEST_F(AuditLogTest, AnOrgThatMakesManyCostsAnotherNone) {
    open({.of_org = 3, .in_all = 100, .age = 24h});
    record("com.quiet");
    for (int i = 0; i < 20; ++i) record("com.loud");
    EXPECT_EQ(numbers("com.quiet"), Numbers{1});
    EXPECT_EQ(numbers("com.loud"), (Numbers{21, 20, 19}));
    EXPECT_EQ(store_.list("audit")->size(), 4u);
}

TEST_F(AuditLogTest, IsBoundedInAllAndByAge) {
    open({.of_org = 100, .in_all = 3, .age = 24h});
    for (auto org : {"a", "b", "c", "d"}) record(org);
    EXPECT_EQ(numbers(std::nullopt), (Numbers{4, 3, 2}));
    clock_.advance(25h);
    record("e");
    EXPECT_EQ(numbers(std::nullopt), Numbers{5});
}

TEST_F(AuditLogTest, WhatCouldNotBeWrittenLeavesNoHole) {
    record("com.acme");
    store_.fail(true);
    EXPECT_FALSE(run(log_->record({})));
    store_.fail(false);
    record("com.acme");
    EXPECT_EQ(numbers("com.acme"), (Numbers{2, 1}));
}

TEST(AuditEntry, ComesBackAsItWas) {
    AuditEntry entry;
    entry.number = 17;
    entry.time = from_epoch_ms(1'800'000'000'123);
    entry.token_id = "tok_1";
    entry.token_name = "Ann's \"laptop\"";
    entry.caller_org = "default";
    entry.by_operator = true;
    entry.remote_address = "203.0.113.9";
    entry.org = "com.acme";
    entry.action = "PATCH /v1/integrations/{id}";
    entry.target = "/v1/integrations/acme";
    entry.status = 422;
    entry.code = "not_acceptable";
    entry.members = {"batch.max_events"};
    EXPECT_EQ(encode(decode_audit_entry(encode(entry)).value()), encode(entry));
    for (auto text : {"", "{}", "[]", R"({"number":0})", R"({"number":1,"time":"x","status":1,"operator":true})"})
        EXPECT_EQ(decode_audit_entry(text).error().code, Errc::corrupt) << text;
}

TEST(MemberPaths, NameWhatWasSetAndNothingOfItsValue) {
    auto body = boost::json::parse(R"({"id":"a","destination":{"type":"sqs","credentials":{"csv":"AKIA-secret"}},
                                       "batch":{},"key":null,"deep":{"a":{"b":{"c":{"d":1}}}}})")
                    .as_object();
    EXPECT_EQ(member_paths(body), (std::vector<std::string>{"id", "destination.type", "destination.credentials.csv",
                                                            "batch", "key", "deep.a.b.c"}));
    EXPECT_EQ(member_paths({{"a\nb\x7f", 1}}), std::vector<std::string>{"a?b?"});
    boost::json::object many;
    for (int i = 0; i < 1000; ++i) many[std::to_string(i) + std::string(1000, 'x')] = 1;
    auto paths = member_paths(many);
    EXPECT_EQ(paths.size(), 64u);
    EXPECT_EQ(paths[0].size(), 64u);
    boost::json::object cut_in_a_character{{std::string(63, 'x') + "\u00e4", 1}};
    EXPECT_EQ(member_paths(cut_in_a_character)[0], std::string(63, 'x'));
}

}  // namespace
}  // namespace sluice
