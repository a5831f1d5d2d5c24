#include <benchmark/benchmark.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>

#include <thread>

#include <google/pubsub/v1/pubsub.grpc.pb.h>
#include "sandbox/pubsub/pubsub_service.hpp"

namespace sluice::sandbox {
namespace {

namespace v1 = google::pubsub::v1;

/// Publishing over loopback in plain text, client included, with `in_flight` requests under way at a time. Time per
/// message; the stand-in must not bound what it measures.
void publish(benchmark::State& state, int messages, int in_flight) {
    ReceivedLog received({Keep::all, std::size_t{64} << 20}, SystemClock::instance());
    FaultInjector faults;
    PubsubService pubsub({}, received, faults, SystemClock::instance());
    if (!pubsub.start({}) || !pubsub.create_target("pubsub", "events", "{}")) return state.SkipWithError("no start");
    auto channel = grpc::CreateChannel(pubsub.url().substr(7), grpc::InsecureChannelCredentials());
    auto stub = v1::Publisher::NewStub(channel);
    v1::PublishRequest request;
    request.set_topic("projects/sluice-sandbox/topics/events");
    for (int i = 0; i < messages; i++) {
        auto& message = *request.add_messages();
        message.set_data(std::string(1800, static_cast<char>('a' + i % 26)));
        message.set_ordering_key("65f1a2b3c4d5e6f7a8b90001");
        for (const char* name : {"event_type", "id", "obj_type", "recType", "sluice-sequence", "sluice-time", "source"})
            (*message.mutable_attributes())[name] = "a value of usual length";
    }
    struct Call {
        grpc::ClientContext context;
        v1::PublishResponse response;
        grpc::Status status;
        std::unique_ptr<grpc::ClientAsyncResponseReader<v1::PublishResponse>> reader;
    };
    grpc::CompletionQueue queue;
    int open = 0;
    auto send = [&] {
        auto* call = new Call;
        call->reader = stub->AsyncPublish(&call->context, request, &queue);
        call->reader->Finish(&call->response, &call->status, call);
        open++;
    };
    auto finish_one = [&] {
        void* tag = nullptr;
        bool ok = false;
        queue.Next(&tag, &ok);
        std::unique_ptr<Call> call(static_cast<Call*>(tag));
        open--;
        if (!call->status.ok()) state.SkipWithError(call->status.error_message().c_str());
    };
    for (auto _ : state) {
        while (open < in_flight) send();
        finish_one();
    }
    while (open > 0) finish_one();
    queue.Shutdown();
    state.SetItemsProcessed(state.iterations() * messages);
}

BENCHMARK_CAPTURE(publish, one_message_at_a_time, 1, 100)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(publish, a_hundred_messages_at_a_time, 100, 16)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace sluice::sandbox
