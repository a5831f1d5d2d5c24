#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice::sandbox {

/// An error as one of AWS's services tells it. How it is written out differs by protocol (see AwsApi).
struct AwsError {
    int status = 400;
    std::string type;  ///< `ResourceNotFoundException`
    std::string message;
    std::string
        query_code;  ///< the older protocol's name for it, where it differs: `AWS.SimpleQueueService.NonExistentQueue`
};

inline AwsError invalid_argument(std::string message) {
    return {400, "InvalidArgumentException", std::move(message), {}};
}

template <class T>
using AwsResult = boost::system::result<T, AwsError>;

[[noreturn]] inline void throw_exception_from_error(const AwsError& error, const boost::source_location&) {
    throw std::runtime_error(error.type + ": " + error.message);
}

}  // namespace sluice::sandbox
