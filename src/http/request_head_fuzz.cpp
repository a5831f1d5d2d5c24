// Whatever comes as a head is refused with a reason, or is one that cannot be read in two ways; the scanner agrees with
// itself however the bytes are cut; a body's chunks come out the same in one piece and byte by byte.
#include <cstdint>
#include <cstdlib>

#include "http/chunked_decoder.hpp"
#include "http/request_head.hpp"

using namespace sluice::http;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check_head(std::string_view bytes) {
    HeadScanner whole;
    auto state = whole.scan(bytes);
    HeadScanner in_pieces;
    auto pieces_state = HeadScanner::State::incomplete;
    for (std::size_t size = 1; size <= bytes.size() && pieces_state == HeadScanner::State::incomplete; ++size) {
        pieces_state = in_pieces.scan(bytes.substr(0, size));
    }
    require(state == pieces_state);
    if (state != HeadScanner::State::complete) return;
    require(whole.size() == in_pieces.size());

    auto head = parse_request_head(bytes.substr(0, whole.size()));
    if (!head) {
        require(head.error().status >= 400 && !head.error().detail.empty());
        return;
    }
    require(!(head->chunked && head->content_length));
    require(!(head->chunked && head->http_1_0));
    require(!head->request.method.empty() && !head->request.path.empty());
    for (const auto& [name, value] : head->request.headers.all()) {
        require(!name.empty() && name.find_first_of(" \t:\r\n") == std::string::npos);
        require(value.find_first_of("\r\n") == std::string::npos && value.find('\0') == std::string::npos);
    }
    auto segments = head->request.path_segments();
    for (std::size_t i = 0; segments && i < segments->size(); ++i) {
        require((*segments)[i].find('/') == std::string::npos && (*segments)[i].find('\0') == std::string::npos);
    }
    (void)head->request.query_parameters();
}

void check_chunks(std::string_view bytes) {
    constexpr std::size_t kLimit = 10'000;
    ChunkedDecoder whole(kLimit);
    std::string body;
    std::size_t consumed = 0;
    auto state = whole.feed(bytes, body, consumed);
    require(body.size() <= kLimit);

    ChunkedDecoder bytewise(kLimit);
    std::string same_body;
    std::size_t same_consumed = 0;
    auto same_state = ChunkedDecoder::State::more;
    while (same_state == ChunkedDecoder::State::more && same_consumed < bytes.size()) {
        std::size_t one = 0;
        same_state = bytewise.feed(bytes.substr(same_consumed, 1), same_body, one);
        same_consumed += one;
    }
    require(state == same_state && body == same_body && consumed == same_consumed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_head(bytes);
    check_chunks(bytes);
    return 0;
}
