// Whatever a browser, or somebody else, puts into the headers that choose a file's form: one of its forms comes back.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/dashboard.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using sluice::api::Dashboard;
    using sluice::api::DashboardFile;
    static constexpr std::array<DashboardFile, 1> kFiles{
        DashboardFile{"/", "text/html; charset=utf-8", "aaaa", "plain", "gzip", "brotli", false}};
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto cut = text.find('\n');
    sluice::http::Request request;
    request.method = "GET";
    request.path = request.target = "/";
    request.headers.set("Accept-Encoding", std::string(text.substr(0, cut)));
    if (cut != std::string_view::npos) request.headers.set("If-None-Match", std::string(text.substr(cut + 1)));
    auto response = Dashboard(kFiles).handle(request);
    auto coding = response.headers.get("Content-Encoding");
    std::string_view expected = coding == "br" ? "brotli" : coding == "gzip" ? "gzip" : "plain";
    bool is_unchanged = response.status == 304 && response.body.empty();
    bool is_whole = response.status == 200 && response.body == expected;
    if (!is_unchanged && !is_whole) std::abort();
    return 0;
}
