#include "http/gunzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace sluice::http {

namespace {

constexpr int kGzipOnly = 16;  // zlib's code: added to the window's bits, it takes gzip and nothing else
constexpr std::size_t kFirstRoom = 16 << 10;

struct EndInflate {
    void operator()(z_stream* stream) const { inflateEnd(stream); }
};

uInt clamp(std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

}  // namespace

GunzipOutcome gunzip(std::string_view packed, std::size_t max_bytes, std::string& out,
                     const std::function<bool(std::size_t)>& may_take) {
    z_stream stream{};
    if (inflateInit2(&stream, MAX_WBITS + kGzipOnly) != Z_OK) return GunzipOutcome::malformed;
    std::unique_ptr<z_stream, EndInflate> end(&stream);

    out.clear();
    std::size_t written = 0;
    std::size_t read = 0;
    while (true) {
        if (written == out.size()) {
            // One byte more than is allowed, so that exactly the allowed size is told from more.
            auto room = std::max(kFirstRoom, std::max(written * 2, packed.size() * 2));
            room = std::min(room, max_bytes + 1);
            if (may_take && !may_take(room)) return GunzipOutcome::no_room;
            out.resize(room);
        }
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + read));
        stream.avail_in = clamp(packed.size() - read);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
        stream.avail_out = clamp(out.size() - written);
        auto in_before = stream.avail_in;
        auto out_before = stream.avail_out;
        int result = inflate(&stream, Z_NO_FLUSH);
        read += in_before - stream.avail_in;
        written += out_before - stream.avail_out;
        if (written > max_bytes) return GunzipOutcome::too_large;
        if (result == Z_STREAM_END) {
            if (read == packed.size()) break;
            if (inflateReset(&stream) != Z_OK) return GunzipOutcome::malformed;
            continue;
        }
        // Z_BUF_ERROR with room left: the input ended before the member did.
        bool starved = read == packed.size() && stream.avail_out > 0;
        if ((result != Z_OK && result != Z_BUF_ERROR) || starved) return GunzipOutcome::malformed;
    }
    out.resize(written);
    return GunzipOutcome::ok;
}

}  // namespace sluice::http
