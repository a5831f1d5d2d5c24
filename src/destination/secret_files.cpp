#include "destination/secret_files.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>

namespace sluice {

namespace {

constexpr std::size_t kMostBytes = 1 << 20;

Error refused(std::string_view member, std::string_view why, std::string hint = {}) {
    return make_error(Errc::invalid_argument, "destination." + std::string(member) + " " + std::string(why),
                      std::move(hint));
}

std::string expanded(std::string_view name) {
    const char* home = std::getenv("HOME");
    if (home != nullptr && name.starts_with("~/")) return std::string(home) + std::string(name.substr(1));
    return std::string(name);
}

Result<std::string> content_of(std::string_view member, const boost::json::value& named) {
    if (!named.is_string() || named.get_string().empty()) return refused(member, "must be a file's name");
    std::string name = expanded({named.get_string().data(), named.get_string().size()});
    errno = 0;
    std::ifstream file(name, std::ios::binary);
    std::string content(kMostBytes + 1, '\0');
    if (file) file.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    if (!file.is_open() || file.bad() || (content.empty() && errno != 0))
        return refused(member, "names a file that cannot be read: " + name + ": " +
                                   std::generic_category().message(errno != 0 ? errno : EIO));
    if (content.size() > kMostBytes) return refused(member, "names a file of more than 1 MiB: " + name);
    if (content.find_first_not_of(" \t\r\n") == std::string::npos)
        return refused(member, "names a file that is empty: " + name);
    return content;
}

Error for_operators_only(std::string_view member) {
    return refused(member, "is for the operator's own integrations only", "Paste the file's text instead.");
}

/// `x_file` beside where `x` would be.
Result<void> put_in_place(boost::json::object& parent, std::string_view name, std::string_view path,
                          bool operator_owned) {
    std::string file_member = std::string(name) + "_file";
    const auto* named = parent.if_contains(file_member);
    if (named == nullptr || named->is_null()) return {};
    std::string shown = std::string(path) + "_file";
    if (!operator_owned) return for_operators_only(shown);
    if (const auto* given = parent.if_contains(name); given != nullptr && !given->is_null())
        return refused(shown, "is given beside " + std::string(name), "Give one of the two.");
    auto content = content_of(shown, *named);
    if (!content) return content.error();
    parent.stable_erase(file_member);
    parent[name] = *content;
    return {};
}

/// `{"file": name}` in place of the value of any member: their names are the customer's own, `x_file` may be one.
Result<void> put_in_each(boost::json::object& parent, std::string_view path, bool operator_owned) {
    for (auto& [name, value] : parent) {
        if (!value.is_object() || value.get_object().size() != 1) continue;
        const auto* named = value.get_object().if_contains("file");
        if (named == nullptr) continue;
        std::string shown = std::string(path) + "." + std::string(name) + ".file";
        if (!operator_owned) return for_operators_only(shown);
        auto content = content_of(shown, *named);
        if (!content) return content.error();
        content->erase(content->find_last_not_of("\r\n") + 1);
        value = *content;
    }
    return {};
}

Result<void> put_in_place(boost::json::object& settings, std::string_view path, bool operator_owned) {
    boost::json::object* parent = &settings;
    std::string_view rest = path;
    for (auto dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
        auto* next = parent->if_contains(rest.substr(0, dot));
        if (next == nullptr || !next->is_object()) return {};
        parent = &next->get_object();
        rest.remove_prefix(dot + 1);
    }
    if (rest == "*") return put_in_each(*parent, path.substr(0, path.size() - 2), operator_owned);
    if (auto* whole = parent->if_contains(rest); whole != nullptr && whole->is_object())
        if (auto put = put_in_each(whole->get_object(), path, operator_owned); !put) return put;
    return put_in_place(*parent, rest, path, operator_owned);
}

}  // namespace

Result<boost::json::object> with_secret_files(boost::json::object settings,
                                              std::span<const std::string_view> secret_paths, bool operator_owned) {
    for (std::string_view path : secret_paths) {
        if (auto put = put_in_place(settings, path, operator_owned); !put) return put.error();
    }
    return settings;
}

}  // namespace sluice
