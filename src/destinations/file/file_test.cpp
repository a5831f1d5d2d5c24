#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/clock.hpp"
#include "destination/test_batch.hpp"
#include "destinations/file/config.hpp"
#include "destinations/file/destination.hpp"
#include "destinations/file/factory.hpp"
#include "destinations/file/line_file.hpp"
#include "net/run_for_test.hpp"

namespace sluice::file_destination {
namespace {

class FileDestinationTest : public testing::Test {
  protected:
    void SetUp() override {
        folder_ =
            std::filesystem::temp_directory_path() / ("sluice-file-" + std::to_string(::getpid()) + "-" +
                                                      testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    DestinationContext context(bool operator_owned = true) {
        return {.io = io_, .clock = SystemClock::instance(), .integration_id = "f", .operator_owned = operator_owned};
    }
    std::unique_ptr<Destination> make(const std::string& path) {
        boost::json::object settings{{"type", "file"}, {"path", path}};
        return kind_.make(settings, context()).value();
    }
    std::vector<Verdict> deliver(Destination& destination, TestBatch& batch) {
        batch.aim(destination);
        return run_for_test(io_, destination.deliver(batch.messages(), Deadline::never()));
    }
    static std::string read(const std::filesystem::path& path) {
        std::ostringstream out;
        out << std::ifstream(path, std::ios::binary).rdbuf();
        return out.str();
    }
    static std::string lines(const std::vector<std::string>& bodies) {
        std::string out;
        for (const auto& body : bodies) out += body + "\n";
        return out;
    }

    boost::asio::io_context io_;
    DestinationKind kind_ = file_kind();
    std::filesystem::path folder_;
};

TEST_F(FileDestinationTest, AppendsOneLineAnEventInOrder) {
    auto destination = make(folder_ / "out.ndjson");
    TestBatch first, second;
    first.add("a").add("b").add("a");
    second.add("c");
    for (auto* batch : {&first, &second})
        for (const auto& verdict : deliver(*destination, *batch)) EXPECT_EQ(verdict.kind, Verdict::Kind::accepted);
    EXPECT_EQ(read(folder_ / "out.ndjson"), lines(first.bodies()) + lines(second.bodies()));
}

TEST_F(FileDestinationTest, CutsATornLastLineBeforeAppending) {
    std::ofstream(folder_ / "out.ndjson") << "{\"whole\":1}\n{\"torn\":";
    auto destination = make(folder_ / "out.ndjson");
    TestBatch batch;
    batch.add("a");
    deliver(*destination, batch);
    EXPECT_EQ(read(folder_ / "out.ndjson"), "{\"whole\":1}\n" + lines(batch.bodies()));
}

TEST_F(FileDestinationTest, CutsAFileThatIsOnlyATornLine) {
    std::ofstream(folder_ / "out.ndjson") << std::string(200'000, 'x');
    auto destination = make(folder_ / "out.ndjson");
    TestBatch batch;
    batch.add("a");
    deliver(*destination, batch);
    EXPECT_EQ(read(folder_ / "out.ndjson"), lines(batch.bodies()));
}

TEST_F(FileDestinationTest, WritesBatchesLongerThanOneSystemCallTakes) {
    auto destination = make(folder_ / "out.ndjson");
    TestBatch batch;
    for (int i = 0; i < 3000; ++i) batch.add("object-" + std::to_string(i));
    deliver(*destination, batch);
    EXPECT_EQ(read(folder_ / "out.ndjson"), lines(batch.bodies()));
}

TEST_F(FileDestinationTest, AFullDiskTakesBackWhatWasWrittenAndIsTransient) {
    auto path = folder_ / "out.ndjson";
    auto destination = make(path);
    TestBatch batch;
    batch.add("a");
    deliver(*destination, batch);
    auto before = read(path);
    // The file size limit stands in for the disk's end: the write is refused half way, as it would be there.
    struct rlimit old {};
    ::getrlimit(RLIMIT_FSIZE, &old);
    auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit low = old;
    low.rlim_cur = before.size() + 300;
    ::setrlimit(RLIMIT_FSIZE, &low);
    TestBatch large;
    large.add("b", {}, 100).add("c", {}, 5000);
    auto verdicts = deliver(*destination, large);
    ::setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, old_handler);
    for (const auto& verdict : verdicts) {
        ASSERT_EQ(verdict.kind, Verdict::Kind::retry);
        EXPECT_FALSE(verdict.ambiguous);
        EXPECT_EQ(verdict.failure->error_class, ErrorClass::transient);
    }
    EXPECT_EQ(read(path), before);
    for (const auto& verdict : deliver(*destination, large)) EXPECT_EQ(verdict.kind, Verdict::Kind::accepted);
    EXPECT_EQ(read(path), before + lines(large.bodies()));
}

TEST_F(FileDestinationTest, AMissingFolderIsAMissingTargetThatComesBack) {
    auto destination = make(folder_ / "later" / "out.ndjson");
    TestBatch batch;
    batch.add("a");
    auto refused = deliver(*destination, batch);
    EXPECT_EQ(refused[0].kind, Verdict::Kind::retry);
    EXPECT_EQ(refused[0].failure->error_class, ErrorClass::missing_target);
    EXPECT_FALSE(refused[0].failure->hint.empty());
    std::filesystem::create_directories(folder_ / "later");
    EXPECT_EQ(deliver(*destination, batch)[0].kind, Verdict::Kind::accepted);
}

TEST_F(FileDestinationTest, OnePathARecTypeGivesOneFileARecType) {
    auto destination = make((folder_ / "{recType}.ndjson").string());
    TestBatch batch;
    batch.rec_type = "io.acme.leak";
    batch.add("a");
    deliver(*destination, batch);
    EXPECT_TRUE(std::filesystem::exists(folder_ / "io.acme.leak.ndjson"));
}

TEST_F(FileDestinationTest, NoValueLeadsOutOfTheFolder) {
    boost::json::object settings{{"type", "file"}, {"path", "/out/{id}.ndjson"}};
    auto config = parse_config(settings, context()).value();
    for (auto id : {"../etc/passwd", "a/b"}) {
        TestBatch batch;
        batch.add(id);
        std::string out = "kept";
        EXPECT_TRUE(append_path(config, batch.messages()[0].event, out).has_error()) << id;
        EXPECT_EQ(out, "kept");
    }
}

TEST_F(FileDestinationTest, ProbeSaysWhatToFixAndWritesNothing) {
    auto good = make(folder_ / "out.ndjson");
    EXPECT_TRUE(run_for_test(io_, good->probe(Deadline::never())).ok());
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out.ndjson"));
    auto bad = make(folder_ / "missing" / "out.ndjson");
    auto report = run_for_test(io_, bad->probe(Deadline::never()));
    EXPECT_FALSE(report.ok());
    EXPECT_FALSE(report.steps.back().hint.empty());
}

TEST_F(FileDestinationTest, SettingsAreChecked) {
    auto refused = [&](const char* text, bool operator_owned = true) {
        auto checked = kind_.check(boost::json::parse(text).as_object(), context(operator_owned));
        EXPECT_TRUE(checked.has_error()) << text;
        return checked ? std::string() : checked.error().message + " " + checked.error().hint;
    };
    EXPECT_NE(refused(R"({"type":"file"})").find("destination.path"), std::string::npos);
    EXPECT_NE(refused(R"({"type":"file","paht":"/x"})").find("path"), std::string::npos);
    EXPECT_NE(refused(R"({"type":"file","path":"/x/"})").find("folder"), std::string::npos);
    EXPECT_NE(refused(R"({"type":"file","path":"/x"})", false).find("operator"), std::string::npos);
}

TEST(FileFailures, HaveAClassACodeAndAHint) {
    struct Case {
        int errno_value;
        ErrorClass expected;
    };
    for (auto [value, expected] : std::initializer_list<Case>{{ENOSPC, ErrorClass::transient},
                                                              {EDQUOT, ErrorClass::transient},
                                                              {ENOENT, ErrorClass::missing_target},
                                                              {EACCES, ErrorClass::credentials},
                                                              {EROFS, ErrorClass::missing_target},
                                                              {EISDIR, ErrorClass::missing_target},
                                                              {EIO, ErrorClass::transient}}) {
        auto failure = failure_of(value, "write", "/x");
        EXPECT_EQ(failure.error_class, expected) << value;
        EXPECT_FALSE(failure.code.empty());
        EXPECT_FALSE(failure.hint.empty());
        EXPECT_EQ(failure.target, "/x");
    }
}

}  // namespace
}  // namespace sluice::file_destination
