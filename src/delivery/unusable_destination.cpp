#include "delivery/unusable_destination.hpp"

#include <limits>
#include <utility>

namespace sluice {

using boost::asio::awaitable;

UnusableDestination::UnusableDestination(const Error& why) {
    Failure failure;
    // Of the classes that are tried for ever, the one that says that what is written down does not lead anywhere.
    failure.error_class = ErrorClass::missing_target;
    failure.code = kCode;
    failure.message = "the integration's settings cannot be used any more: " + why.message;
    failure.hint = why.hint.empty() ? std::string() : why.hint + (why.hint.ends_with('.') ? " " : ". ");
    failure.hint += "Once that is mended, send the settings again (PUT or PATCH) or restart Sluice; its events wait.";
    failure_ = std::make_shared<const Failure>(std::move(failure));
}

Limits UnusableDestination::limits() const {
    Limits limits;
    // Nothing is too large for what may come to take it.
    limits.max_message_bytes_safe = std::numeric_limits<std::size_t>::max();
    limits.max_message_bytes_absolute = std::numeric_limits<std::size_t>::max();
    limits.max_bytes = std::numeric_limits<std::size_t>::max();
    limits.fixed_target = true;
    return limits;
}

Result<void> UnusableDestination::target_of(const Event&, std::string&) const {
    return {};
}

std::size_t UnusableDestination::size_of(const Message& message) const {
    return message.body.size();
}

Result<SentBeside> UnusableDestination::beside(const Message&) const {
    return make_error(Errc::invalid_argument, failure_->message, failure_->hint);
}

awaitable<std::vector<Verdict>> UnusableDestination::deliver(std::span<const Message> messages, Deadline) {
    co_return std::vector<Verdict>(messages.size(), Verdict::retry(failure_));
}

awaitable<ProbeReport> UnusableDestination::probe(Deadline) {
    ProbeReport report;
    report.steps.push_back({"settings", ProbeStep::Outcome::failed, failure_->message, failure_->hint});
    co_return report;
}

awaitable<void> UnusableDestination::close() {
    co_return;
}

}  // namespace sluice
