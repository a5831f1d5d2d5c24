#pragma once

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/none.hpp>

#include "http/client.hpp"

namespace sluice::http {

/// Beast's parser for responses, without its containers: fields and body go straight into a ClientResponse.
class ResponseParser final : public boost::beast::http::basic_parser<false> {
  public:
    /// A body of more than `max_body_bytes` is an error, or, with `truncate`, cut there. `head_only`: the answer to a
    /// HEAD, which has no body whatever its fields say.
    ResponseParser(ClientResponse& response, std::size_t max_body_bytes, bool truncate, bool head_only)
        : response_(response), max_body_bytes_(max_body_bytes) {
        constexpr std::uint32_t kMaxHeadBytes = 64 << 10;
        header_limit(kMaxHeadBytes);
        if (truncate)
            body_limit(boost::none);
        else
            body_limit(max_body_bytes);
        eager(true);
        skip(head_only);
    }

    /// Some of the body was left out.
    bool is_truncated() const noexcept { return is_truncated_; }

  private:
    using Text = boost::beast::string_view;
    using Code = boost::beast::error_code;

    void on_response_impl(int status, Text, int, Code&) override { response_.status = status; }
    void on_field_impl(boost::beast::http::field, Text name, Text value, Code&) override {
        if (in_body_) return;  // a trailer: nobody may take it for a header field
        response_.headers.add(std::string(name), std::string(value));
    }
    void on_header_impl(Code&) override { in_body_ = true; }
    std::size_t on_body_impl(Text bytes, Code&) override {
        auto room = max_body_bytes_ - response_.body.size();
        if (bytes.size() > room) is_truncated_ = true;
        response_.body.append(bytes.data(), std::min(bytes.size(), room));
        return bytes.size();
    }
    std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, Code& code) override { return on_body_impl(bytes, code); }
    void on_request_impl(boost::beast::http::verb, Text, Text, int, Code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
    void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
    void on_finish_impl(Code&) override {}

    ClientResponse& response_;
    const std::size_t max_body_bytes_;
    bool is_truncated_ = false;
    bool in_body_ = false;
};

}  // namespace sluice::http
