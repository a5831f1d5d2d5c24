#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice {

/// What kind of failure an `Error` is. Callers branch on this; people read the message.
enum class Errc {
    invalid_argument,  ///< the caller's input is wrong; repeating it will not help
    not_found,
    conflict,
    too_large,
    unauthenticated,
    forbidden,
    exhausted,    ///< a bound was reached (disk, backlog, rate); may pass later
    unavailable,  ///< something needed is not there now; may pass later
    timeout,
    cancelled,
    io,       ///< the operating system refused
    corrupt,  ///< stored bytes are not what was written
    unsupported,
};

/// An expected failure: a code to branch on, what was wrong in plain words, and what to do about it.
/// Never carries payloads or secrets.
struct Error {
    Errc code = Errc::invalid_argument;
    std::string message;
    std::string hint;  ///< what to do; may be empty

    friend bool operator==(const Error&, const Error&) = default;
};

const char* to_string(Errc code) noexcept;

template <class T>
using Result = boost::system::result<T, Error>;

inline Error make_error(Errc code, std::string message, std::string hint = {}) {
    return Error{code, std::move(message), std::move(hint)};
}

/// Lets `Result::value()` throw something readable where exceptions are allowed (start-up, tests).
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::runtime_error(error.message);
}

}  // namespace sluice
