#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "http/message.hpp"

namespace sluice::api {

/// A file of the dashboard as the build left it in the program. The views point into the program's own image.
struct DashboardFile {
    std::string_view path;  ///< as it is asked for: `/`, `/assets/index-4f2a.js`
    std::string_view content_type;
    std::string_view entity_tag;  ///< without quotes: a hash of the content
    std::string_view identity;
    std::string_view gzip;    ///< empty when compression gains nothing
    std::string_view brotli;  ///< likewise
    bool immutable = false;   ///< its name holds a hash of its content
};

/// Serves the dashboard at `/`: files that need no token, since all they show is asked of `/v1/…` with the visitor's
/// own. Pages lie behind `#`, so that no path of the Share API can ever clash with one.
/// Thread: any. Lifecycle: outlives the server; `files` outlive it.
class Dashboard {
  public:
    /// No files: a build without a dashboard, which says so at `/`.
    explicit Dashboard(std::span<const DashboardFile> files) : files_(files) {}

    /// True when the path is the dashboard's.
    static bool is_path(std::string_view path) noexcept;
    /// Before the body is read: refuses methods that no file takes.
    std::optional<http::Response> check_head(const http::Request& request) const;
    http::Response handle(const http::Request& request) const;

  private:
    std::span<const DashboardFile> files_;
};

enum class ContentCoding { identity, gzip, brotli };
/// The smallest coding that an Accept-Encoding header admits (RFC 9110, 12.5.3).
ContentCoding accepted_coding(std::string_view accept_encoding) noexcept;

}  // namespace sluice::api
