#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "auth/aws_client.hpp"
#include "auth/aws_error.hpp"
#include "destination/destination.hpp"
#include "destinations/kinesis/config.hpp"
#include "destinations/kinesis/response.hpp"

namespace sluice::kinesis {

/// What the *test* call tells after the connection: `credentials`, `target`, `right to write`, each once, in this
/// order. One of these is added to the report of probe_connection(). Pure. `origin` says where the credentials came
/// from.

void add_unanswered(ProbeReport& report, const auth::AwsCallError& error);

void add_refusal(ProbeReport& report, const auth::AwsError& error, const Config& config, std::string_view origin);

/// `summary` is nothing where no single stream was asked for, or the answer could not be read. `clock_offset` is what
/// the signatures had to be corrected by.
void add_summary(ProbeReport& report, const std::optional<StreamSummary>& summary, const Config& config,
                 std::string_view origin, std::chrono::milliseconds clock_offset);

/// For a connection that failed: none of the three could be looked at.
void add_skipped(ProbeReport& report);

}  // namespace sluice::kinesis
