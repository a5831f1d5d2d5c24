#include "app/misspelling.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace sluice::app {
namespace {

class MisspellingTest : public testing::Test {
  protected:
    MisspellingTest() {
        app_.add_subcommand("serve", "")->add_option("--config", config_, "");
        auto* tokens = app_.add_subcommand("tokens", "");
        tokens->add_option("--url", url_, "");
        tokens->add_subcommand("list", "")->add_flag("--json", json_, "");
        tokens->add_subcommand("rotate", "");
    }

    std::string meant(std::vector<std::string> arguments) { return misspelt(app_, arguments).value_or("-"); }

    CLI::App app_;
    std::string config_;
    std::string url_;
    bool json_ = false;
};

TEST_F(MisspellingTest, ACommandIsToldTheNearestOne) {
    EXPECT_EQ(meant({"serv"}), "there is no command `serv`; did you mean `serve`?");
    EXPECT_EQ(meant({"tokens", "rotat"}), "there is no command `rotat`; did you mean `rotate`?");
    EXPECT_EQ(meant({"tokens", "--url", "x", "lst"}), "there is no command `lst`; did you mean `list`?");
}

TEST_F(MisspellingTest, ACommandLikeNoneIsSentToTheHelp) {
    EXPECT_EQ(meant({"frobnicate"}), "there is no command `frobnicate`; --help lists what there is");
}

TEST_F(MisspellingTest, AnOptionIsToldTheNearestOne) {
    EXPECT_EQ(meant({"serve", "--confg", "x"}), "--confg is not an option here; did you mean `--config`?");
    EXPECT_EQ(meant({"serve", "--confg=x"}), "--confg is not an option here; did you mean `--config`?");
    EXPECT_EQ(meant({"tokens", "list", "--jsn"}), "--jsn is not an option here; did you mean `--json`?");
}

TEST_F(MisspellingTest, WhatIsSpeltRightIsNotBlamed) {
    EXPECT_EQ(meant({}), "-");
    EXPECT_EQ(meant({"serve", "--config", "--odd", "serv"}), "-");
    EXPECT_EQ(meant({"tokens", "list", "--json"}), "-");
    EXPECT_EQ(meant({"tokens", "-h"}), "-");
    EXPECT_EQ(meant({"--", "--confg"}), "-");
}

}  // namespace
}  // namespace sluice::app
