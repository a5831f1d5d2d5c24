#include "auth/run_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kPlenty = 1 << 20;

Deadline soon() {
    return Deadline::after(std::chrono::seconds(20));
}

TEST(SplitCommand, KnowsQuotesAndEscapesAndExpandsNothing) {
    EXPECT_THAT(split_command("a  b\tc").value(), ElementsAre("a", "b", "c"));
    EXPECT_THAT(split_command(R"("/opt/my tool" --x='a "b"' c\ d "e\"f")").value(),
                ElementsAre("/opt/my tool", "--x=a \"b\"", "c d", "e\"f"));
    EXPECT_THAT(split_command("a '' $HOME `id` ; b").value(), ElementsAre("a", "", "$HOME", "`id`", ";", "b"));
    EXPECT_FALSE(split_command("a 'b"));
    EXPECT_FALSE(split_command("   "));
}

TEST(RunProcess, ReturnsWhatItWrote) {
    EXPECT_EQ(run_process({"/bin/echo", "a b", "$HOME"}, soon(), kPlenty).value(), "a b $HOME\n");
}

TEST(RunProcess, InheritsNoInputAndNoFiles) {
    EXPECT_EQ(run_process({"/bin/cat"}, soon(), kPlenty).value(), "");
    // What it lists are its three streams and the folder it is reading.
    EXPECT_EQ(run_process({"/bin/ls", "/proc/self/fd"}, soon(), kPlenty).value(), "0\n1\n2\n3\n");
}

TEST(RunProcess, FailuresAreNamed) {
    auto absent = run_process({"/no/such/program"}, soon(), kPlenty);
    EXPECT_EQ(absent.error().code, Errc::not_found);
    EXPECT_THAT(absent.error().message, HasSubstr("/no/such/program"));
    auto failed = run_process({"/bin/sh", "-c", "echo hunter2; exit 3"}, soon(), kPlenty);
    EXPECT_EQ(failed.error().code, Errc::io);
    EXPECT_THAT(failed.error().message, testing::AllOf(HasSubstr("status 3"), testing::Not(HasSubstr("hunter2"))));
    EXPECT_THAT(run_process({"/bin/sh", "-c", "kill -9 $$"}, soon(), kPlenty).error().message, HasSubstr("signal 9"));
}

TEST(RunProcess, IsKilledWithItsChildrenAtTheDeadline) {
    auto limit = Deadline::after(std::chrono::milliseconds(50));
    auto slow = run_process({"/bin/sh", "-c", "sleep 1000 & sleep 1000"}, limit, kPlenty);
    EXPECT_EQ(slow.error().code, Errc::timeout);
    auto closed =
        run_process({"/bin/sh", "-c", "exec >&-; sleep 1000"}, Deadline::after(std::chrono::milliseconds(50)), kPlenty);
    EXPECT_EQ(closed.error().code, Errc::timeout);
}

TEST(RunProcess, IsKilledWhenItTalksTooMuch) {
    EXPECT_EQ(run_process({"/bin/cat", "/dev/zero"}, soon(), 10'000).error().code, Errc::too_large);
}

}  // namespace
}  // namespace sluice::auth
