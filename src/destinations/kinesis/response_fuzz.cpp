#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "destinations/kinesis/response.hpp"

/// Whatever comes back: as many verdicts as records, a reason for each that is not accepted, never a crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::size_t records = data[0] % 8 + 1;
    std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    sluice::kinesis::PutRecordsResponse response;
    auto verdicts = response.read(body, records, "stream", "eu-west-1");
    SLUICE_ASSERT(verdicts.size() == records, "one verdict per record");
    for (const auto& verdict : verdicts) {
        bool is_accepted = verdict.kind == sluice::Verdict::Kind::accepted;
        SLUICE_ASSERT(is_accepted == (verdict.failure == nullptr), "a reason exactly where it is not accepted");
    }
    sluice::kinesis::read_stream_summary(body);
    return 0;
}
