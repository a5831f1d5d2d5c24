// Random changes of valid text: what is accepted is what another parser accepts.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "json/reference_parser.hpp"
#include "json/validate.hpp"

namespace sluice::json {
namespace {

TEST(ValidateAgreement, RefusesWhatAnotherParserRefuses) {
    std::mt19937 random(20261123);  // the same texts every time
    auto below = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
    const std::string seed =
        R"({"a":[1,-0.5e+10,1E400,0,true,false,null,"\ud834\udd1e\u00e9\n"], "b" : {"c":{}, "d":[ ]},"€":"é"})";
    const std::string alphabet = "\"\\{}[]:,0123456789-+.eEtrufalsn \n\t\x01\x0C\x80\xC3\xA9\xE2\xED\xF4/udD8cC";
    std::size_t accepted = 0;
    std::size_t compared = 0;
    for (int round = 0; round < 40'000; ++round) {
        std::string text = seed;
        for (std::size_t change = below(4); change > 0; --change) {
            std::size_t at = below(text.size());
            switch (below(3)) {
                case 0:
                    text[at] = alphabet[below(alphabet.size())];
                    break;
                case 1:
                    text.erase(at, 1 + below(4));
                    break;
                default:
                    text.insert(at, 1, alphabet[below(alphabet.size())]);
                    break;
            }
        }
        std::optional<bool> reference = reference_accepts(text);
        if (!reference) continue;
        ++compared;
        accepted += *reference;
        ASSERT_EQ(!validate(text, {}), *reference) << text;
    }
    EXPECT_GT(compared, 39'000u);
    EXPECT_GT(accepted, 4'000u) << "too few of the texts are valid for the agreement to mean much";
}

}  // namespace
}  // namespace sluice::json
