#include "auth/sigv4.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::auth {
namespace {

namespace json = boost::json;

const std::filesystem::path kVectors = std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/vectors";

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string text_of(const json::object& object, std::string_view name) {
    return std::string(object.at(name).as_string());
}

AwsCredentials credentials_of(const json::object& context) {
    const auto& given = context.at("credentials").as_object();
    AwsCredentials credentials;
    credentials.access_key_id = text_of(given, "access_key_id");
    credentials.secret_access_key = Secret(text_of(given, "secret_access_key"));
    if (given.contains("token")) credentials.session_token = Secret(text_of(given, "token"));
    return credentials;
}

/// Both the request to sign and the text that it looks at.
struct HttpRequest {
    std::string text;
    SigV4Signer::Request request;
};

/// `METHOD target HTTP/1.1`, `Name:value` lines.
void parse(HttpRequest& http) {
    std::string_view rest = http.text;
    auto next_line = [&rest] {
        auto end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        return line;
    };
    auto first = next_line();
    auto method_end = first.find(' ');
    http.request.method = first.substr(0, method_end);
    auto target = first.substr(method_end + 1, first.rfind(' ') - method_end - 1);
    auto question = std::min(target.find('?'), target.size());
    http.request.path = target.substr(0, question);
    http.request.query = question == target.size() ? std::string_view() : target.substr(question + 1);
    for (auto line = next_line(); !line.empty(); line = next_line()) {
        auto colon = line.find(':');
        http.request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
}

TEST(SigV4, ReproducesEveryPublishedVectorByteForByte) {
    if (!std::filesystem::exists(kVectors / "sigv4")) GTEST_SKIP() << "no vectors at " << kVectors;
    std::size_t cases = 0;
    for (const auto& folder : std::filesystem::directory_iterator(kVectors / "sigv4")) {
        SCOPED_TRACE(folder.path().filename().string());
        auto context = json::parse(read_file(folder.path() / "context.json")).as_object();
        auto now = parse_rfc3339(text_of(context, "timestamp")).value();
        auto credentials = credentials_of(context);
        auto payload = hex_lower(as_view(sha256("")));
        HttpRequest http{read_file(folder.path() / "request.txt"), {}};
        parse(http);
        http.request.payload_sha256_hex = payload;

        std::string signed_headers;
        auto date = sigv4_date(now);
        auto canonical =
            sigv4_canonical_request(http.request, date, credentials.session_token.reveal(), signed_headers);
        EXPECT_EQ(canonical, read_file(folder.path() / "header-canonical-request.txt"));
        auto scope =
            date.substr(0, 8) + "/" + text_of(context, "region") + "/" + text_of(context, "service") + "/aws4_request";
        EXPECT_EQ(sigv4_string_to_sign(canonical, date, scope), read_file(folder.path() / "header-string-to-sign.txt"));

        SigV4Signer signer(text_of(context, "region"), text_of(context, "service"));
        auto result = signer.sign(http.request, credentials, now);
        auto signature = read_file(folder.path() / "header-signature.txt");
        EXPECT_TRUE(result.authorization.ends_with("Signature=" + signature)) << result.authorization;
        auto whole = read_file(folder.path() / "header-signed-request.txt");
        EXPECT_NE(whole.find("Authorization:" + result.authorization + "\n"), std::string::npos);
        ++cases;
    }
    EXPECT_GE(cases, 10u);
}

TEST(SigV4, ReproducesRequestsOfTheServicesSluiceCalls) {
    auto file = kVectors / "sigv4_derived_requests.json";
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "no vectors at " << kVectors;
    auto document = json::parse(read_file(file)).as_object();
    const auto& cases = document.at("cases").as_array();
    ASSERT_FALSE(cases.empty());
    for (const auto& entry : cases) {
        const auto& test = entry.as_object();
        SCOPED_TRACE(text_of(test, "name"));
        const auto& context = test.at("context").as_object();
        SigV4Signer::Request request;
        auto method = text_of(test, "method");
        auto path = text_of(test, "target");
        auto payload = hex_lower(as_view(sha256(text_of(test, "body"))));
        request.method = method;
        request.path = path;
        request.payload_sha256_hex = payload;
        for (const auto& header : test.at("signed_input_headers").as_array()) {
            const auto& name = header.as_array()[0].as_string();
            const auto& value = header.as_array()[1].as_string();
            request.headers.emplace_back(std::string_view(name.data(), name.size()),
                                         std::string_view(value.data(), value.size()));
        }
        auto credentials = credentials_of(context);
        auto now = parse_rfc3339(text_of(context, "timestamp")).value();
        std::string signed_headers;
        EXPECT_EQ(sigv4_canonical_request(request, sigv4_date(now), credentials.session_token.reveal(), signed_headers),
                  text_of(test, "canonical_request"));
        SigV4Signer signer(text_of(context, "region"), text_of(context, "service"));
        EXPECT_EQ(signer.sign(request, credentials, now).authorization, text_of(test, "authorization"));
    }
}

AwsCredentials example_credentials() {
    AwsCredentials credentials;
    credentials.access_key_id = "AKIDEXAMPLE";
    credentials.secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    return credentials;
}

TEST(SigV4, KeyIsMadeAnewForAnotherDayAndForOtherCredentials) {
    SigV4Signer::Request request;
    request.headers = {{"Host", "example.amazonaws.com"}};
    request.payload_sha256_hex = "UNSIGNED";
    auto day = parse_rfc3339("2015-08-30T12:36:00Z").value();
    auto fresh = [&](const AwsCredentials& credentials, Timestamp now) {
        return SigV4Signer("us-east-1", "service").sign(request, credentials, now).authorization;
    };
    auto first = example_credentials();
    auto second = example_credentials();
    second.secret_access_key = Secret("another");
    SigV4Signer reused("us-east-1", "service");
    for (auto now : {day, day + std::chrono::hours(24), day}) {
        EXPECT_EQ(reused.sign(request, first, now).authorization, fresh(first, now));
        EXPECT_EQ(reused.sign(request, second, now).authorization, fresh(second, now));
    }
}

TEST(SigV4, SessionTokenIsHandedBackForItsHeader) {
    SigV4Signer::Request request;
    auto credentials = example_credentials();
    SigV4Signer signer("us-east-1", "service");
    EXPECT_EQ(signer.sign(request, credentials, from_epoch_ms(0)).security_token, "");
    credentials.session_token = Secret("token");
    auto result = signer.sign(request, credentials, from_epoch_ms(0));
    EXPECT_EQ(result.security_token, "token");
    EXPECT_EQ(result.amz_date, "19700101T000000Z");
    EXPECT_NE(result.authorization.find("x-amz-security-token"), std::string::npos);
}

std::string canonical_path_of(std::string_view path) {
    SigV4Signer::Request request;
    request.path = path;
    std::string ignored;
    auto canonical = sigv4_canonical_request(request, "d", "", ignored);
    auto start = canonical.find('\n') + 1;
    return canonical.substr(start, canonical.find('\n', start) - start);
}

TEST(SigV4, PathIsNormalisedAndEncodedOnceMore) {
    EXPECT_EQ(canonical_path_of(""), "/");
    EXPECT_EQ(canonical_path_of("//a/./b/../c/"), "/a/c/");
    EXPECT_EQ(canonical_path_of("/../.."), "/");
    EXPECT_EQ(canonical_path_of("/a%20b"), "/a%2520b");
    EXPECT_EQ(canonical_path_of("/123456789012/queue.fifo"), "/123456789012/queue.fifo");
}

TEST(SigV4, HeaderValuesAreTrimmedAndTheirSpacesCollapsed) {
    SigV4Signer::Request request;
    request.headers = {{"My-Header", "  a   b \t c  "}};
    std::string names;
    auto canonical = sigv4_canonical_request(request, "d", "", names);
    EXPECT_NE(canonical.find("my-header:a b c\n"), std::string::npos) << canonical;
    EXPECT_EQ(names, "my-header;x-amz-date");
}

}  // namespace
}  // namespace sluice::auth
