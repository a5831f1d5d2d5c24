#include "http/gzip.hpp"

#include <gtest/gtest.h>

#include "http/gunzip.hpp"

namespace sluice::http {
namespace {

bool accepts(std::string value) {
    Request request;
    if (!value.empty()) request.headers.add("Accept-Encoding", std::move(value));
    return accepts_gzip(request);
}

TEST(Gzip, IsTakenByWhoSaysSo) {
    for (const char* value : {"gzip", "GZIP", "deflate, gzip", "br;q=1.0, gzip;q=0.8", "gzip;q=0.001", "gzip ; q=1"})
        EXPECT_TRUE(accepts(value)) << value;
    for (const char* value : {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "x-gzip-not"})
        EXPECT_FALSE(accepts(value)) << value;
}

}  // namespace
}  // namespace sluice::http
