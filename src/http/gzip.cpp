#include "http/gzip.hpp"

#include <zlib.h>

#include "base/assert.hpp"
#include "http/ascii.hpp"

namespace sluice::http {

std::string gzip(std::string_view text) {
    constexpr int kGzipHeader = 16;
    constexpr int kMostMemory = 9;
    z_stream stream{};
    int begun =
        deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzipHeader, kMostMemory, Z_DEFAULT_STRATEGY);
    SLUICE_ASSERT(begun == Z_OK, "zlib takes its own constants");
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    int ended = deflate(&stream, Z_FINISH);
    SLUICE_ASSERT(ended == Z_STREAM_END, "deflateBound() is enough");
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

bool accepts_gzip(const Request& request) {
    bool accepted = false;
    for_each_element(request.headers.get("Accept-Encoding"), [&](std::string_view element) {
        auto end = element.find(';');
        if (!equal_ignoring_case(trim_blanks(element.substr(0, end)), "gzip")) return;
        // A weight of nothing but zeros refuses it.
        auto weight = end == std::string_view::npos ? end : element.find("q=", end);
        accepted = weight == std::string_view::npos ||
                   element.substr(weight).find_first_of("123456789") != std::string_view::npos;
    });
    return accepted;
}

}  // namespace sluice::http
