#include "app/yaml_document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <charconv>

namespace sluice::app {
namespace {

constexpr int kMaxDepth = 64;
/// Aliases can make a small text large: this many values are plenty for 10,000 integrations.
constexpr std::size_t kMaxValues = 2'000'000;

}  // namespace

/// Walks the YAML nodes once. Throws its refusals as Error within this file; parse() returns them.
class YamlReader {
  public:
    YamlReader(YamlDocument& document, const YamlDocument::Environment& environment)
        : document_(document), environment_(environment) {}

    boost::json::value read(const YAML::Node& node, const std::string& path, int depth) {
        if (depth > kMaxDepth) refuse(node, path, "is nested too deep");
        if (++values_ > kMaxValues) refuse(node, path, "makes the document too large");
        switch (node.Type()) {
            case YAML::NodeType::Map:
                return read_map(node, path, depth);
            case YAML::NodeType::Sequence:
                return read_sequence(node, path, depth);
            case YAML::NodeType::Scalar:
                return read_scalar(node, path);
            case YAML::NodeType::Null:
            case YAML::NodeType::Undefined:
                break;
        }
        return nullptr;
    }

  private:
    [[noreturn]] void refuse(const YAML::Node& node, const std::string& path, const std::string& why,
                             std::string hint = {}) {
        throw make_error(Errc::invalid_argument,
                         fmt::format("{}:{}: {}{}{}", document_.file_name_, node.Mark().line + 1, path,
                                     path.empty() ? "the document " : ": ", why),
                         std::move(hint));
    }

    boost::json::value read_map(const YAML::Node& node, const std::string& path, int depth) {
        boost::json::object out;
        for (const auto& member : node) {
            if (!member.first.IsScalar()) refuse(member.first, path, "a key must be plain text");
            const auto& key = member.first.Scalar();
            auto member_path = path.empty() ? key : path + "." + key;
            if (out.contains(key)) refuse(member.first, member_path, "is given twice");
            document_.lines_[member_path] = member.first.Mark().line + 1;
            auto value = read(member.second, member_path, depth + 1);
            out.emplace(key, std::move(value));
        }
        return out;
    }

    boost::json::value read_sequence(const YAML::Node& node, const std::string& path, int depth) {
        boost::json::array out;
        for (std::size_t i = 0; i < node.size(); ++i) {
            auto element_path = fmt::format("{}[{}]", path, i);
            document_.lines_[element_path] = node[i].Mark().line + 1;
            out.push_back(read(node[i], element_path, depth + 1));
        }
        return out;
    }

    boost::json::value read_scalar(const YAML::Node& node, const std::string& path) {
        const std::string& text = node.Scalar();
        // "!" marks a quoted scalar: always text.
        if (node.Tag() != "!") {
            if (text == "true" || text == "True") return true;
            if (text == "false" || text == "False") return false;
            if (text == "null" || text == "~" || text.empty()) return nullptr;
            std::int64_t number = 0;
            auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (error == std::errc() && end == text.data() + text.size()) return number;
        }
        return boost::json::string(substitute(node, path, text));
    }

    std::string substitute(const YAML::Node& node, const std::string& path, const std::string& text) {
        std::string out;
        std::size_t at = 0;
        for (;;) {
            auto start = text.find("${", at);
            out.append(text, at, start - at);
            if (start == std::string::npos) return out;
            auto end = text.find('}', start);
            if (end == std::string::npos) refuse(node, path, "has a \"${\" without its \"}\"");
            auto name = text.substr(start + 2, end - start - 2);
            auto value = environment_(name);
            if (!value)
                refuse(node, path, fmt::format("the environment variable {} is not set", name),
                       "set it, or write the value in a file and name that");
            out += *value;
            at = end + 1;
        }
    }

    YamlDocument& document_;
    const YamlDocument::Environment& environment_;
    std::size_t values_ = 0;
};

namespace {

/// YAML gives a meaning of its own to what patterns and templates begin with.
std::string hint_of(std::string_view wrong) {
    auto tells = [wrong](std::string_view word) { return wrong.find(word) != std::string_view::npos; };
    if (tells("anchor") || tells("alias")) return "write what begins with * in quotes: \"**\", \"*.event\"";
    if (tells("flow")) return "write text that has { or [ in it in quotes: \"/data/{recType}.ndjson\"";
    return {};
}

}  // namespace

Result<YamlDocument> YamlDocument::parse(const std::string& text, std::string file_name,
                                         const Environment& environment) {
    YamlDocument document;
    document.file_name_ = std::move(file_name);
    try {
        YamlReader reader(document, environment);
        const std::vector<YAML::Node> documents = YAML::LoadAll(text);
        for (std::size_t i = 1; i < documents.size(); ++i) {
            if (!documents[i].IsDefined() || documents[i].IsNull()) continue;
            return make_error(Errc::invalid_argument,
                              fmt::format("{}:{}: a second document begins here, after a line of ---",
                                          document.file_name_, documents[i].Mark().line + 1),
                              "put all settings into one document");
        }
        document.root_ = reader.read(documents.empty() ? YAML::Node() : documents.front(), "", 0);
    } catch (const YAML::Exception& exception) {
        const auto line = exception.mark.line + 1;
        return make_error(Errc::invalid_argument,
                          fmt::format("{}:{}: not valid YAML: {}", document.file_name_, line, exception.msg),
                          hint_of(exception.msg));
    } catch (Error& error) {
        return std::move(error);
    }
    return document;
}

int YamlDocument::line_of(std::string_view path) const {
    while (!path.empty()) {
        if (auto found = lines_.find(path); found != lines_.end()) return found->second;
        auto cut = path.find_last_of(".[");
        path = cut == std::string_view::npos ? std::string_view{} : path.substr(0, cut);
    }
    return 0;
}

Error YamlDocument::locate(const Error& error) const {
    auto end = error.message.find_first_of(" :");
    int line = end == std::string::npos ? 0 : line_of(std::string_view(error.message).substr(0, end));
    auto where = line == 0 ? file_name_ : fmt::format("{}:{}", file_name_, line);
    return make_error(error.code, where + ": " + error.message, error.hint);
}

}  // namespace sluice::app
