// Whatever a far side answers: one verdict per message that was sent, never an acceptance that was not told, no crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "destinations/sqs/response.hpp"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view body(reinterpret_cast<const char*>(data), size);
    (void)sqs::read_queue_attributes(body);

    constexpr std::size_t kMessages = 3;
    sqs::SendBatch batch;
    for (std::uint32_t i = 0; i < kMessages; ++i) batch.sent.push_back(i);
    std::vector<Verdict> verdicts(kMessages);
    auto answers = sqs::read_send_batch_answer(body, kMessages);
    if (answers) {
        sqs::settle_answers(*answers, batch, "queue", verdicts);
    } else {
        auth::AwsReply reply;
        reply.status = 400;
        reply.error = auth::read_aws_error(reply.status, reply.headers, body, {});
        sqs::settle_all(sqs::verdict_of_refusal(reply, "queue"), batch, verdicts);
    }
    for (std::size_t i = 0; i < kMessages; ++i) {
        bool accepted = verdicts[i].kind == Verdict::Kind::accepted;
        if (accepted != (verdicts[i].failure == nullptr)) std::abort();
        if (accepted && (!answers || (*answers)[i].kind != sqs::EntryAnswer::Kind::stored)) std::abort();
    }
    return 0;
}
