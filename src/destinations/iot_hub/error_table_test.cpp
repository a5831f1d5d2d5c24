#include "destinations/iot_hub/error_table.hpp"

#include <gtest/gtest.h>

namespace sluice::iot_hub {
namespace {

struct Row {
    int status;
    const char* code;
    const char* error_class;
    bool for_good;
    bool ambiguous;
};

class IotHubErrorTable : public testing::TestWithParam<Row> {};

TEST_P(IotHubErrorTable, GivesEveryAnswerItsMeaning) {
    const auto& row = GetParam();
    auto meaning = meaning_of(row.status, row.code, Answerer::hub);
    EXPECT_EQ(to_string(meaning.error_class), row.error_class) << row.status << " " << row.code;
    EXPECT_EQ(meaning.for_good, row.for_good) << row.status << " " << row.code;
    EXPECT_EQ(meaning.ambiguous, row.ambiguous) << row.status << " " << row.code;
    EXPECT_FALSE(meaning.hint.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Https, IotHubErrorTable,
    testing::Values(Row{400, "", "rejected", true, false}, Row{400, "400027", "transient", false, false},
                    Row{400, "400020", "credentials", false, false}, Row{401, "", "credentials", false, false},
                    Row{401, "401002", "credentials", false, false}, Row{401, "401003", "credentials", false, false},
                    Row{403, "", "credentials", false, false}, Row{403, "403002", "throttled", false, false},
                    Row{403, "403004", "throttled", false, false}, Row{404, "", "missing_target", false, false},
                    Row{404, "404001", "missing_target", false, false}, Row{404, "404104", "transient", false, false},
                    Row{408, "", "transient", false, true}, Row{409, "409002", "transient", false, false},
                    Row{410, "", "missing_target", false, false}, Row{413, "", "too_large", true, false},
                    Row{413, "413001", "too_large", true, false}, Row{415, "", "rejected", true, false},
                    Row{429, "", "throttled", false, false}, Row{429, "429001", "throttled", false, false},
                    Row{500, "500001", "transient", false, true}, Row{503, "", "transient", false, true},
                    Row{504, "504101", "transient", false, true}, Row{301, "", "transient", false, false},
                    Row{200, "", "transient", false, true}, Row{405, "", "transient", false, false}));

TEST(IotHubErrorTable, NoMessageIsGivenUpForWhatAnotherThanTheHubSays) {
    for (int status : {400, 413, 415, 422}) {
        auto meaning = meaning_of(status, "", Answerer::unknown);
        EXPECT_EQ(to_string(meaning.error_class), "transient") << status;
        EXPECT_FALSE(meaning.for_good || meaning.ambiguous) << status;
        EXPECT_NE(meaning.hint.find("endpoint"), std::string_view::npos) << status;
    }
    EXPECT_TRUE(meaning_of(431, "", Answerer::unknown).for_good) << "the message's own headers are too long";
}

TEST(IotHubErrorTable, NamesStandForTheirNumbers) {
    EXPECT_EQ(number_of("IotHubQuotaExceeded"), "403002");
    EXPECT_EQ(number_of("DeviceMaximumQueueDepthExceeded"), "403004");
    EXPECT_EQ(number_of("DeviceNotFound"), "404001");
    EXPECT_EQ(number_of("SomethingNew"), "SomethingNew");
}

TEST(IotHubErrorTable, GivesEveryAnswerToConnectItsMeaning) {
    using Code = mqtt::ConnectCode;
    EXPECT_EQ(to_string(meaning_of(Code::unacceptable_protocol).error_class), "transient");
    EXPECT_EQ(to_string(meaning_of(Code::identifier_rejected).error_class), "credentials");
    EXPECT_EQ(to_string(meaning_of(Code::server_unavailable).error_class), "transient");
    EXPECT_EQ(to_string(meaning_of(Code::bad_user_name_or_password).error_class), "credentials");
    EXPECT_EQ(to_string(meaning_of(Code::not_authorized).error_class), "credentials");
    for (int code = 1; code <= 5; ++code) {
        auto meaning = meaning_of(static_cast<Code>(code));
        EXPECT_FALSE(meaning.for_good || meaning.ambiguous || meaning.hint.empty()) << code;
    }
    EXPECT_EQ(name_of(Code::not_authorized), "not_authorized");
    EXPECT_EQ(name_of(Code::server_unavailable), "server_unavailable");
}

}  // namespace
}  // namespace sluice::iot_hub
