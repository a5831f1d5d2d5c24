#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sandbox/iot_hub/hub_requests.hpp"

using namespace sluice;
using namespace sluice::sandbox;

// What comes to the hub over HTTPS: `path LF header value LF … LF LF body`. What is accepted keeps the limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    http::Request request;
    auto line = [&] {
        auto end = text.find('\n');
        auto taken = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        return taken;
    };
    request.path = line();
    for (;;) {
        auto header = line();
        auto space = header.find(' ');
        if (space == std::string_view::npos) break;
        request.headers.add(std::string(header.substr(0, space)), std::string(header.substr(space + 1)));
    }
    request.body = text;
    for (const auto* method : {"POST", "PUT"}) {
        request.method = method;
        auto route = hub_route(request);
        if (!route) continue;
        if (route->what == HubRoute::What::identity) {
            (void)read_identity(request, route->identity).has_value();
            continue;
        }
        auto messages = read_messages(request);
        if (!messages) continue;
        if (messages->empty()) std::abort();
        for (const auto& message : *messages) {
            if (message.size() > kMostHubMessageBytes) std::abort();
        }
    }
    return 0;
}
