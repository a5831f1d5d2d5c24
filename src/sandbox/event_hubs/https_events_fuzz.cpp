#include <cstdint>

#include "base/assert.hpp"
#include "sandbox/event_hubs/https_events.hpp"

/// The first line is BrokerProperties, the rest a batch. What is taken can be written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    std::string_view input(reinterpret_cast<const char*>(data), size);
    auto line = input.substr(0, input.find('\n'));
    http::Request request;
    request.headers.set("Content-Type", "application/vnd.microsoft.servicebus.json");
    request.headers.set("BrokerProperties", std::string(line));
    request.body = std::string(input.substr(std::min(input.size(), line.size() + 1)));
    auto sent = sandbox::read_sent_events(request);
    if (!sent) return 0;
    sandbox::NewBatch batch;
    batch.records = std::move(sent->records);
    for (auto& record : batch.records) record.key = sent->partition_key;
    auto bytes = sandbox::write_record_batch(batch);
    auto read = sandbox::read_record_batch(bytes, bytes.size());
    SLUICE_ASSERT(read && read->records.size() == batch.records.size(), "what was written can be read");
    for (std::size_t i = 0; i < batch.records.size(); i++)
        SLUICE_ASSERT(read->records[i].value == *batch.records[i].value, "it is the same");
    return 0;
}
