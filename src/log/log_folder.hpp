#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "log/log_files.hpp"

namespace sluice {

/// The names in a log's folder. The suffix is what a file is: a rename moves it from one state to the next at once, and
/// what a `.segment` file is then is said by its header alone. The number in the name is for people.
///
///   N.new      being made; worthless after a crash
///   N.segment  in use: its header is durable
///   N.spare    no longer in use, kept for its space
///   N.index    the index of N.segment
struct LogFolder {
    static constexpr std::string_view kNew = ".new";
    static constexpr std::string_view kSegment = ".segment";
    static constexpr std::string_view kSpare = ".spare";
    static constexpr std::string_view kIndex = ".index";

    LogFiles& files;
    std::string path;

    std::string file(std::string_view name) const { return path + "/" + std::string(name); }
    std::string numbered(std::uint64_t number, std::string_view suffix) const {
        std::string digits = std::to_string(number);
        return file(std::string(10 - std::min<std::size_t>(10, digits.size()), '0') + digits + std::string(suffix));
    }
    /// The path of what belongs to the same segment.
    static std::string sibling(const std::string& path, std::string_view suffix) {
        return path.substr(0, path.rfind('.')) + std::string(suffix);
    }
};

}  // namespace sluice
