#include "auth/strike_out.hpp"

#include <gtest/gtest.h>

namespace sluice::auth {
namespace {

std::string without(std::string_view text, std::initializer_list<std::string_view> secrets) {
    std::vector<Secret> wanted;
    for (auto secret : secrets) wanted.emplace_back(std::string(secret));
    return struck_out(text, wanted);
}

TEST(StrikeOut, EveryPlaceWhereASecretStandsIsLeftOut) {
    EXPECT_EQ(without("key SECRET is wrong: SECRET", {"SECRET"}), "key … is wrong: …");
    EXPECT_EQ(without("nothing here", {"SECRET"}), "nothing here");
    EXPECT_EQ(without("SECRE", {"SECRET"}), "SECRE");
    EXPECT_EQ(without("", {"SECRET"}), "");
}

TEST(StrikeOut, TheWholeGoesBeforeItsParts) {
    EXPECT_EQ(without("no: Bearer SECRET", {"SECRET", "Bearer SECRET"}), "no: …");
}

TEST(StrikeOut, EscapesDoNotHideASecret) {
    constexpr std::string_view kKey = "a+b/c\"d&e\\f==";
    for (std::string_view written : {
             R"(a+b/c"d&e\f==)",                              // as it is
             R"(a+b\/c\"d&e\\f==)",                           // JSON, of PHP
             R"(a\u002Bb\u002fc\u0022d\u0026e\u005Cf==)",     // JSON, of .NET
             "a%2Bb%2fc%22d%26e%5Cf%3D%3D",                   // a URL
             "a&#43;b/c&quot;d&amp;e\\f==",                   // HTML
             "a&#x2B;b&#x2F;c&#34;d&amp;e&#92;f&#x3D;&#61;",  // HTML, of others
         }) {
        EXPECT_EQ(without("<" + std::string(written) + ">", {kKey}), "<…>") << written;
    }
    EXPECT_EQ(without("100%+a%2", {"a%2b"}), "100%+a%2");
}

TEST(StrikeOut, WhatIsTooShortForASecretIsLeft) {
    EXPECT_EQ(without("a big answer", {"a", "", "big"}), "a big answer");
}

TEST(StrikeOut, ItEndsOnceThereIsEnough) {
    const std::vector<Secret> secrets{Secret("SECRET")};
    EXPECT_EQ(struck_out(std::string(1000, 'x'), secrets, 10).size(), 10u);
    EXPECT_EQ(struck_out("xxxxxSECRET", secrets, 6), "xxxxx…") << "never half of one";
}

TEST(StrikeOut, AHeadersPartsAreQuotableToo) {
    auto struck = [](std::string_view text, std::string_view header) {
        return struck_out(text, quotable_parts(header));
    };
    EXPECT_EQ(struck("no: Bearer TOKEN / TOKEN", "Bearer TOKEN"), "no: … / …");
    EXPECT_EQ(struck("no: PLAIN", "PLAIN"), "no: …");
    constexpr std::string_view kSas = "SharedAccessSignature sr=h%2Fd&sig=a%2Bb%3D&se=17&skn=";
    EXPECT_EQ(struck("got SharedAccessSignature sr=h%2Fd&sig=a%2Bb%3D&se=17&skn= here", kSas), "got … here");
    EXPECT_EQ(struck("sig a+b= of h", kSas), "sig … of h");
    EXPECT_EQ(struck("sig=a%2bb%3d", kSas), "sig=…");
}

}  // namespace
}  // namespace sluice::auth
