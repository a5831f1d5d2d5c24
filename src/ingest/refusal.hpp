#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "json/validate.hpp"

namespace sluice {

/// Why a call was not done, in terms a caller can act on. A refused write left nothing behind.
struct Refusal {
    enum class Kind {
        malformed,     ///< the input cannot be read at all
        unacceptable,  ///< the input can be read, and is not acceptable
        not_found,
        conflict,
        too_large,
        over_backlog,  ///< the org's share of the log is used up
        busy,          ///< the whole process is short of something now
        internal,
    };

    Kind kind = Kind::internal;
    std::string_view code;                ///< stable, snake_case; static storage
    std::string message;                  ///< names what is wrong and what to do; never a payload or a secret
    std::optional<std::size_t> line;      ///< from 1, in the body
    std::optional<std::size_t> offset;    ///< bytes from the start of the body
    std::chrono::seconds retry_after{0};  ///< for over_backlog and busy

    static Refusal of(Kind kind, std::string_view code, std::string message, std::chrono::seconds retry_after = {}) {
        return {kind, code, std::move(message), std::nullopt, std::nullopt, retry_after};
    }

    /// Where the refused text starts within a larger body: its line (from 1) and its offset.
    void shift(std::size_t first_line, std::size_t start) {
        if (line) *line += first_line - 1;
        if (offset) *offset += start;
    }
};

/// What an error of the log or the store means to a caller.
Refusal refusal_of(const Error& error);
/// Why a text is not taken as JSON: malformed, or nested beyond the limit and thus unacceptable.
Refusal refusal_of(json::JsonError error);

template <class T>
using IngestResult = boost::system::result<T, Refusal>;

[[noreturn]] inline void throw_exception_from_error(const Refusal& refusal, const boost::source_location&) {
    throw std::runtime_error(refusal.message);
}

}  // namespace sluice
