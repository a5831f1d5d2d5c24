#include "control/named_files.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <sstream>
#include <string_view>

#include "base/encoding.hpp"

namespace sluice {

namespace {

void collect(const boost::json::value& value, std::string& all) {
    if (const auto* array = value.if_array())
        for (const auto& element : *array) collect(element, all);
    const auto* object = value.if_object();
    if (object == nullptr) return;
    for (const auto& [key, member] : *object) {
        std::string_view name(key.data(), key.size());
        // A value under a name of one's own (a header, a device) is an object with the file's name alone.
        const bool names_a_file = name.ends_with("_file") || (name == "file" && object->size() == 1);
        if (!member.is_string() || !names_a_file) {
            collect(member, all);
            continue;
        }
        std::ifstream file(std::string(member.get_string()), std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        auto digest = sha256(text.str());
        all.append(reinterpret_cast<const char*>(digest.data()), digest.size());
    }
}

}  // namespace

std::string digest_of_named_files(const boost::json::object& settings) {
    std::string all;
    collect(boost::json::value(settings), all);
    if (all.empty()) return {};
    auto digest = sha256(all);
    return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

}  // namespace sluice
