#include "http/chunked_decoder.hpp"

#include <algorithm>

namespace sluice::http {

namespace {

/// Extensions and trailers of a whole body: nobody sends any that we read.
constexpr std::size_t kMaxOverheadBytes = 16 << 10;
constexpr unsigned kMaxSizeDigits = 16;

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Tab and what is printable: all that an extension or a trailer may hold.
bool is_text(char c) noexcept {
    auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace

ChunkedDecoder::State ChunkedDecoder::on_size(char c) {
    if (auto value = hex_value(c); value >= 0) {
        if (++size_digits_ > kMaxSizeDigits) return State::malformed;
        chunk_left_ = chunk_left_ << 4 | static_cast<std::uint64_t>(value);
        return State::more;
    }
    if (size_digits_ == 0) return State::malformed;
    if (c == '\r') {
        expect_ = Expect::size_line_feed;
    } else if (c == ';') {
        expect_ = Expect::extension;
    } else {
        return State::malformed;
    }
    return State::more;
}

ChunkedDecoder::State ChunkedDecoder::on_size_line_end(std::size_t body_size) {
    if (chunk_left_ > max_body_bytes_ - body_size) return State::too_large;
    expect_ = chunk_left_ == 0 ? Expect::trailer : Expect::data;
    return State::more;
}

ChunkedDecoder::State ChunkedDecoder::on_trailer_byte(char c) {
    if (c == '\r') {
        expect_ = Expect::trailer_line_feed;
        return State::more;
    }
    ++trailer_line_;
    return is_text(c) && ++overhead_ <= kMaxOverheadBytes ? State::more : State::malformed;
}

ChunkedDecoder::State ChunkedDecoder::feed(std::string_view bytes, std::string& body, std::size_t& consumed) {
    consumed = 0;
    auto state = State::more;
    while (state == State::more && consumed < bytes.size()) {
        if (expect_ == Expect::data) {
            auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, bytes.size() - consumed));
            body.append(bytes.substr(consumed, size));
            consumed += size;
            chunk_left_ -= size;
            if (chunk_left_ == 0) expect_ = Expect::data_return;
            continue;
        }
        char c = bytes[consumed++];
        switch (expect_) {
            case Expect::size:
                state = on_size(c);
                break;
            case Expect::extension:
                if (c == '\r') {
                    expect_ = Expect::size_line_feed;
                } else if (!is_text(c) || ++overhead_ > kMaxOverheadBytes) {
                    state = State::malformed;
                }
                break;
            case Expect::size_line_feed:
                state = c == '\n' ? on_size_line_end(body.size()) : State::malformed;
                size_digits_ = 0;
                break;
            case Expect::data_return:
                if (c != '\r') state = State::malformed;
                expect_ = Expect::data_line_feed;
                break;
            case Expect::data_line_feed:
                if (c != '\n') state = State::malformed;
                expect_ = Expect::size;
                break;
            case Expect::trailer:
                state = on_trailer_byte(c);
                break;
            case Expect::trailer_line_feed:
                if (c != '\n') {
                    state = State::malformed;
                } else if (trailer_line_ == 0) {
                    expect_ = Expect::done;
                    state = State::done;
                } else {
                    trailer_line_ = 0;
                    expect_ = Expect::trailer;
                }
                break;
            case Expect::data:
            case Expect::done:
                state = State::malformed;
                break;  // fed after its end
        }
    }
    return state;
}

}  // namespace sluice::http
