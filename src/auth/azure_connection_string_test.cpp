#include "auth/azure_connection_string.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kDevice = "HostName=hub.azure-devices.net;DeviceId=d1;SharedAccessKey=c2VjcmV0a2V5PQ==";

TEST(AzureConnectionString, SplitsAtTheFirstEqualsSignOnly) {
    auto parsed = AzureConnectionString::parse(kDevice);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_THAT(parsed->names(), ElementsAre("HostName", "DeviceId", "SharedAccessKey"));
    EXPECT_EQ(parsed->text("hostname"), "hub.azure-devices.net");
    EXPECT_EQ(parsed->find("sharedaccesskey")->reveal(), "c2VjcmV0a2V5PQ==");
    EXPECT_FALSE(parsed->has("EntityPath"));
}

TEST(AzureConnectionString, TheOneNameWithDigitsIsAName) {
    auto parsed = AzureConnectionString::parse("HostName=hub.azure-devices.net;DeviceId=d1;x509=true");
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->text("X509"), "true");
}

TEST(AzureConnectionString, ForgivesWhatComesAlongWhenPasting) {
    auto pasted =
        "\xef\xbb\xbf  \"HostName=hub.azure-devices.net;\r\n DeviceId=d1;SharedAccessKey=c2VjcmV0a2V5PQ==;\" \r\n";
    auto parsed = AzureConnectionString::parse(pasted);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->text("DeviceId"), "d1");
    EXPECT_EQ(parsed->text("SharedAccessKey"), "c2VjcmV0a2V5PQ==");
}

TEST(AzureConnectionString, SaysWhatIsWrongWithoutSayingAValue) {
    struct Case {
        std::string text;
        std::string message;
    };
    for (const auto& [text, message] : std::vector<Case>{
             {"", "is empty"},
             {" \r\n", "is empty"},
             {"s3cr3tkeyonly", "part 1"},
             {"HostName=h;s3cr3t/key+alone", "part 2"},
             {"HostName=h;s3cr3t/key+padded==", "part 2"},
             {"HostName=h;SharedAccessKey=", "no value for SharedAccessKey"},
             {"HostName=h;hostname=s3cr3t", "gives hostname twice"},
             {std::string(9000, 'a'), "8 KiB"},
         }) {
        auto parsed = AzureConnectionString::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_THAT(parsed.error().message, HasSubstr(message));
        EXPECT_THAT(parsed.error().message + parsed.error().hint, Not(HasSubstr("s3cr3t")));
    }
}

}  // namespace
}  // namespace sluice::auth
