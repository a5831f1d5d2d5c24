#include "destination/secret_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

using testing::HasSubstr;

class SecretFilesTest : public testing::Test {
  protected:
    SecretFilesTest() { std::filesystem::create_directories(folder_); }
    ~SecretFilesTest() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, std::string_view content) {
        std::ofstream(folder_ / name, std::ios::binary) << content;
        return (folder_ / name).string();
    }
    Result<boost::json::object> read(boost::json::object settings, bool operator_owned = true) {
        static constexpr std::string_view kPaths[] = {"secret", "credentials.csv", "credentials.source.csv",
                                                      "devices.*", "headers"};
        return with_secret_files(std::move(settings), kPaths, operator_owned);
    }

    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("secret-files-test-" + std::to_string(::getpid()));
};

TEST_F(SecretFilesTest, AFilesTextStandsWhereItsNameStood) {
    auto name = write("key", "Endpoint=sb://a;Key=b\n");
    auto settings = read({{"type", "x"},
                          {"secret_file", name},
                          {"credentials", {{"csv_file", name}, {"source", {{"csv_file", name}, {"other", 1}}}}}});
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(boost::json::serialize(*settings),
              R"({"type":"x","credentials":{"source":{"other":1,"csv":"Endpoint=sb://a;Key=b\n"},)"
              R"("csv":"Endpoint=sb://a;Key=b\n"},"secret":"Endpoint=sb://a;Key=b\n"})");
}

TEST_F(SecretFilesTest, WhereNamesAreTheCustomersOwnAnObjectNamesTheFile) {
    auto name = write("device", "HostName=a;Key=b\r\n");
    auto settings = read({{"devices", {{"io.a", {{"file", name}}}, {"io.b_file", "HostName=c"}}},
                          {"headers", {{"Authorization", {{"file", name}}}}}});
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(boost::json::serialize(*settings), R"({"devices":{"io.a":"HostName=a;Key=b","io.b_file":"HostName=c"},)"
                                                 R"("headers":{"Authorization":"HostName=a;Key=b"}})");
    auto refusal = read({{"devices", {{"io.a", {{"file", name}}}}}}, false);
    ASSERT_FALSE(refusal);
    EXPECT_EQ(refusal.error().message, "destination.devices.io.a.file is for the operator's own integrations only");
    auto absent = read({{"devices", {{"io.a", {{"file", "/absent"}}}}}});
    ASSERT_FALSE(absent);
    EXPECT_THAT(absent.error().message, HasSubstr("destination.devices.io.a.file names a file that cannot be read"));
}

TEST_F(SecretFilesTest, SettingsWithoutFilesStayAsTheyAre) {
    boost::json::object settings{
        {"secret", "s"}, {"credentials", "text"}, {"devices", {{"a_file", "b"}, {"c", {{"file", 1}, {"d", 2}}}}}};
    EXPECT_EQ(*read(settings, false), settings);
}

TEST_F(SecretFilesTest, ErrorsNameTheMemberAndTheFileAndNothingOfItsContent) {
    auto message = [&](boost::json::object settings) { return read(std::move(settings)).error().message; };
    auto absent = (folder_ / "absent").string();
    EXPECT_EQ(message({{"secret_file", absent}}),
              "destination.secret_file names a file that cannot be read: " + absent + ": No such file or directory");
    EXPECT_THAT(message({{"secret_file", folder_.string()}}), HasSubstr("Is a directory"));
    EXPECT_THAT(message({{"credentials", {{"csv_file", write("empty", " \n")}}}}),
                HasSubstr("destination.credentials.csv_file names a file that is empty"));
    EXPECT_THAT(message({{"secret_file", write("large", std::string((1 << 20) + 1, 'x'))}}),
                HasSubstr("more than 1 MiB"));
    EXPECT_THAT(message({{"secret_file", 7}}), HasSubstr("must be a file's name"));
    EXPECT_THAT(message({{"secret_file", write("key", "planted")}, {"secret", "hunter2"}}),
                testing::AllOf(HasSubstr("is given beside secret"), testing::Not(HasSubstr("planted"))));
}

TEST_F(SecretFilesTest, ATenantsSettingsReadNoFile) {
    auto refusal = read({{"secret_file", "/etc/shadow"}}, false);
    ASSERT_FALSE(refusal);
    EXPECT_THAT(refusal.error().message, HasSubstr("operator's own"));
}

}  // namespace
}  // namespace sluice
