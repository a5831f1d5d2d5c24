#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <fstream>

#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/sandbox_start.hpp"

namespace sluice::app {
namespace {

Result<void> write_file(const std::string& name, std::string_view text, std::string_view what) {
    std::ofstream file(name, std::ios::trunc);
    file << text;
    if (!file.flush()) return make_error(Errc::io, fmt::format("cannot write {} to {}", what, name));
    return {};
}

}  // namespace

Result<std::unique_ptr<sandbox::Sandbox>> start_sandbox(const SandboxCommand& command) {
    auto listen = parse_listen(command.listen);
    if (!listen) return make_error(listen.error().code, "--listen " + listen.error().message, listen.error().hint);
    sandbox::SandboxOptions options;
    options.address = listen->address;
    options.port = listen->port;
    options.tls = command.tls;
    options.faults_file = command.faults;
    auto made = std::make_unique<sandbox::Sandbox>(std::move(options));
    if (auto prepared = made->prepare(); !prepared) return prepared.error();
    // Before the ports are open: whoever waits for one finds the file.
    if (!command.certificate.empty()) {
        auto written = write_file(command.certificate, made->certificate_pem(), "the certificate");
        if (!written) return written.error();
    }
    if (auto started = made->start(); !started) return started.error();
    if (!command.credentials.empty()) {
        auto key = made->pubsub().service_account_json(sandbox::GoogleRole::admin);
        auto written = write_file(command.credentials, key, "the Google service account's key file");
        if (!written) return written.error();
    }
    return made;
}

namespace {

void print_event_hubs(const sandbox::EventHubsService& event_hubs, std::string_view https_url) {
    fmt::print("Azure Event Hubs: endpoint {} (Kafka), {} (https)\n", event_hubs.kafka_url(), https_url);
    const auto& access = event_hubs.access();
    for (const auto& policy : access.policies()) {
        auto may = policy.claims.manage ? "Manage" : policy.claims.send ? "Send" : "Listen";
        fmt::print("  {:<6}  {}\n", may, access.connection_string(policy));
    }
}

void print_pubsub(const sandbox::PubsubService& pubsub, std::string_view url, std::string_view written) {
    auto endpoint = pubsub.url();
    fmt::print("Google Pub/Sub: endpoint {} (gRPC)\n  project            {}\n", endpoint, sandbox::kSandboxProject);
    constexpr std::string_view kPlain = "http://";
    if (endpoint.starts_with(kPlain))
        fmt::print("  Google's tools     PUBSUB_EMULATOR_HOST={}\n", endpoint.substr(kPlain.size()));
    if (!written.empty()) {
        fmt::print("  key file           {}\n", written);
    } else {
        fmt::print("  key file           curl -s {0}{1}/_sandbox/credentials/google_admin.json\n",
                   url.starts_with("https") ? "-k " : "", url);
    }
}

}  // namespace

int run_sandbox(const SandboxCommand& command) {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    auto sandbox = start_sandbox(command);
    if (!sandbox) {
        fmt::print(stderr, "sluice sandbox: {}\n", sandbox.error().message);
        if (!sandbox.error().hint.empty()) fmt::print(stderr, "  {}\n", sandbox.error().hint);
        return 1;
    }
    auto url = (*sandbox)->url();
    fmt::print(
        "stand-ins for the clouds on {0}\n"
        "  what arrived       curl -s {0}/_sandbox/received\n"
        "  faults             curl -s -X PUT {0}/_sandbox/faults -d '[{{\"action\":\"throttle\",\"share\":0.1}}]'\n"
        "AWS Kinesis, SQS and STS: endpoint {0}\n"
        "  access key id      {1}\n"
        "  secret access key  {2}\n",
        url, sandbox::kSandboxAccessKeyId, sandbox::kSandboxSecretAccessKey);
    print_event_hubs((*sandbox)->event_hubs(), url);
    for (const auto& listener : (*sandbox)->iot_hub().listeners())
        fmt::print(
            "Azure IoT Hub: endpoint {} (MQTT), {} (https)\n"
            "  {}\n",
            listener.url, url, (*sandbox)->iot_hub().connection_string(sandbox::kSandboxDevice));
    print_pubsub((*sandbox)->pubsub(), url, command.credentials);
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    (*sandbox)->stop();
    return 0;
}

}  // namespace sluice::app
