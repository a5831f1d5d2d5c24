#pragma once

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "sandbox/aws/aws_error.hpp"
#include "sandbox/aws/signature_check.hpp"
#include "sandbox/core/fault_rules.hpp"

namespace sluice::sandbox {

/// A successful answer. `nothing_yet`: a reader found nothing, and may be asked again while its wait lasts.
struct AwsReply {
    std::string body;
    bool nothing_yet = false;
};

inline AwsReply reply(const boost::json::object& body) {
    return {boost::json::serialize(body), false};
}

/// An operation that was read from a request and not yet done.
struct AwsCall {
    std::string target;  ///< the stream or queue it is about; empty when there is none
    std::function<AwsResult<AwsReply>(const Caller&)> run;
    std::chrono::milliseconds wait{0};  ///< how long a reader is willing to wait for something
};

/// One of AWS's services: operations, and how its protocol writes answers and errors. Thread: any.
class AwsApi {
  public:
    virtual ~AwsApi() = default;

    virtual std::string_view service() const = 0;  ///< as signed for and as fault rules name it
    virtual std::string_view content_type() const = 0;
    /// What it can do, and so what faults can be about.
    virtual FaultWords fault_words() const = 0;
    /// Reads the request without doing anything. `request.body` may be given more capacity, nothing else changes.
    virtual AwsResult<AwsCall> prepare(std::string_view operation, http::Request& request) = 0;
    virtual http::Response error_response(const AwsError& error, const http::Request& request) const = 0;

    // How the service tells what befalls any operation.
    virtual AwsError auth_error(const AuthFailure& failure) const = 0;
    virtual AwsError missing_target(std::string_view target) const = 0;
    virtual AwsError throttled() const = 0;
    virtual AwsError internal_failure(int status) const = 0;
};

}  // namespace sluice::sandbox
