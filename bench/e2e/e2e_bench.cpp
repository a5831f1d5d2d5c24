// The whole way under load: generator → `sluice serve` (a process of its own) → the sandbox's Kinesis over TLS, durable
// throughout. Prints events/s, CPU seconds per million events of the server alone, syncs/s, latency from accepted to
// arrived, peak memory. See docs/performance.md.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "load.hpp"
#include "sandbox/aws/key_ring.hpp"
#include "sandbox/event_hubs/access.hpp"
#include "sandbox/iot_hub/hub_keys.hpp"
#include "sandbox/sandbox.hpp"

namespace {

using namespace sluice;
using namespace sluice::bench;
namespace fs = std::filesystem;

constexpr std::string_view kToken = "bench-operator-token-0123456789";

struct Settings {
    std::string binary;
    std::string mode = "ndjson";
    std::uint64_t events = 400'000;
    double rate = 0;
    std::size_t connections = 0;
    std::string folder;
    std::string destination = "kinesis";
    std::size_t shards = 0;
};

std::string listener_url(sandbox::Sandbox& sandbox, std::string_view name) {
    for (const auto& listener : sandbox.listeners())
        if (listener.name == name) return listener.url;
    throw std::runtime_error(fmt::format("the sandbox has no listener {}", name));
}

/// The destination's settings for the sandbox, without what all have in common.
std::string destination_yaml(const std::string& destination, sandbox::Sandbox& sandbox) {
    if (destination == "iot_hub" || destination == "iot_hub_https") {
        sandbox::HubIdentity device{"bench", ""};
        bool mqtt = destination == "iot_hub";
        return fmt::format(
            "      type: iot_hub\n      endpoint: {}\n      transport: {}\n      connection_string: \"{}\"\n",
            mqtt ? sandbox.iot_hub().listeners().front().url : sandbox.url(), mqtt ? "mqtt" : "https",
            sandbox::device_connection_string(sandbox::kSandboxHubHost, device,
                                              sandbox::derived_hub_key(sandbox::kSandboxHubGroupKey, device)));
    }
    if (destination == "event_hubs" || destination == "event_hubs_https") {
        bool kafka = destination == "event_hubs";
        return fmt::format(
            "      type: event_hubs\n      endpoint: {}\n      protocol: {}\n      connection_string: "
            "\"Endpoint=sb://{}/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey={}\"\n",
            kafka ? listener_url(sandbox, "event_hubs_kafka") : sandbox.url(), kafka ? "kafka" : "https",
            sandbox::kSandboxNamespace, sandbox::kSandboxManageKey);
    }
    if (destination == "pubsub" || destination == "pubsub_unordered") {
        return fmt::format("      type: pubsub\n      endpoint: {}\n      ordering_keys: {}\n      credentials: {}\n",
                           listener_url(sandbox, "pubsub_grpc"), destination == "pubsub",
                           sandbox.credentials().front().text);
    }
    auto aws =
        fmt::format("      endpoint: {}\n      credentials: {{access_key_id: \"{}\", secret_access_key: \"{}\"}}\n",
                    sandbox.url(), sandbox::kSandboxAccessKeyId, sandbox::kSandboxSecretAccessKey);
    if (destination == "kinesis") return aws + "      type: kinesis\n      stream: bench\n      region: eu-west-1\n";
    return aws + "      type: sqs\n      queue_url: https://sqs.eu-west-1.amazonaws.com/000000000000/bench\n";
}

/// `sluice serve` as a child process, measured by the operating system.
class Server {
  public:
    Server(const Settings& settings, const fs::path& folder, sandbox::Sandbox& sandbox, std::uint16_t port) {
        auto certificate = folder / "sandbox.pem";
        std::ofstream(certificate) << sandbox.certificate_pem();
        auto config = folder / "sluice.yaml";
        std::ofstream out(config);
        out << fmt::format("listen: 127.0.0.1:{}\ndata_dir: {}\nshards: {}\nlog: {{level: warn}}\n", port,
                           (folder / "data").string(), settings.shards);
        if (settings.destination == "down") {
            out << "integrations:\n  - id: bench\n    filter: {recTypes: [\"io.example.bench\"]}\n"
                   "    destination: {type: webhook, url: \"http://127.0.0.1:1/\"}\n";
        } else if (settings.destination != "none") {
            out << fmt::format(
                "integrations:\n  - id: bench\n    filter: {{recTypes: [\"io.example.bench\"]}}\n    destination:\n"
                "      tls: {{ca_file: {}}}\n{}",
                certificate.string(), destination_yaml(settings.destination, sandbox));
        }
        out.close();
        auto log = folder / "sluice.log";
        process_ = ::fork();
        if (process_ == 0) {
            int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
            ::dup2(file, STDOUT_FILENO);
            ::dup2(file, STDERR_FILENO);
            ::setenv("SLUICE_ADMIN_TOKEN", std::string(kToken).c_str(), 1);
            ::execl(settings.binary.c_str(), "sluice", "serve", "--config", config.c_str(), nullptr);
            ::_exit(127);
        }
    }
    ~Server() { stop(); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Asks for SIGTERM and waits. Returns the peak of resident memory in bytes.
    std::uint64_t stop() {
        if (process_ <= 0) return 0;
        ::kill(process_, SIGTERM);
        int status = 0;
        rusage usage{};
        ::wait4(process_, &status, 0, &usage);
        process_ = -1;
        return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    }

    /// User and system time so far, in seconds: fields 14 and 15 of /proc/PID/stat.
    double cpu_seconds() const {
        std::ifstream file(fmt::format("/proc/{}/stat", process_));
        std::string text((std::istreambuf_iterator<char>(file)), {});
        auto at = text.rfind(')');
        unsigned long long user = 0, system = 0;
        std::sscanf(text.c_str() + at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system);
        return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    bool alive() const { return ::kill(process_, 0) == 0 && ::waitpid(process_, nullptr, WNOHANG) == 0; }

  private:
    pid_t process_ = -1;
};

/// GET over a fresh connection, for what is asked rarely.
std::string get(std::uint16_t port, const std::string& path) {
    std::string command = fmt::format(
        "exec 3<>/dev/tcp/127.0.0.1/{0} && printf 'GET {1} HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n' >&3 && cat <&3", port,
        path);
    std::string out;
    FILE* pipe = ::popen(fmt::format("bash -c \"{}\" 2>/dev/null", command).c_str(), "r");
    char buffer[4096];
    while (auto got = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, got);
    ::pclose(pipe);
    return out;
}

double metric(const std::string& text, std::string_view name) {
    auto at = text.find(fmt::format("\n{} ", name));
    return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

double percentile(std::vector<std::int64_t>& sorted, double share) {
    if (sorted.empty()) return 0;
    auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
    return static_cast<double>(sorted[at]) / 1000;
}

std::uint16_t free_port() {
    sandbox::SandboxOptions options;
    sandbox::Sandbox probe(options);
    if (auto started = probe.start(); !started) throw std::runtime_error(started.error().message);
    auto port = probe.port();
    probe.stop();
    return port;
}

int run(const Settings& settings) {
    fs::path folder = settings.folder.empty() ? fs::temp_directory_path() / fmt::format("sluice-bench-{}", ::getpid())
                                              : fs::path(settings.folder);
    fs::remove_all(folder);
    fs::create_directories(folder);
    sandbox::SandboxOptions options;
    options.tls = true;
    options.received.max_bytes = 64 << 20;
    sandbox::Sandbox sandbox(options);
    if (auto started = sandbox.start(); !started) throw std::runtime_error(started.error().message);

    auto port = free_port();
    Server server(settings, folder, sandbox, port);
    while (get(port, "/readyz").find(" 200 ") == std::string::npos) {
        if (!server.alive())
            throw std::runtime_error("the server ended at start: see " + (folder / "sluice.log").string());
        std::this_thread::yield();
    }

    LoadOptions load_options;
    load_options.port = port;
    load_options.token = kToken;
    load_options.events = settings.events;
    load_options.rate = settings.rate;
    load_options.mode = settings.mode == "single"   ? LoadOptions::Mode::single
                        : settings.mode == "events" ? LoadOptions::Mode::events
                                                    : LoadOptions::Mode::ndjson;
    load_options.batch = settings.mode == "single" ? 1 : 100;
    load_options.connections = settings.connections != 0 ? settings.connections : settings.mode == "single" ? 64 : 8;
    Load load(load_options);

    auto metrics_before = get(port, "/metrics");
    double cpu_before = server.cpu_seconds();
    auto started = std::chrono::steady_clock::now();
    bool good = false;
    double accepted_after = 0;
    std::thread writer([&] {
        good = load.run();
        accepted_after = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    });

    // Reads what arrives as it arrives, so that the sandbox need not keep it.
    const bool delivers = settings.destination != "none" && settings.destination != "down";
    std::vector<std::int64_t> arrived_us(settings.events, 0);
    std::uint64_t arrived = 0, duplicates = 0, missed = 0, next = 1;
    bool writing = true;
    while (delivers && arrived < settings.events) {
        auto items = sandbox.received().read(next, 2000);
        for (const auto& item : items) {
            missed += item.number - next;
            next = item.number + 1;
            std::uint64_t n = 0;
            if (!number_in(item.body.view(), n) || n >= settings.events) continue;
            if (arrived_us[n] != 0) {
                ++duplicates;
                continue;
            }
            arrived_us[n] = item.time_us;
            ++arrived;
        }
        if (missed > 0) arrived = std::max(arrived, next - 1);
        if (items.empty()) {
            ::usleep(2000);
            if (writing && accepted_after > 0) writing = false;
            if (!server.alive() || (!writing && !good)) break;
        }
    }
    writer.join();
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    double cpu = server.cpu_seconds() - cpu_before;
    auto metrics_after = get(port, "/metrics");
    auto peak = server.stop();
    sandbox.stop();
    if (!good) throw std::runtime_error("the load failed: " + load.failure());

    std::vector<std::int64_t> latencies;
    for (std::uint64_t n = 0; n < settings.events; ++n)
        if (arrived_us[n] != 0) latencies.push_back(std::max<std::int64_t>(0, arrived_us[n] - load.accepted_us(n)));
    std::sort(latencies.begin(), latencies.end());
    auto events = static_cast<double>(settings.events);
    auto difference = [&](std::string_view name) { return metric(metrics_after, name) - metric(metrics_before, name); };
    fmt::print(
        "{:<8} {:>8} events  accepted {:>8.0f}/s  end to end {:>8.0f}/s  CPU {:>6.1f} s/million  syncs {:>6.0f}/s  "
        "device/payload {:.3f}  accepted→arrived p50 {:.1f} p99 {:.1f} p99.9 {:.1f} ms  peak {} MiB  duplicates {}\n",
        settings.mode, settings.events, events / accepted_after, events / seconds, cpu / events * 1e6,
        difference("sluice_log_syncs_total") / seconds,
        difference("sluice_log_device_bytes_total") / std::max(1.0, difference("sluice_log_appended_bytes_total")),
        percentile(latencies, 0.5), percentile(latencies, 0.99), percentile(latencies, 0.999), peak >> 20, duplicates);
    if (missed > 0) fmt::print("  {} arrivals were not timed: the sandbox had to make room\n", missed);
    fs::remove_all(folder);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    CLI::App app{"End-to-end load: generator → sluice serve → sandbox Kinesis over TLS on loopback"};
    app.add_option("BINARY", settings.binary, "The sluice binary")->required()->check(CLI::ExistingFile);
    app.add_option("--mode", settings.mode)
        ->check(CLI::IsMember({"single", "ndjson", "events"}))
        ->capture_default_str();
    app.add_option("--events", settings.events)->capture_default_str();
    app.add_option("--rate", settings.rate, "Events a second; 0: as quick as it goes")->capture_default_str();
    app.add_option("--connections", settings.connections, "Default: 64 for single, 8 otherwise");
    app.add_option("--folder", settings.folder, "Where the data goes (removed first)");
    app.add_option("--destination", settings.destination)
        ->check(CLI::IsMember({"kinesis", "sqs", "iot_hub", "iot_hub_https", "event_hubs", "event_hubs_https", "pubsub",
                               "pubsub_unordered", "none", "down"}))
        ->capture_default_str();
    app.add_option("--shards", settings.shards, "0: one a core");
    CLI11_PARSE(app, argc, argv);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return run(settings);
    } catch (const std::exception& failure) {
        fmt::print(stderr, "e2e_bench: {}\n", failure.what());
        return 1;
    }
}
