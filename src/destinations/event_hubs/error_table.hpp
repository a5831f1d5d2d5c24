#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "destination/destination.hpp"

namespace sluice::event_hubs {

/// How much is told of what the service, or librdkafka, says.
inline constexpr std::size_t kMostTold = 300;

/// What an error means for a message that met it.
struct Meaning {
    ErrorClass error_class = ErrorClass::transient;
    bool for_good = false;       ///< sending it again cannot help
    bool may_be_stored = false;  ///< whatever else is known, it may have been stored
    bool of_target = true;       ///< concerns the hub; false: the whole namespace
    std::string_view hint;
};

/// The one place where Kafka's error codes get their meaning: the service's own (positive) and librdkafka's (negative).
Meaning meaning_of(rd_kafka_resp_err_t error) noexcept;

/// Who an HTTPS answer is from. A gateway or a proxy that stands before the service refuses a request too, and then no
/// event is to blame.
enum class Answerer { service, unknown };

/// The same for the status of an HTTPS answer. `code` is what the service calls it, as far as it does. `lacks_right`:
/// it knows the credentials, and names the right that they do not have.
Meaning meaning_of_status(int status, std::string_view code, Answerer from, bool lacks_right = false) noexcept;

/// A failure as it is told: the code is Kafka's name (`TOPIC_AUTHORIZATION_FAILED`), `detail` whatever more is known.
Failure failure_of(rd_kafka_resp_err_t error, std::string_view hub, std::string_view detail = {});

/// Kafka's name for an error, without the underscore that librdkafka puts before its own.
std::string code_of(rd_kafka_resp_err_t error);

}  // namespace sluice::event_hubs
