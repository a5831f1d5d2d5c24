#include "auth/aws_environment.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace sluice::auth {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

}  // namespace

std::string AwsEnvironment::expand_home(const std::string& path) const {
    if (path != "~" && !path.starts_with("~/")) return path;
    auto home = variable("HOME");
    return home ? *home + path.substr(1) : path;
}

std::optional<std::string> SystemAwsEnvironment::variable(std::string_view name) const {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

Result<std::string> SystemAwsEnvironment::read_file(const std::string& path) const {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        auto code = errno == ENOENT || errno == ENOTDIR ? Errc::not_found : Errc::io;
        return make_error(code, "cannot read " + path + ": " + std::strerror(errno));
    }
    std::string text(kMaxFileBytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) return make_error(Errc::io, "cannot read " + path);
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMaxFileBytes) return make_error(Errc::too_large, path + " is larger than 1 MiB");
    return text;
}

const SystemAwsEnvironment& SystemAwsEnvironment::instance() {
    static const SystemAwsEnvironment environment;
    return environment;
}

std::optional<std::string> FixedAwsEnvironment::variable(std::string_view name) const {
    auto found = variables.find(name);
    if (found == variables.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

Result<std::string> FixedAwsEnvironment::read_file(const std::string& path) const {
    auto found = files.find(path);
    if (found == files.end()) return make_error(Errc::not_found, "cannot read " + path + ": No such file or directory");
    return found->second;
}

}  // namespace sluice::auth
