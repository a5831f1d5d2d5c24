#include "destinations/sqs/probe.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "auth/aws_endpoint.hpp"
#include "base/units.hpp"

namespace sluice::sqs {
namespace {

using Outcome = ProbeStep::Outcome;

constexpr std::string_view kRightHint =
    "The policy must allow sqs:SendMessage on the queue. A sample event shows whether it does.";

/// The three steps, in their order.
class Steps {
  public:
    explicit Steps(ProbeReport& report) : report_(report) {}
    void credentials(Outcome outcome, std::string detail = {}, std::string hint = {}) {
        add("credentials", outcome, std::move(detail), std::move(hint));
    }
    void target(Outcome outcome, std::string detail = {}, std::string hint = {}) {
        add("target", outcome, std::move(detail), std::move(hint));
    }
    void right_to_write(Outcome outcome, std::string detail = {}, std::string hint = {}) {
        add("right to write", outcome, std::move(detail), std::move(hint));
    }

  private:
    void add(std::string name, Outcome outcome, std::string detail, std::string hint) {
        report_.steps.push_back({std::move(name), outcome, std::move(detail), std::move(hint)});
    }
    ProbeReport& report_;
};

/// An external id that Sluice made is shown here, for the role's trust policy.
std::string origin_of(const ProbeFacts& facts) {
    const auto* role = std::get_if<auth::AwsRoleSettings>(&facts.config.credentials.kind);
    if (role == nullptr || role->external_id.empty()) return facts.credentials_origin;
    return fmt::format("{}, external id {}", facts.credentials_origin, role->external_id);
}

void add_good_credentials(Steps& steps, const ProbeFacts& facts) {
    if (facts.clock_offset.count() == 0) {
        steps.credentials(Outcome::ok, origin_of(facts));
        return;
    }
    steps.credentials(Outcome::warning,
                      fmt::format("{}; this machine's clock is off by {} s, which is made up for", origin_of(facts),
                                  facts.clock_offset.count() / 1000),
                      "Let a time service set this machine's clock.");
}

/// The queue that was asked for is not the one that answered: its ARN tells another region or account.
std::optional<std::string> difference(const QueueFacts& queue, const Config& config) {
    auto arn = auth::AwsArn::parse(queue.arn);
    if (!arn) return std::nullopt;
    if (arn->region != config.region) {
        return fmt::format("the queue is in {}, and requests are signed for {}", arn->region, config.region);
    }
    if (!config.queue.account.empty() && arn->account != config.queue.account) {
        return fmt::format("the queue belongs to account {}, and queue_url names {}", arn->account,
                           config.queue.account);
    }
    return std::nullopt;
}

std::string describe(const QueueFacts& queue, const Config& config) {
    auto text = fmt::format("{} ({})", config.queue.name, config.queue.fifo ? "FIFO" : "standard");
    if (queue.max_message_bytes > 0) text += ", messages up to " + format_bytes(queue.max_message_bytes);
    return text;
}

}  // namespace

void add_skipped(ProbeReport& report) {
    Steps steps(report);
    steps.credentials(Outcome::skipped);
    steps.target(Outcome::skipped);
    steps.right_to_write(Outcome::skipped);
}

void add_unanswered(ProbeReport& report, const auth::AwsCallError& error) {
    Steps steps(report);
    auto hint = error.error.hint;
    if (hint.empty()) {
        hint = error.no_credentials ? "Check credentials." : "Try again; if it stays so, is it SQS that answers there?";
    }
    steps.credentials(Outcome::failed, error.error.message, std::move(hint));
    steps.target(Outcome::skipped);
    steps.right_to_write(Outcome::skipped);
}

void add_refusal(ProbeReport& report, const auth::AwsReply& reply, const ProbeFacts& facts) {
    Steps steps(report);
    auto failure = failure_of_reply(reply, facts.config.queue.name);
    auto told = fmt::format("{}: {}", failure.code, failure.message);
    if (auth::aws_error_kind(failure.code, reply.status) == auth::AwsErrorKind::access_denied) {
        add_good_credentials(steps, facts);
        steps.target(Outcome::warning, "not verified: " + told,
                     "Allow sqs:GetQueueAttributes to have the queue checked too.");
        steps.right_to_write(Outcome::warning, "authenticated; right to write not verified", std::string(kRightHint));
        return;
    }
    if (failure.error_class == ErrorClass::credentials) {
        steps.credentials(Outcome::failed, std::move(told), std::move(failure.hint));
        steps.target(Outcome::skipped);
        steps.right_to_write(Outcome::skipped);
        return;
    }
    if (failure.error_class == ErrorClass::missing_target) {
        // Only a service that knows its caller says what it does not find.
        add_good_credentials(steps, facts);
    } else {
        steps.credentials(Outcome::warning, "not verified: the service did not get that far",
                          "Run the test again once the target answers.");
    }
    if (failure.hint.empty()) failure.hint = "Try again; if it stays so, is it SQS that answers there?";
    steps.target(Outcome::failed, std::move(told), std::move(failure.hint));
    steps.right_to_write(Outcome::skipped);
}

void add_queue(ProbeReport& report, const std::optional<QueueFacts>& queue, const ProbeFacts& facts) {
    Steps steps(report);
    add_good_credentials(steps, facts);
    if (!queue) {
        steps.target(Outcome::failed, "the answer is not a queue's description", "Is it SQS that answers there?");
        steps.right_to_write(Outcome::skipped);
        return;
    }
    if (auto differs = difference(*queue, facts.config)) {
        steps.target(Outcome::warning, *differs, "Copy queue_url from the queue's details again.");
    } else if (facts.md5_mismatches > 0) {
        steps.target(Outcome::warning,
                     fmt::format("{}; {} messages were stored with other checksums than they were sent with",
                                 describe(*queue, facts.config), facts.md5_mismatches),
                     "Something between here and the queue changes messages, or a stand-in for SQS computes checksums "
                     "wrongly: then set verify_md5: false.");
    } else {
        steps.target(Outcome::ok, describe(*queue, facts.config));
    }
    steps.right_to_write(Outcome::warning, "not verified: a test writes nothing", std::string(kRightHint));
}

void add_deduplication(ProbeReport& report, const Config& config) {
    if (!config.deduplication_id) return;
    const auto& source = config.deduplication_id->source();
    for (std::string_view own : {"{sequence}", "updateDate", "checksum"})
        if (source.find(own) != std::string::npos) return;
    report.steps.push_back({"deduplication", Outcome::warning,
                            fmt::format("deduplication_id {} can be the same for several events: SQS drops those that "
                                        "come within five minutes of the first",
                                        source),
                            "Have {sequence} in it, or leave it out: the default is {id}:{sequence}."});
}

}  // namespace sluice::sqs
