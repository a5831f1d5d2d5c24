#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace sluice {

/// One JSON text of a request's body, and where it stands there.
struct BodyLine {
    std::string_view text;
    std::size_t number = 1;  ///< line of its first byte, from 1
    std::size_t offset = 0;  ///< of its first byte
};

/// The lines of an NDJSON body that hold more than white space. LF ends a line, CRLF too. The views point into `body`.
/// Stops at the first line beyond `max_lines`, which is then the last one given: a body of tiny lines costs no more
/// memory.
std::vector<BodyLine> split_ndjson(std::string_view body, std::size_t max_lines);

}  // namespace sluice
