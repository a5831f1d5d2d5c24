#include "api/openapi.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <span>
#include <string_view>

#include "api/answers.hpp"
#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "http/gzip.hpp"

namespace sluice::api {

/// From src/api/openapi, written at build time (cmake/sluice_embed.cmake).
std::span<const std::string_view> openapi_files();

namespace {

using boost::json::object;

/// Members that both have are objects, and merged in turn.
void merge(object& into, object from) {
    for (auto& [name, value] : from) {
        auto* known = into.if_contains(name);
        if (known == nullptr) {
            into.emplace(name, std::move(value));
            continue;
        }
        SLUICE_ASSERT(known->is_object() && value.is_object(), "two files of src/api/openapi describe the same thing");
        merge(known->get_object(), std::move(value.get_object()));
    }
}

ApiDescription put_together() {
    object whole;
    for (std::string_view file : openapi_files()) merge(whole, boost::json::parse(file).as_object());
    ApiDescription out;
    out.text = boost::json::serialize(whole);
    out.packed = http::gzip(out.text);
    constexpr std::size_t kTagBytes = 8;
    auto digest = sha256(out.text);
    out.entity_tag = '"' + hex_lower({reinterpret_cast<const char*>(digest.data()), kTagBytes}) + '"';
    return out;
}

boost::asio::awaitable<http::Response> describe(Call call) {
    const ApiDescription& description = api_description();
    http::Response response;
    response.headers.set("ETag", description.entity_tag);
    response.headers.set("Vary", "Accept-Encoding");
    std::string_view known = call.request.headers.get("If-None-Match");
    if (names_entity_tag(known, description.entity_tag)) {
        response.status = 304;
        co_return response;
    }
    response.headers.set("Content-Type", "application/json");
    bool pack = http::accepts_gzip(call.request);
    if (pack) response.headers.set("Content-Encoding", "gzip");
    response.body = pack ? description.packed : description.text;
    co_return response;
}

}  // namespace

const ApiDescription& api_description() {
    static const ApiDescription description = put_together();
    return description;
}

std::vector<Route> description_routes() {
    Route route{"GET", "/openapi.json", Access::open, Scope::all, describe};
    route.query.reset();
    return {std::move(route)};
}

}  // namespace sluice::api
