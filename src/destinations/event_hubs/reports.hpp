#pragma once

#include <librdkafka/rdkafka.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "destinations/event_hubs/handoff.hpp"
#include "net/deadline.hpp"

namespace sluice::event_hubs {

/// What librdkafka says of each message of one deliver() call. Shared between the coroutine that waits and the thread
/// that hears the reports: it lives until the last report is in, also when nobody waits any more.
class Reports : public std::enable_shared_from_this<Reports> {
  public:
    struct Report {
        bool told = false;
        rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_msg_status_t status = RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
    };
    /// What a message carries as its opaque.
    struct Slot {
        Reports* reports = nullptr;
        std::size_t index = 0;
    };

    explicit Reports(std::size_t count);

    /// The opaque of message `index`, which has just been given to librdkafka's queue (or is about to be): a report
    /// must follow, from report() or, if it was not taken after all, from refuse().
    Slot* expect(std::size_t index);
    /// Message `index` was not taken.
    void refuse(std::size_t index, rd_kafka_resp_err_t error);
    /// All that will be expected has been.
    void seal();

    /// Thread: any.
    static void report(Slot* slot, rd_kafka_resp_err_t error, rd_kafka_msg_status_t status);

    /// What has been told so far.
    std::vector<Report> told() const;

    /// Is given a value when every expected report is in.
    void tell_when_done(std::shared_ptr<Handoff<std::monostate>> waiting);

  private:
    void settle(std::size_t index, rd_kafka_resp_err_t error, rd_kafka_msg_status_t status);

    mutable std::mutex mutex_;
    std::vector<Report> reports_;
    std::vector<Slot> slots_;
    std::size_t outstanding_ = 1;    ///< reports to come, and one until seal()
    std::shared_ptr<Reports> self_;  ///< while librdkafka holds slots
    std::shared_ptr<Handoff<std::monostate>> waiting_;
};

}  // namespace sluice::event_hubs
