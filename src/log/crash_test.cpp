// The power is cut at every change that a scripted workload makes to the disk, what was not synced survives in seeded
// mixtures, and what is found afterwards is held against what was acknowledged.

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/fake_clock.hpp"
#include "log/log_test_kit.hpp"
#include "log/simulated_files.hpp"
#include "log/verify.hpp"

namespace sluice {
namespace {

constexpr const char* kFolder = "/log";

/// What callers know: the batches they gave, and which of them were acknowledged as what.
struct Ledger {
    std::map<std::string, std::size_t> batch_sizes;  ///< every batch that was given, by its name
    std::map<Sequence, std::string> acknowledged;    ///< ids
    Sequence trimmed_before = 1;                     ///< trims were asked for up to here
    Timestamp last_time{};

    std::string name_batch(std::size_t size) {
        std::string name = "b" + std::to_string(batch_sizes.size());
        batch_sizes[name] = size;
        return name;
    }
};

std::string id_of(const std::string& batch, std::size_t index) {
    return batch + "." + std::to_string(index);
}

std::unique_ptr<SegmentLog> open_log(SimulatedFiles& files, FakeClock& clock) {
    SegmentLogOptions options;
    options.folder = kFolder;
    options.segment_bytes = 16 << 10;
    options.spare_segments = 2;
    options.clock = &clock;
    options.files = &files;
    options.on_fatal = [](const std::string&) {};
    auto log = SegmentLog::open(options);
    if (!log) return nullptr;
    return std::move(*log);
}

/// Appends several batches at once and waits for all of them.
void append_batches(SegmentLog& log, Ledger& ledger, const std::vector<std::size_t>& sizes, std::size_t padding) {
    std::vector<std::pair<std::string, std::future<Result<AppendReceipt>>>> waiting;
    for (std::size_t size : sizes) {
        std::string name = ledger.name_batch(size);
        std::vector<TestEvent> events;
        for (std::size_t i = 0; i < size; ++i) events.push_back({.id = id_of(name, i), .padding = padding});
        waiting.emplace_back(name, append_later(log, batch_of(events)));
    }
    for (auto& [name, future] : waiting) {
        auto receipt = future.get();
        if (!receipt) continue;
        for (std::size_t i = 0; i < ledger.batch_sizes[name]; ++i) {
            ledger.acknowledged[receipt->first + i] = id_of(name, i);
        }
    }
}

/// Small and large frames, groups, rolls, trims with recycling, a restart in the middle.
void run_workload(SimulatedFiles& files, FakeClock& clock, Ledger& ledger) {
    for (int restart = 0; restart < 2; ++restart) {
        auto log = open_log(files, clock);
        if (!log) return;
        for (int round = 0; round < 5; ++round) {
            append_batches(*log, ledger, {1}, 20);
            append_batches(*log, ledger, {3}, 500);
            append_batches(*log, ledger, {1, 2, 1}, 300);
            append_batches(*log, ledger, {4}, 1500);
            clock.advance(std::chrono::seconds(1));
            if (round % 2 == 1) {
                Sequence keep_from = log->stats().head > 10 ? log->stats().head - 10 : 1;
                ledger.trimmed_before = std::max(ledger.trimmed_before, keep_from);
                (void)log->trim(0, keep_from, nullptr);
            }
        }
    }
}

/// All acknowledged are there, in order, without holes and strangers; batches are whole. Adds what was found to the
/// ledger: it was shown, so it must stay.
void check_log(const SegmentLog& log, Ledger& ledger) {
    std::vector<Event> events = read_all(log, nullptr, 7);
    LogStats stats = log.stats();
    ASSERT_LE(stats.oldest, ledger.trimmed_before);
    ASSERT_EQ(events.size(), stats.head + 1 - stats.oldest);
    std::map<std::string, std::size_t> seen_of_batch;
    Sequence expected = stats.oldest;
    for (const Event& event : events) {
        ASSERT_EQ(event.sequence(), expected++);
        ASSERT_GE(event.time(), ledger.last_time);
        std::string id(event->id);
        auto acknowledged = ledger.acknowledged.find(event.sequence());
        if (acknowledged != ledger.acknowledged.end()) {
            ASSERT_EQ(acknowledged->second, id);
        }
        std::string batch = id.substr(0, id.find('.'));
        ASSERT_TRUE(ledger.batch_sizes.contains(batch)) << "a stranger: " << id;
        std::size_t& seen = seen_of_batch[batch];
        ASSERT_EQ(id, id_of(batch, seen++)) << "batches are in one piece, in order";
    }
    for (const auto& [batch, seen] : seen_of_batch)
        ASSERT_EQ(seen, ledger.batch_sizes[batch]) << "a part of batch " << batch;
    if (!ledger.acknowledged.empty()) {
        ASSERT_GE(stats.head, ledger.acknowledged.rbegin()->first);
    }
    for (const Event& event : events) ledger.acknowledged[event.sequence()] = event->id;
}

class CrashTest : public testing::TestWithParam<std::uint32_t> {};

std::uint64_t changes_of_workload(std::uint32_t block_bytes) {
    SimulatedFiles files(block_bytes);
    FakeClock clock;
    Ledger ledger;
    run_workload(files, clock, ledger);
    EXPECT_GT(files.reuses(), 0u) << "the workload is to recycle files";
    return files.operations();
}

TEST_P(CrashTest, KeepsWhatWasAcknowledgedWhereverThePowerIsCut) {
    std::uint64_t changes = changes_of_workload(GetParam());
    ASSERT_GT(changes, 80u);
    for (std::uint64_t at = 1; at <= changes; ++at) {
        SimulatedFiles files(GetParam());
        FakeClock clock;
        Ledger before;
        files.cut_power_at(at);
        run_workload(files, clock, before);
        for (std::uint32_t seed = 0; seed < 3; ++seed) {
            SCOPED_TRACE("power cut at change " + std::to_string(at) + ", seed " + std::to_string(seed));
            Ledger ledger = before;
            auto found = files.after_power_cut(seed);
            {
                auto report = verify_log(kFolder, found.get());
                ASSERT_TRUE(report && report->sound());
                auto log = open_log(*found, clock);
                ASSERT_NE(log, nullptr);
                check_log(*log, ledger);
                if (HasFatalFailure()) return;
                append_batches(*log, ledger, {2, 1}, 400);
                ASSERT_TRUE(ledger.acknowledged.contains(log->stats().head));
            }
            auto log = open_log(*found, clock);
            ASSERT_NE(log, nullptr);
            check_log(*log, ledger);
            if (HasFatalFailure()) return;
        }
    }
}

TEST_P(CrashTest, KeepsWhatWasAcknowledgedWhenThePowerIsCutAgainWhileRecovering) {
    std::uint64_t changes = changes_of_workload(GetParam());
    for (std::uint64_t at = 5; at <= changes; at += 5) {
        SimulatedFiles files(GetParam());
        FakeClock clock;
        Ledger ledger;
        files.cut_power_at(at);
        run_workload(files, clock, ledger);
        auto found = files.after_power_cut(static_cast<std::uint32_t>(at));
        for (std::uint64_t second = 1; second <= 10; ++second) {
            SCOPED_TRACE("power cut at change " + std::to_string(at) + ", again at " + std::to_string(second));
            found->cut_power_at(second);
            if (auto log = open_log(*found, clock)) append_batches(*log, ledger, {1, 3}, 100);
            found = found->after_power_cut(static_cast<std::uint32_t>(at * 31 + second));
            auto log = open_log(*found, clock);
            ASSERT_NE(log, nullptr);
            check_log(*log, ledger);
            if (HasFatalFailure()) return;
            log->close();
        }
    }
}

TEST_P(CrashTest, WhatARestartShowedSurvivesAPowerCut) {
    std::uint64_t changes = changes_of_workload(GetParam());
    for (std::uint64_t at = 1; at <= changes; ++at) {
        SimulatedFiles files(GetParam());
        FakeClock clock;
        Ledger ledger;
        files.cut_power_at(at);
        run_workload(files, clock, ledger);
        // Only the process ends: what it wrote last is still in the system's memory.
        auto killed = files.after_kill();
        {
            auto log = open_log(*killed, clock);
            ASSERT_NE(log, nullptr);
            check_log(*log, ledger);
        }
        SCOPED_TRACE("killed at change " + std::to_string(at));
        auto found = killed->after_power_cut(static_cast<std::uint32_t>(at));
        auto log = open_log(*found, clock);
        ASSERT_NE(log, nullptr);
        check_log(*log, ledger);
        if (HasFatalFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(BlockSizes, CrashTest, testing::Values(512u, 4096u),
                         [](const auto& block) { return "Blocks" + std::to_string(block.param); });

}  // namespace
}  // namespace sluice
