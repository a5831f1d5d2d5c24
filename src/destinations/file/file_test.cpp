#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/clock.hpp"
#include "destination/test_batch.hpp"
#include "destinations/file/config.hpp"
#include "destinations/file/destination.hpp"
#include "destinations/file/factory.hpp"
#include "destinations/file/line_file.hpp"
#include "net/run_for_test.hpp"
#include "net/task_group.hpp"

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

    /// Delivers one event of object `id` and says what it is as a line.
    std::string deliver_one(Destination& destination, const std::string& id) {
        TestBatch batch;
        batch.add(id);
        EXPECT_EQ(deliver(destination, batch)[0].kind, Verdict::Kind::accepted);
        return lines(batch.bodies());
    }
    static boost::asio::awaitable<void> send_many(Destination& destination, std::string name,
                                                  std::vector<std::string>& bodies) {
        for (int round = 0; round < 10; ++round) {
            TestBatch batch;
            for (int i = 0; i < 1'500; ++i) batch.add(name + std::to_string(round) + "-" + std::to_string(i));
            batch.aim(destination);
            for (bool accepted = false; !accepted;) {
                auto verdicts = co_await destination.deliver(batch.messages(), Deadline::never());
                accepted = verdicts[0].kind == Verdict::Kind::accepted;
                EXPECT_FALSE(verdicts[0].ambiguous);
            }
            for (auto& body : batch.bodies()) bodies.push_back(std::move(body));
        }
    }
    /// `text` is these two, each in its order and no line in another.
    static void expect_merged(const std::string& text, const std::vector<std::string>& one,
                              const std::vector<std::string>& other) {
        std::size_t from_one = 0, from_other = 0, mangled = 0;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) {
            if (from_one < one.size() && line == one[from_one])
                ++from_one;
            else if (from_other < other.size() && line == other[from_other])
                ++from_other;
            else
                ++mangled;
        }
        EXPECT_EQ(from_one, one.size());
        EXPECT_EQ(from_other, other.size());
        EXPECT_EQ(mangled, 0u);
    }
    /// The result of `run`, while no file may grow beyond `limit`.
    template <class F>
    static auto with_file_size_limit(std::size_t limit, F run) {
        struct rlimit old {};
        ::getrlimit(RLIMIT_FSIZE, &old);
        auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
        struct rlimit low = old;
        low.rlim_cur = limit;
        ::setrlimit(RLIMIT_FSIZE, &low);
        auto result = run();
        ::setrlimit(RLIMIT_FSIZE, &old);
        std::signal(SIGXFSZ, old_handler);
        return result;
    }
    static void append(const std::filesystem::path& path, const std::string& text) {
        std::ofstream(path, std::ios::binary | std::ios::app) << text;
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
    TestBatch large;
    large.add("b", {}, 100).add("c", {}, 5000);
    auto verdicts = with_file_size_limit(before.size() + 300, [&] { return deliver(*destination, large); });
    for (const auto& verdict : verdicts) {
        ASSERT_EQ(verdict.kind, Verdict::Kind::retry);
        EXPECT_FALSE(verdict.ambiguous);
        EXPECT_EQ(verdict.failure->error_class, ErrorClass::transient);
    }
    EXPECT_EQ(read(path), before);
    for (const auto& verdict : deliver(*destination, large)) EXPECT_EQ(verdict.kind, Verdict::Kind::accepted);
    EXPECT_EQ(read(path), before + lines(large.bodies()));
}

TEST_F(FileDestinationTest, TwoIntegrationsOnOnePathByTurnsLoseNothing) {
    auto path = folder_ / "out.ndjson";
    auto one = make(path), other = make(path);
    std::string expected;
    for (int i = 0; i < 5; ++i) {
        expected += deliver_one(*one, "one-" + std::to_string(i));
        expected += deliver_one(*other, "the-other-" + std::to_string(i));
    }
    EXPECT_EQ(read(path), expected);
}

TEST_F(FileDestinationTest, TwoIntegrationsOnOnePathAtOnceMangleNoLine) {
    auto path = folder_ / "out.ndjson";
    auto one = make(path), other = make(path);
    std::vector<std::string> sent[2];
    TaskGroup tasks(io_);
    tasks.spawn(send_many(*one, "a", sent[0]));
    tasks.spawn(send_many(*other, "b", sent[1]));
    run_for_test(io_, tasks.join());
    expect_merged(read(path), sent[0], sent[1]);
}

