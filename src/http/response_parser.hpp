#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include "http/client.hpp"

namespace sluice::http {

/// Beast's parser for responses, without its containers: fields and body go straight into a ClientResponse.
class ResponseParser final : public boost::beast::http::basic_parser<false> {
  public:
    /// `head_only`: the answer to a HEAD, which has no body whatever its fields say.
    ResponseParser(ClientResponse& response, std::size_t max_body_bytes, bool head_only) : response_(response) {
        constexpr std::uint32_t kMaxHeadBytes = 64 << 10;
        header_limit(kMaxHeadBytes);
        body_limit(max_body_bytes);
        eager(true);
        skip(head_only);
    }

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
        response_.body.append(bytes.data(), bytes.size());
        return bytes.size();
    }
    std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, Code& code) override { return on_body_impl(bytes, code); }
    void on_request_impl(boost::beast::http::verb, Text, Text, int, Code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
    void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
    void on_finish_impl(Code&) override {}

    ClientResponse& response_;
    bool in_body_ = false;
};

}  // namespace sluice::http
