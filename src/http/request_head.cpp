#include "http/request_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>
#include <cstring>

#include "http/ascii.hpp"

namespace sluice::http {

namespace beast_http = boost::beast::http;

namespace {

/// What clients send, mostly.
constexpr std::size_t kUsualFields = 8;

Refusal bad_request(std::string detail) {
    return Refusal{400, "bad_request", std::move(detail)};
}

/// Beast's tokenizer without its containers: fields go straight into ours.
class HeadParser final : public beast_http::basic_parser<true> {
  public:
    explicit HeadParser(RequestHead& head) : head_(head) {}

  private:
    using Text = boost::beast::string_view;
    using Code = boost::beast::error_code;
    static std::string_view view(Text text) { return {text.data(), text.size()}; }

    void on_request_impl(beast_http::verb, Text method, Text target, int version, Code&) override {
        head_.request.method = view(method);
        head_.request.target = view(target);
        head_.request.headers.reserve(kUsualFields);
        head_.http_1_0 = version == 10;
    }
    void on_field_impl(beast_http::field, Text name, Text value, Code&) override {
        head_.request.headers.add(std::string(view(name)), std::string(view(value)));
    }
    void on_response_impl(int, Text, int, Code&) override {}
    void on_header_impl(Code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
    std::size_t on_body_impl(Text body, Code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text body, Code&) override { return body.size(); }
    void on_finish_impl(Code&) override {}

    RequestHead& head_;
};

/// What must not be in a head at all, whatever a parser makes of it.
std::optional<Refusal> check_bytes(std::string_view head) {
    for (auto at = head.find('\n'); at != std::string_view::npos && at + 1 < head.size();
         at = head.find('\n', at + 1)) {
        if (head[at + 1] == ' ' || head[at + 1] == '\t') {
            return bad_request("a header field continues on a second line, which HTTP/1.1 no longer allows");
        }
    }
    bool clean = std::all_of(head.begin(), head.end(), [](char c) {
        auto byte = static_cast<unsigned char>(c);
        return byte >= 0x20 ? byte != 0x7f : c == '\r' || c == '\n' || c == '\t';
    });
    if (!clean) return bad_request("the head of the request holds a control character");
    return std::nullopt;
}

std::optional<Refusal> split_target(Request& request) {
    std::string_view target = request.target;
    bool printable = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (!printable || target.find('#') != std::string_view::npos) {
        return bad_request("the request's target holds characters that must be percent-encoded");
    }
    for (std::string_view scheme : {"http://", "https://"}) {
        if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
        target.remove_prefix(scheme.size());
        auto authority = target.substr(0, target.find_first_of("/?"));
        if (authority.empty()) return bad_request("the request's target names no host");
        request.headers.set("Host", std::string(authority));  // RFC 9112, 3.2.2: it wins over the field
        target.remove_prefix(authority.size());
        if (target.empty() || target.front() == '?') {
            request.path = "/";
            request.query = target.empty() ? "" : target.substr(1);
            return std::nullopt;
        }
        break;
    }
    if (target == "*" && request.method == "OPTIONS") {
        request.path = "*";
        return std::nullopt;
    }
    if (!target.starts_with('/')) return bad_request("the request's target is neither a path nor a URL");
    auto mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
    return std::nullopt;
}

bool is_valid_host(std::string_view host) {
    return std::all_of(host.begin(), host.end(), [](char c) {
        return c > 0x20 && c < 0x7f && std::string_view("/?#@\\\"<>^`{|},").find(c) == std::string_view::npos;
    });
}

/// The fields that steer the connection, seen once each in one pass.
struct Steering {
    const std::string* host = nullptr;
    const std::string* length = nullptr;
    const std::string* coding = nullptr;
    const std::string* encoding = nullptr;
    const std::string* expect = nullptr;
    const std::string* authorization = nullptr;
    bool close = false;
    bool keep_alive = false;
};

std::optional<Refusal> collect(const Headers& headers, Steering& steering) {
    for (const auto& [name, value] : headers.all()) {
        auto once = [&, &field = name, &text = value](const std::string*& slot) -> std::optional<Refusal> {
            if (slot) return bad_request(fmt::format("the request has more than one {}", field));
            slot = &text;
            return std::nullopt;
        };
        std::optional<Refusal> refusal;
        // By length first: most fields are none of these.
        switch (name.size()) {
            case 4:
                if (equal_ignoring_case(name, "host")) refusal = once(steering.host);
                break;
            case 6:
                if (equal_ignoring_case(name, "expect")) refusal = once(steering.expect);
                break;
            case 10:
                if (!equal_ignoring_case(name, "connection")) break;
                for_each_element(value, [&](std::string_view option) {
                    if (equal_ignoring_case(option, "close")) steering.close = true;
                    if (equal_ignoring_case(option, "keep-alive")) steering.keep_alive = true;
                });
                break;
            case 13:
                // Whoever stands in front may have looked at the other one.
                if (equal_ignoring_case(name, "authorization")) refusal = once(steering.authorization);
                break;
            case 14:
                if (equal_ignoring_case(name, "content-length")) refusal = once(steering.length);
                break;
            case 16:
                if (equal_ignoring_case(name, "content-encoding")) refusal = once(steering.encoding);
                break;
            case 17:
                if (equal_ignoring_case(name, "transfer-encoding")) refusal = once(steering.coding);
                break;
            default:
                break;
        }
        if (refusal) return refusal;
    }
    return std::nullopt;
}

std::optional<Refusal> check_framing(const Steering& steering, RequestHead& head) {
    if (steering.coding) {
        if (steering.length) return bad_request("the request has both Content-Length and Transfer-Encoding");
        if (head.http_1_0) return bad_request("HTTP/1.0 has no Transfer-Encoding");
        if (!equal_ignoring_case(*steering.coding, "chunked")) {
            return Refusal{501, "transfer_encoding_unknown", "the only Transfer-Encoding understood here is chunked"};
        }
        head.chunked = true;
    }
    if (steering.length) {
        std::uint64_t length = 0;
        const auto& text = *steering.length;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
        if (error != std::errc() || end != text.data() + text.size()) {
            return bad_request("Content-Length is not a decimal number of bytes");
        }
        head.content_length = length;
    }
    return std::nullopt;
}

/// A first line that is right but for its version.
bool asks_for_another_version(std::string_view head) {
    auto line = head.substr(0, head.find("\r\n"));
    constexpr std::string_view kForm = " HTTP/1.1";
    if (std::count(line.begin(), line.end(), ' ') != 2 || line.size() < kForm.size()) return false;
    auto version = line.substr(line.size() - kForm.size());
    auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' && is_digit(version[8]);
}

Refusal explain(const boost::beast::error_code& error, std::string_view head) {
    using Code = beast_http::error;
    if (error == Code::bad_version && asks_for_another_version(head)) {
        return Refusal{505, "http_version_not_supported", "HTTP/1.1 and HTTP/1.0 are spoken here"};
    }
    if (error == Code::multiple_content_length) return bad_request("the request has more than one Content-Length");
    if (error == Code::bad_content_length) return bad_request("Content-Length is not a decimal number of bytes");
    if (error == Code::bad_transfer_encoding) return bad_request("Transfer-Encoding and Content-Length contradict");
    if (error == Code::bad_method) return bad_request("the request does not begin with a method");
    if (error == Code::bad_target) return bad_request("the request's target cannot be read");
    if (error == Code::bad_field) return bad_request("the name of a header field cannot be read");
    if (error == Code::bad_value) return bad_request("the value of a header field cannot be read");
    return bad_request("the head of the request cannot be read");
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view bytes) noexcept {
    while (scanned_ < bytes.size()) {
        auto* found = static_cast<const char*>(std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_));
        if (!found) {
            scanned_ = bytes.size();
            break;
        }
        auto at = static_cast<std::size_t>(found - bytes.data());
        // A line feed alone ends a line for some servers and not for others: nobody needs it.
        if (at == 0 || bytes[at - 1] != '\r') return State::bare_line_feed;
        bool empty_line = at == line_ + 1;
        scanned_ = line_ = at + 1;
        if (empty_line) return State::complete;
    }
    return State::incomplete;
}

boost::system::result<RequestHead, Refusal> parse_request_head(std::string_view bytes) {
    if (auto refusal = check_bytes(bytes)) return *refusal;
    RequestHead head;
    HeadParser parser(head);
    parser.header_limit(static_cast<std::uint32_t>(bytes.size()) + 1);  // how much is too much is the caller's to say
    parser.body_limit(boost::none);
    boost::beast::error_code error;
    parser.put({bytes.data(), bytes.size()}, error);
    if (error) return explain(error, bytes);
    if (!parser.is_header_done()) return bad_request("the head of the request does not end");

    Steering steering;
    if (auto refusal = collect(head.request.headers, steering)) return *refusal;
    if (!steering.host && !head.http_1_0) return bad_request("the request has no Host");
    if (steering.host && !is_valid_host(*steering.host)) return bad_request("Host is not a host and port");
    if (auto refusal = check_framing(steering, head)) return *refusal;
    head.keep_alive = head.http_1_0 ? steering.keep_alive && !steering.close : !steering.close;
    if (steering.expect && !head.http_1_0) {  // RFC 9110, 10.1.1: ignored from an HTTP/1.0 client
        head.expectation = equal_ignoring_case(*steering.expect, "100-continue")
                               ? RequestHead::Expectation::continue_100
                               : RequestHead::Expectation::unknown;
    }
    if (steering.encoding && !equal_ignoring_case(*steering.encoding, "identity")) {
        bool gzip =
            equal_ignoring_case(*steering.encoding, "gzip") || equal_ignoring_case(*steering.encoding, "x-gzip");
        head.encoding = gzip ? RequestHead::Encoding::gzip : RequestHead::Encoding::unknown;
    }
    // Last: it may replace Host, which the pointers above look at.
    if (auto refusal = split_target(head.request)) return *refusal;
    return head;
}

}  // namespace sluice::http
