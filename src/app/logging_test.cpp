#include "app/logging.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

namespace sluice::app {
namespace {

TEST(Logging, ATextLineHasItsFieldsAfterTheMessage) {
    EXPECT_EQ(log_text(LogFormat::text, "fails to deliver",
                       {{"integration", "acme"}, {"code", ""}, {"hint", "paste the key again"}, {"target", "a=\"b\""}}),
              R"(fails to deliver integration=acme hint="paste the key again" target="a=\"b\"")");
}

TEST(Logging, ATextLineIsOneLineWhateverAServiceSaid) {
    auto line = log_text(LogFormat::text, "two\nlines", {{"message", "a\r\n2026-11-26 error forged"}});
    EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
}

TEST(Logging, AJsonLineHasItsFieldsAsMembers) {
    auto line =
        "{" + log_text(LogFormat::json, "says \"no\"\n", {{"integration", "acme"}, {"code", "x\xff\x01"}}) + "}";
    auto object = boost::json::parse(line).as_object();
    EXPECT_EQ(object.at("message").as_string(), "says \"no\"\n");
    EXPECT_EQ(object.at("integration").as_string(), "acme");
    EXPECT_EQ(object.size(), 3u);
}

}  // namespace
}  // namespace sluice::app
