#include "ingest/body_lines.hpp"

#include <algorithm>

namespace sluice {

namespace {

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

std::vector<BodyLine> split_ndjson(std::string_view body, std::size_t max_lines) {
    std::vector<BodyLine> lines;
    std::size_t number = 1;
    for (std::size_t offset = 0; offset < body.size() && lines.size() <= max_lines; ++number) {
        const std::size_t end = std::min(body.find('\n', offset), body.size());
        const std::string_view text = body.substr(offset, end - offset);
        if (!is_blank(text)) lines.push_back({text, number, offset});
        offset = end + 1;
    }
    return lines;
}

}  // namespace sluice