TEST_F(FileDestinationTest, TwoProcessesOnOnePathAtOnceMangleNoLine) {
    auto path = folder_ / "out.ndjson";
    std::vector<std::string> sent[2];
    auto run = [&](const std::string& name, std::vector<std::string>& bodies) {
        boost::asio::io_context io;
        DestinationKind kind = file_kind();  // of its own, as another process has: only the file is shared
        auto destination =
            kind.make({{"type", "file"}, {"path", path.string()}}, {.io = io, .clock = SystemClock::instance()})
                .value();
        run_for_test(io, send_many(*destination, name, bodies));
    };
    std::thread other([&] { run("b", sent[1]); });
    run("a", sent[0]);
    other.join();
    expect_merged(read(path), sent[0], sent[1]);
}

TEST_F(FileDestinationTest, AFileRenamedAwayIsKeptAndANewOneBegun) {
    auto path = folder_ / "out.ndjson";
    auto destination = make(path);
    auto before = deliver_one(*destination, "before");
    std::filesystem::rename(path, folder_ / "out.ndjson.1");
    auto after = deliver_one(*destination, "after");
    after += deliver_one(*destination, "later");
    EXPECT_EQ(read(folder_ / "out.ndjson.1"), before);
    EXPECT_EQ(read(path), after);
}

TEST_F(FileDestinationTest, AFileDeletedIsBegunAnew) {
    auto path = folder_ / "out.ndjson";
    auto destination = make(path);
    deliver_one(*destination, "taken");
    std::filesystem::remove(path);
    auto after = deliver_one(*destination, "after");
    EXPECT_EQ(read(path), after);
}

TEST_F(FileDestinationTest, AFileReplacedByAnotherIsGoneOnWith) {
    auto path = folder_ / "out.ndjson";
    auto destination = make(path);
    deliver_one(*destination, "taken");
    append(folder_ / "new", "{\"header\":1}\n");
    std::filesystem::rename(folder_ / "new", path);
    auto after = deliver_one(*destination, "after");
    EXPECT_EQ(read(path), "{\"header\":1}\n" + after);
}

TEST_F(FileDestinationTest, AFolderTakenAwayIsAMissingTarget) {
    auto path = folder_ / "drop" / "out.ndjson";
    std::filesystem::create_directories(folder_ / "drop");
    auto destination = make(path);
    deliver_one(*destination, "before");
    std::filesystem::rename(folder_ / "drop", folder_ / "taken");
    TestBatch batch;
    batch.add("after");
    auto refused = deliver(*destination, batch);
    ASSERT_EQ(refused[0].kind, Verdict::Kind::retry);
    EXPECT_EQ(refused[0].failure->code, "no_such_folder");
}

TEST_F(FileDestinationTest, AFileCopiedAndTruncatedGoesOnAtItsStart) {
    auto path = folder_ / "out.ndjson";
    auto destination = make(path);
    deliver_one(*destination, "copied-away");
    std::filesystem::resize_file(path, 0);
    auto after = deliver_one(*destination, "after");
    EXPECT_EQ(read(path), after);
}

TEST_F(FileDestinationTest, WholeLinesThatSomebodyElseAppendsAreKept) {
    auto path = folder_ / "out.ndjson";
    auto destination = make(path);
    auto expected = deliver_one(*destination, "before");
    append(path, "{\"mark\":1}\n{\"mark\":2}\n");
    expected += "{\"mark\":1}\n{\"mark\":2}\n" + deliver_one(*destination, "after");
    EXPECT_EQ(read(path), expected);
}

TEST_F(FileDestinationTest, WhatSomebodyElseAppendsWithoutALineFeedIsEndedNotCut) {
    auto path = folder_ / "out.ndjson";
    auto destination = make(path);
    auto expected = deliver_one(*destination, "before");
    append(path, "{\"mark\":");
    expected += "{\"mark\":\n" + deliver_one(*destination, "after");
    TestBatch large;
    for (int i = 0; i < 1'500; ++i) large.add("object-" + std::to_string(i));
    append(path, "mark");
    deliver(*destination, large);
    EXPECT_EQ(read(path), expected + "mark\n" + lines(large.bodies()));
}

TEST_F(FileDestinationTest, AFileThatAnotherProcessKeepsLockedIsInUseUntilItLetsGo) {
    auto path = folder_ / "out.ndjson";
    auto destination = make(path);
    auto before = deliver_one(*destination, "before");
    int holder = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(holder, LOCK_EX | LOCK_NB), 0) << "nothing is held between two batches";
    TestBatch batch;
    batch.add("after").aim(*destination);
    auto refused = run_for_test(io_, destination->deliver(batch.messages(), Deadline::after({})));
    ASSERT_EQ(refused[0].kind, Verdict::Kind::retry);
    EXPECT_FALSE(refused[0].ambiguous);
    EXPECT_EQ(refused[0].failure->error_class, ErrorClass::transient);
    EXPECT_EQ(refused[0].failure->code, "file_in_use");
    EXPECT_NE(refused[0].failure->message.find(path), std::string::npos);
    EXPECT_FALSE(refused[0].failure->hint.empty());
    EXPECT_EQ(read(path), before);
    ::close(holder);
    EXPECT_EQ(deliver(*destination, batch)[0].kind, Verdict::Kind::accepted);
    EXPECT_EQ(read(path), before + lines(batch.bodies()));
}

