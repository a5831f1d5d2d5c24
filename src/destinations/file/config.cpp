#include "destinations/file/config.hpp"

#include <algorithm>

#include "destination/settings_reader.hpp"

namespace sluice::file_destination {
namespace {

/// `/`s outside placeholders.
std::size_t literal_separators(std::string_view source) {
    std::size_t count = 0;
    bool inside = false;
    for (char c : source) {
        if (c == '{') inside = true;
        if (c == '}') inside = false;
        if (c == '/' && !inside) ++count;
    }
    return count;
}

template <class Test>
bool any_step(std::string_view path, Test test) {
    for (;;) {
        auto slash = path.find('/');
        if (test(path.substr(0, slash))) return true;
        if (slash == std::string_view::npos) return false;
        path.remove_prefix(slash + 1);
    }
}

bool has_parent_step(std::string_view path) {
    return any_step(path, [](std::string_view step) { return step == ".."; });
}

/// Of a name that Linux does not take: waiting would not make it shorter.
bool is_too_long(std::string_view path) {
    constexpr std::size_t kMostOfName = 255;
    constexpr std::size_t kMostOfPath = 4095;
    return path.size() > kMostOfPath || any_step(path, [](std::string_view step) { return step.size() > kMostOfName; });
}

}  // namespace

Result<FileConfig> parse_config(const boost::json::object& settings, const DestinationContext& context) {
    SettingsReader reader(settings, "destination");
    reader.allow({"type"});
    FileConfig config;
    if (!reader.has("path")) reader.fail("path", "is missing", "for instance /var/lib/sluice/out/{recType}.ndjson");
    if (auto path = reader.text_template("path")) config.path = std::move(*path);
    if (!context.operator_owned)
        reader.fail(make_error(Errc::forbidden, "destination.type file is the operator's only",
                               "files are on the operator's machine: choose another destination"));
    if (reader.ok() && config.path.source().ends_with('/')) reader.fail("path", "names a folder", "name a file in it");
    config.separators = literal_separators(config.path.source());
    if (auto done = reader.finish(); !done) return done.error();
    return config;
}

Result<void> append_path(const FileConfig& config, const Event& event, std::string& out) {
    std::size_t start = out.size();
    if (auto evaluated = config.path.evaluate_to(event, out); !evaluated) return evaluated.error();
    std::string_view path = std::string_view(out).substr(start);
    auto separators = static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
    bool elsewhere = separators != config.separators || path.find('\0') != std::string_view::npos ||
                     path.ends_with('/') || (!config.path.is_literal() && has_parent_step(path));
    bool too_long = is_too_long(path);
    if (!elsewhere && !too_long) return {};
    out.resize(start);
    if (!elsewhere) {
        return make_error(Errc::invalid_argument,
                          "a value in destination.path makes a file's name longer than 255 bytes",
                          "use shorter values in it");
    }
    return make_error(Errc::invalid_argument, "a value in destination.path would lead to another folder",
                      "use values without / and .. in it");
}

}  // namespace sluice::file_destination
