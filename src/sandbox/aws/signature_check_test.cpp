#include "sandbox/aws/signature_check.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "sandbox/aws/vectors_for_test.hpp"

namespace sluice::sandbox {
namespace {

/// A request as it stands in one of AWS's `*-signed-request.txt`.
http::Request parse_request(const std::string& text) {
    http::Request request;
    auto head_end = text.find("\n\n");
    std::string_view head = std::string_view(text).substr(0, head_end);
    if (head_end != std::string::npos) request.body = text.substr(head_end + 2);
    auto line = head.substr(0, head.find('\n'));
    request.method = line.substr(0, line.find(' '));
    auto target = line.substr(line.find(' ') + 1);
    target = target.substr(0, target.rfind(' '));
    request.target = target;
    request.path = target.substr(0, target.find('?'));
    request.query = target.size() > request.path.size() ? target.substr(request.path.size() + 1) : "";
    head.remove_prefix(std::min(head.size(), line.size() + 1));
    while (!head.empty()) {
        auto field = head.substr(0, head.find('\n'));
        head.remove_prefix(std::min(head.size(), field.size() + 1));
        auto colon = field.find(':');
        request.headers.add(std::string(field.substr(0, colon)), std::string(field.substr(colon + 1)));
    }
    return request;
}

TEST(SignatureCheck, AcceptsWhatAwsPublishedAndNothingElse) {
    auto folder = std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/vectors/sigv4";
    if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no vectors: shared/vectors/sigv4";
    int checked = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        auto name = "sigv4/" + entry.path().filename().string();
        auto context = boost::json::parse(read_vector_file(name + "/context.json"));
        const auto& given = context.at("credentials").as_object();
        auth::AwsCredentials credentials;
        credentials.access_key_id = given.at("access_key_id").as_string();
        credentials.secret_access_key = Secret(std::string(given.at("secret_access_key").as_string()));
        if (const auto* token = given.if_contains("token"))
            credentials.session_token = Secret(std::string(token->as_string()));
        KeyRing keys({});
        keys.add(credentials);
        SignatureCheck check(keys);
        auto now = parse_rfc3339(std::string(context.at("timestamp").as_string())).value();

        auto request = parse_request(read_vector_file(name + "/header-signed-request.txt"));
        auto caller = check.check(request, "service", now);
        ASSERT_TRUE(caller) << name << ": " << caller.error().message;
        EXPECT_EQ(caller->region, "us-east-1");

        auto tampered = request;
        tampered.body += "x";
        auto refused = check.check(tampered, "service", now);
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().kind, AuthFailure::Kind::wrong_signature);
        checked++;
    }
    EXPECT_GT(checked, 5);
}

}  // namespace
}  // namespace sluice::sandbox
