#include "app/transition_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using Kind = TransitionFilter::Kind;

Transition transition(Kind kind) {
    Transition out;
    out.change.id = "acme-sqs";
    out.change.kind = kind;
    out.at = out.since = from_epoch_ms(1'700'000'000'000);
    out.status.id = "acme-sqs";
    out.status.org = "com.acme";
    out.status.destination_type = "sqs";
    out.status.state = IntegrationState::failing;
    out.status.reason = "all targets refuse";
    out.status.stats.lag_events = 12;
    out.status.stats.last_error = DeliveryError{.error_class = ErrorClass::credentials,
                                                .code = "AccessDenied",
                                                .message = "not allowed",
                                                .target = "orders",
                                                .hint = "paste the key again"};
    return out;
}

std::string text(const Transition& transition) {
    LogLine line = line_of(transition);
    return log_text(LogFormat::text, line.message, line.fields);
}

TEST(TransitionLog, AFailureIsToldWithWhatToDo) {
    auto failing = transition(Kind::failing);
    failing.change.since = SteadyTime();
    EXPECT_EQ(text(failing),
              "an integration fails to deliver integration=acme-sqs org=com.acme destination=sqs state=failing "
              "reason=\"all targets refuse\" class=credentials code=AccessDenied target=orders error=\"not allowed\" "
              "hint=\"paste the key again\" since=2023-11-14T22:13:20.000Z lag_events=12");
    EXPECT_EQ(line_of(failing).level, LogLevel::warn);
}

TEST(TransitionLog, ARecoveryDoesNotRepeatTheOldError) {
    auto recovered = transition(Kind::recovered);
    recovered.status.state = IntegrationState::running;
    recovered.status.reason = "";
    EXPECT_EQ(text(recovered),
              "an integration delivers again integration=acme-sqs org=com.acme destination=sqs state=running "
              "lag_events=12");
    EXPECT_EQ(line_of(recovered).level, LogLevel::info);
}

TEST(TransitionLog, LevelsAndLossesHaveTheirFigures) {
    auto backlog = transition(Kind::backlog);
    backlog.change.level = BoundLevel::nine_tenths;
    backlog.change.share = 0.912;
    EXPECT_TRUE(text(backlog).starts_with("an integration holds back 91% of hard_limit "));
    backlog.change.level = BoundLevel::none;
    EXPECT_EQ(line_of(backlog).level, LogLevel::info);
    auto lost = transition(Kind::lost);
    lost.change.lost = 7;
    EXPECT_TRUE(text(lost).starts_with("an integration lost 7 events that the log let go of "));
    EXPECT_EQ(line_of(lost).level, LogLevel::error);
}

/// The lines of an integration that fails and recovers every ten seconds.
std::vector<Kind> lines_while_flapping(TransitionFilter& filter, SteadyTime from, std::chrono::seconds length) {
    std::vector<Kind> lines;
    for (auto at = 0s; at < length; at += 1s) {
        IntegrationCondition condition;
        condition.id = "acme-sqs";
        condition.state = at.count() / 10 % 2 == 0 ? IntegrationState::failing : IntegrationState::running;
        std::vector<IntegrationCondition> seen;
        if (!condition.is_quiet()) seen.push_back(condition);
        for (const auto& change : filter.look(seen, from + at)) lines.push_back(change.kind);
    }
    return lines;
}

TEST(TransitionLog, AnIntegrationThatComesAndGoesForADayDoesNotFillTheDisk) {
    TransitionFilter filter(log_pace());
    auto lines = lines_while_flapping(filter, SteadyTime(1000s), 24h);
    // Six in an hour, and that it comes and goes.
    constexpr std::size_t kMostInAnHour = 7;
    ASSERT_GE(lines.size(), kMostInAnHour);
    EXPECT_LE(lines.size(), 24 * kMostInAnHour);
    EXPECT_EQ(lines.front(), Kind::failing);
    EXPECT_EQ(std::count(lines.begin(), lines.begin() + kMostInAnHour, Kind::flapping), 1);
}

TEST(TransitionLog, WhatStaysAsItIsIsToldAgainAfterwards) {
    TransitionFilter filter(log_pace());
    lines_while_flapping(filter, SteadyTime(1000s), 1h);
    IntegrationCondition failing;
    failing.id = "acme-sqs";
    failing.state = IntegrationState::failing;
    std::vector<Kind> lines;
    for (auto at = 0s; at < 2h; at += 1s)
        for (const auto& change : filter.look({&failing, 1}, SteadyTime(1000s) + 1h + at)) lines.push_back(change.kind);
    EXPECT_EQ(lines, std::vector<Kind>{Kind::failing});
}

}  // namespace
}  // namespace sluice::app
