#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/aws_client.hpp"
#include "auth/aws_error.hpp"
#include "destination/destination.hpp"

namespace sluice::kinesis {

/// What an error code of Kinesis means for a message, by the one table there is.
struct Meaning {
    ErrorClass error_class = ErrorClass::rejected;
    bool ambiguous = false;  ///< the service may have acted all the same
};
/// `code` bare, of a whole answer (with its status) or of one record (status 200). `message` tells a refused size.
Meaning meaning_of(std::string_view code, int status, std::string_view message) noexcept;

/// What to do about it, in plain words. `region` is where the stream was looked for.
std::string hint_for(std::string_view code, int status, const Meaning& meaning, std::string_view region);

/// The verdict for every message of a request that was answered with an error. One object for all: the lane sees from
/// it that they were refused together. A size or a content that is refused is `rejected`, everything else `retry`.
Verdict verdict_of_error(const auth::AwsError& error, std::string_view target, std::string_view region);

/// The verdict for every message of a request that has no answer.
Verdict verdict_of_call_error(const auth::AwsCallError& error, const Endpoint& endpoint);

/// Reads the body of a 200 to PutRecords: one verdict per record, in the request's order, always `records` of them. An
/// answer that is not JSON, has another number of entries, or counts its failures differently from what it lists, is
/// not trusted: all are `retry` and ambiguous.
class PutRecordsResponse {
  public:
    PutRecordsResponse();
    ~PutRecordsResponse();
    std::vector<Verdict> read(std::string_view body, std::size_t records, std::string_view target,
                              std::string_view region);

  private:
    struct Parser;  ///< keeps its memory between answers, but for what an unusually large one took
    std::unique_ptr<Parser> parser_;
};

/// Of the answer to DescribeStreamSummary; members that are absent are empty.
struct StreamSummary {
    std::string status;  ///< `ACTIVE`…
    std::string mode;    ///< `ON_DEMAND`, `PROVISIONED`
    std::optional<std::uint64_t> open_shards;
    std::optional<std::uint64_t> max_record_kib;  ///< absent from services that do not know of large records
};
std::optional<StreamSummary> read_stream_summary(std::string_view body);

}  // namespace sluice::kinesis