TEST_F(FileDestinationTest, LinesWrittenToAFileThatIsTakenAwayMeanwhileAreNotAccepted) {
    auto path = folder_ / "out.ndjson";
    for (bool deleted : {false, true}) {
        auto file = LineFile::open(path, TornLine::cut);
        ASSERT_TRUE(file);
        deleted ? void(std::filesystem::remove(path)) : std::filesystem::rename(path, folder_ / "taken");
        std::vector<std::string_view> line{"{}"};
        auto appended = file->append(line);
        ASSERT_FALSE(appended);
        EXPECT_TRUE(appended.error().maybe_written);
        auto failure = failure_of(appended.error().errno_value, appended.error().step, path);
        EXPECT_EQ(failure.error_class, ErrorClass::transient);
        EXPECT_EQ(failure.code, "file_taken_away");
    }
}

TEST_F(FileDestinationTest, AFailedWriteTakesBackNothingOfWhatSomebodyElseAppendedMeanwhile) {
    auto path = folder_ / "out.ndjson";
    append(path, "{}\n");
    auto file = LineFile::open(path, TornLine::cut);
    ASSERT_TRUE(file);
    append(path, "{\"mark\":1}\n");
    std::string long_line(5'000, 'x');
    std::vector<std::string_view> line{long_line};
    auto appended = with_file_size_limit(300, [&] { return file->append(line); });
    ASSERT_FALSE(appended);
    EXPECT_TRUE(appended.error().maybe_written);
    EXPECT_TRUE(read(path).starts_with("{}\n{\"mark\":1}\n"));
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

TEST_F(FileDestinationTest, ANameThatIsTooLongIsNoTarget) {
    boost::json::object settings{{"type", "file"}, {"path", "/out/{id}{id}.ndjson"}};
    auto config = parse_config(settings, context()).value();
    for (auto [length, fits] : {std::pair(124, true), std::pair(125, false)}) {
        TestBatch batch;
        batch.add(std::string(static_cast<std::size_t>(length), 'a'));
        std::string out;
        auto path = append_path(config, batch.messages()[0].event, out);
        ASSERT_EQ(!path.has_error(), fits) << length;
        if (!fits) {
            EXPECT_NE(path.error().message.find("longer than 255 bytes"), std::string::npos);
        }
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

TEST_F(FileDestinationTest, ProbeTellsWhatIsNoFile) {
    std::filesystem::create_directory(folder_ / "folder");
    std::filesystem::create_symlink(folder_ / "elsewhere", folder_ / "link");
    for (const char* name : {"folder", "link"}) {
        auto destination = make(folder_ / name);
        auto report = run_for_test(io_, destination->probe(Deadline::never()));
        EXPECT_FALSE(report.ok()) << name;
        EXPECT_NE(report.steps.back().hint.find("an ordinary file"), std::string::npos) << report.steps.back().hint;
    }
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

TEST(PathTurns, AreOneAPath) {
    PathTurns turns;
    auto out = turns.of("/out");
    for (int i = 0; i < 1'000; ++i) EXPECT_NE(turns.of("/other-" + std::to_string(i)), out);
    EXPECT_EQ(turns.of("/out"), out);
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
                                                              {EIO, ErrorClass::transient},
                                                              {EWOULDBLOCK, ErrorClass::transient},
                                                              {ESTALE, ErrorClass::transient}}) {
        auto failure = failure_of(value, "write", "/x");
        EXPECT_EQ(failure.error_class, expected) << value;
        EXPECT_FALSE(failure.code.empty());
        EXPECT_FALSE(failure.hint.empty());
        EXPECT_EQ(failure.target, "/x");
    }
}

}  // namespace
}  // namespace sluice::file_destination
