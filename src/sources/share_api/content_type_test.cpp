#include "sources/share_api/content_type.hpp"

#include <gtest/gtest.h>

namespace sluice::share_api {
namespace {

TEST(ContentType, KnowsJsonAndNdjson) {
    for (const char* value :
         {"application/json", "Application/JSON", "application/json; charset=utf-8",
          "application/json;charset=\"UTF-8\"", " application/json ;  charset = utf-8 ; v=1", "", "  "})
        EXPECT_EQ(parse_content_type(value), BodyForm::json) << value;
    for (const char* value : {"application/x-ndjson", "application/x-ndjson;charset=utf-8"})
        EXPECT_EQ(parse_content_type(value), BodyForm::ndjson) << value;
}

TEST(ContentType, RefusesEverythingElse) {
    for (const char* value : {"text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json",
                              "application/json; charset=latin1", "application/json; charset",
                              "application/json, text/plain", "multipart/form-data; boundary=x"})
        EXPECT_FALSE(parse_content_type(value)) << value;
}

}  // namespace
}  // namespace sluice::share_api
