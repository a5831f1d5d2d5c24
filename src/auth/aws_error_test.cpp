#include "auth/aws_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/xml_text.hpp"

namespace sluice::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

AwsError read(int status, std::string_view body, http::Headers headers = {}) {
    AwsCredentials used;
    used.secret_access_key = Secret("the-secret");
    used.session_token = Secret("the-token");
    return read_aws_error(status, headers, body, used);
}

TEST(AwsError, ReadsJsonWithOrWithoutPrefixAndSuffix) {
    auto error = read(
        400, R"({"__type":"com.amazonaws.kinesis.v20131202#ResourceNotFoundException:http://x","message":"Stream x"})");
    EXPECT_EQ(error.code, "ResourceNotFoundException");
    EXPECT_EQ(error.message, "Stream x");
    EXPECT_EQ(error.status, 400);
    EXPECT_EQ(read(400, R"({"__type":"AccessDeniedException","Message":"no"})").message, "no");
    EXPECT_EQ(read(400, R"({"code":"Throttling"})").code, "Throttling");
}

TEST(AwsError, ReadsXml) {
    auto error =
        read(403,
             "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
             "<Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The token &lt;x&gt; is invalid.</Message>"
             "</Error><RequestId>r</RequestId></ErrorResponse>");
    EXPECT_EQ(error.code, "InvalidClientTokenId");
    EXPECT_EQ(error.message, "The token <x> is invalid.");
}

TEST(AwsError, TakesTheCodeFromTheHeaderOrTheStatusWhereTheBodyHasNone) {
    http::Headers headers;
    headers.add("x-amzn-ErrorType", "ThrottlingException:http://internal.amazon.com/");
    headers.add("x-amzn-RequestId", "request-7");
    auto error = read(400, "", headers);
    EXPECT_EQ(error.code, "ThrottlingException");
    EXPECT_EQ(error.request_id, "request-7");
    EXPECT_EQ(read(503, "<html>Service Unavailable</html>").code, "http_503");
    EXPECT_EQ(read(502, "").code, "http_502");
    EXPECT_EQ(read(400, R"({"__type":"\nX"})").code, "http_400");
}

TEST(AwsError, MessagesAreOneBoundedLineWithoutSecrets) {
    auto mismatch = read(
        403,
        R"({"__type":"InvalidSignatureException","message":"The signature does not match.\n\nThe Canonical String for this request should have been\n'POST\nx-amz-security-token:the-token'"})");
    EXPECT_EQ(mismatch.message, "The signature does not match.");
    auto echo = read(400, R"({"__type":"X","message":"you sent the-secret and the-token twice: the-token"})");
    EXPECT_THAT(echo.message, Not(HasSubstr("the-secret")));
    EXPECT_THAT(echo.message, Not(HasSubstr("the-token")));
    auto long_one = read(400, R"({"__type":"X","message":")" + std::string(5000, 'x') + "\"}");
    EXPECT_LE(long_one.message.size(), 510u);
    EXPECT_EQ(read(400, R"({"__type":"X","message":"a\u0007b"})").message, "a b");
}

TEST(AwsError, WordsThatAreNoUtf8AreToldAsUtf8) {
    auto error = read(400, "<Error><Code>caf\xE9</Code><Message>d\xE9j\xE0</Message></Error>");
    EXPECT_EQ(error.code, "caf\xEF\xBF\xBD");
    EXPECT_EQ(error.message, "d\xEF\xBF\xBDj\xEF\xBF\xBD");
}

TEST(AwsError, KindIsByCodeFirstAndThenByStatus) {
    EXPECT_EQ(aws_error_kind("RequestThrottled", 403), AwsErrorKind::throttled);
    EXPECT_EQ(aws_error_kind("ExpiredToken", 403), AwsErrorKind::expired_credentials);
    EXPECT_EQ(aws_error_kind("ExpiredTokenException", 400), AwsErrorKind::expired_credentials);
    EXPECT_EQ(aws_error_kind("UnrecognizedClientException", 400), AwsErrorKind::unknown_key);
    EXPECT_EQ(aws_error_kind("SignatureDoesNotMatch", 403), AwsErrorKind::wrong_signature);
    EXPECT_EQ(aws_error_kind("AccessDeniedException", 400), AwsErrorKind::access_denied);
    EXPECT_EQ(aws_error_kind("http_403", 403), AwsErrorKind::access_denied);
    EXPECT_EQ(aws_error_kind("http_429", 429), AwsErrorKind::throttled);
    EXPECT_EQ(aws_error_kind("Anything", 500), AwsErrorKind::service_fault);
    EXPECT_EQ(aws_error_kind("http_504", 504), AwsErrorKind::service_fault);
    EXPECT_EQ(aws_error_kind("ResourceNotFoundException", 400), AwsErrorKind::other);
}

TEST(AwsError, WhatThePersonCanMendHasAHint) {
    for (auto kind : {AwsErrorKind::expired_credentials, AwsErrorKind::unknown_key, AwsErrorKind::wrong_signature,
                      AwsErrorKind::access_denied}) {
        EXPECT_FALSE(aws_error_hint(kind).empty());
    }
    EXPECT_TRUE(aws_error_hint(AwsErrorKind::service_fault).empty());
}

TEST(XmlText, FindsTheFirstElementOfThatName) {
    EXPECT_EQ(xml_text("<a><b>1</b><b>2</b></a>", "b"), "1");
    EXPECT_EQ(xml_text("<x:a  k=\"v\">1</x:a>", "a"), "1");
    EXPECT_EQ(xml_text("<a/>", "a"), "");
    EXPECT_EQ(xml_text("<!-- <a>no</a> --><?pi <a>no</a> ?><a>yes</a>", "a"), "yes");
    EXPECT_EQ(xml_text("<ab>1</ab>", "a"), std::nullopt);
    EXPECT_EQ(xml_text("<a><b/></a>", "a"), std::nullopt);
    EXPECT_EQ(xml_text("", "a"), std::nullopt);
}

TEST(XmlText, DecodesTheEntitiesThereAreAndNoOthers) {
    EXPECT_EQ(xml_text("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#xe9;</a>", "a"), "<>&\"'ABé");
    EXPECT_EQ(xml_text("<a>&evil;</a>", "a"), std::nullopt);
    EXPECT_EQ(xml_text("<a>&#xd800;</a>", "a"), std::nullopt);
    EXPECT_EQ(xml_text("<a>&#99999999;</a>", "a"), std::nullopt);
    EXPECT_EQ(xml_text("<a>&amp</a>", "a"), std::nullopt);
}

TEST(XmlText, RefusesDocumentTypesAndCutDocuments) {
    EXPECT_EQ(xml_text("<!DOCTYPE a [<!ENTITY e \"boom\">]><a>&e;</a>", "a"), std::nullopt);
    for (auto cut : {"<", "<a", "<a>", "<a>x", "<!-- <a>x</a>", "<?xml <a>x</a>"}) {
        EXPECT_EQ(xml_text(cut, "a"), std::nullopt) << cut;
    }
}

}  // namespace
}  // namespace sluice::auth
