#include "control/named_files.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdio>
#include <fstream>

namespace sluice {
namespace {

class NamedFiles : public testing::Test {
  protected:
    ~NamedFiles() override { std::remove(file_.c_str()); }
    void write(std::string_view text) { std::ofstream(file_, std::ios::binary) << text; }
    /// The settings' digest; `FILE` in them stands for the file.
    std::string digest(std::string settings) {
        settings.replace(settings.find("FILE"), 4, file_);
        return digest_of_named_files(boost::json::parse(settings).as_object());
    }

    const std::string file_ = testing::TempDir() + "named_files_test.secret";
};

TEST_F(NamedFiles, AChangeOfEveryKindOfNamedFileIsSeen) {
    for (const char* settings :
         {R"({"destination":{"secret_file":"FILE"}})", R"({"destination":{"headers":{"X-Key":{"file":"FILE"}}}})",
          R"({"destination":{"devices":{"**":{"file":"FILE"}}}})", R"({"alerts":[{"secret_file":"FILE"}]})"}) {
        write("one");
        auto before = digest(settings);
        EXPECT_EQ(digest(settings), before) << settings;
        write("two");
        EXPECT_NE(digest(settings), before) << settings;
    }
}

TEST_F(NamedFiles, WhatOnlyLooksLikeOneIsNotRead) {
    EXPECT_EQ(digest(R"({"destination":{"type":"file","path":"FILE"}})"), "");
    EXPECT_EQ(digest(R"({"headers":{"file":"FILE","other":"x"}})"), "");
}

}  // namespace
}  // namespace sluice
