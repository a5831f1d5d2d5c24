#include "destinations/event_hubs/producer.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "auth/strike_out.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"
#include "destination/connection_failure.hpp"
#include "destinations/event_hubs/error_table.hpp"
#include "net/resolve.hpp"

namespace sluice::event_hubs {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Before the lane's own deadline (30 s), so that librdkafka, which knows more, says what became of a message.
constexpr int kMessageTimeoutMs = 25'000;
/// Microsoft asks for 20 s at least: throttling is a delayed answer.
constexpr int kRequestTimeoutMs = 20'000;
/// The service closes connections that were idle for four minutes; librdkafka is to be first.
constexpr int kIdleMs = 180'000;
/// Of what waits in librdkafka for one producer, copied from the lanes' own.
constexpr int kQueueKiB = 64 << 10;
constexpr int kQueueMessages = 100'000;
/// The longest answer is to a question after hubs: some 40 bytes for each of the 40,000 partitions that the largest
/// Dedicated cluster has, and its hubs' names. librdkafka itself would take a hundred megabytes.
constexpr int kMaxAnswerBytes = 4 << 20;
/// All of a key is never outstanding twice (SameKeyInBatch::never), so several requests under way cannot reorder it.
constexpr int kRequestsInFlight = 5;

class Conf {
  public:
    Conf() : conf_(rd_kafka_conf_new()) {}
    ~Conf() {
        if (conf_ != nullptr) rd_kafka_conf_destroy(conf_);
    }
    Conf(const Conf&) = delete;
    Conf& operator=(const Conf&) = delete;

    /// Names the setting and never its value.
    void set(const char* name, const std::string& value) {
        std::array<char, 512> why{};
        if (rd_kafka_conf_set(conf_, name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK && bad_.empty())
            bad_ = name;
    }
    void set(const char* name, int value) { set(name, std::to_string(value)); }
    const std::string& bad() const noexcept { return bad_; }
    rd_kafka_conf_t* get() const noexcept { return conf_; }
    void release() noexcept { conf_ = nullptr; }

  private:
    rd_kafka_conf_t* conf_;
    std::string bad_;
};

/// `host:port`, as librdkafka takes it.
std::string broker_at(const Endpoint& endpoint) {
    bool is_v6 = endpoint.host.find(':') != std::string::npos;
    return fmt::format(fmt::runtime(is_v6 ? "[{}]:{}" : "{}:{}"), endpoint.host, endpoint.port);
}

void set_up(Conf& conf, const ProducerSettings& settings) {
    const auto& endpoint = settings.endpoint;
    conf.set("client.id", "sluice");
    conf.set("security.protocol",
             settings.sasl ? (endpoint.tls ? "SASL_SSL" : "SASL_PLAINTEXT") : (endpoint.tls ? "SSL" : "PLAINTEXT"));
    if (settings.sasl && settings.identity.empty()) {
        conf.set("sasl.mechanisms", "PLAIN");
        conf.set("sasl.username", "$ConnectionString");
        conf.set("sasl.password", settings.password.reveal());
    } else if (settings.sasl) {
        conf.set("sasl.mechanisms", "OAUTHBEARER");
    }
    if (endpoint.tls) {
        if (!settings.tls.ca_file.empty()) conf.set("ssl.ca.location", settings.tls.ca_file);
        if (settings.tls.insecure) conf.set("enable.ssl.certificate.verification", "false");
        // librdkafka's own default since 2.0. That a tenant's namespace is Azure's is known by this alone.
        conf.set("ssl.endpoint.identification.algorithm", "https");
    }
    // https://learn.microsoft.com/azure/event-hubs/apache-kafka-configurations (librdkafka).
    conf.set("socket.keepalive.enable", "true");
    conf.set("metadata.max.age.ms", kIdleMs);
    conf.set("topic.metadata.refresh.interval.ms", kIdleMs);
    conf.set("connections.max.idle.ms", kIdleMs);
    conf.set("socket.connection.setup.timeout.ms", 10'000);
    conf.set("reconnect.backoff.max.ms", 5'000);
    conf.set("log.connection.close", "false");
    conf.set("receive.message.max.bytes", kMaxAnswerBytes);
    conf.set("request.timeout.ms", kRequestTimeoutMs);
    conf.set("message.timeout.ms", kMessageTimeoutMs);
    conf.set("message.max.bytes", static_cast<int>(settings.max_message_bytes));
    conf.set("batch.size", static_cast<int>(settings.record_batch_bytes()));
    if (settings.one_per_batch) conf.set("batch.num.messages", 1);
    conf.set("queue.buffering.max.kbytes", kQueueKiB);
    conf.set("queue.buffering.max.messages", kQueueMessages);
    // A lane hands over whole batches; this only lets one be queued before its first message is sent.
    conf.set("linger.ms", 1);
    conf.set("acks", "all");
    conf.set("allow.auto.create.topics", "false");
    // A hub is written to only once it was found: when it is gone, that is to be known soon.
    conf.set("topic.metadata.propagation.max.ms", 1'000);
    conf.set("partitioner", "murmur2_random");
    conf.set("compression.type", settings.gzip ? "gzip" : "none");
    conf.set("max.in.flight.requests.per.connection", kRequestsInFlight);
    if (settings.idempotence) {
        conf.set("enable.idempotence", "true");
    } else {
        conf.set("message.send.max.retries", 0);
    }
}

boost::asio::ip::address address_of(const sockaddr* address) {
    using namespace boost::asio::ip;
    if (address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        return address_v4(ntohl(v4.sin_addr.s_addr));
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return address_v6(bytes);
}

/// librdkafka's words without what it says of itself: `sasl_ssl://host:9093/bootstrap: … (after 3ms in state …)`.
std::string_view plain_reason(std::string_view reason) {
    if (auto end = reason.rfind(" (after "); end != std::string_view::npos) reason = reason.substr(0, end);
    auto scheme = reason.find("://");
    auto colon = reason.find(": ");
    if (scheme != std::string_view::npos && colon != std::string_view::npos && scheme < colon)
        reason.remove_prefix(colon + 2);
    return reason;
}

/// Also where librdkafka calls it a failure of the transport: a certificate that was not taken is no firewall's doing.
bool is_of_tls(rd_kafka_resp_err_t error, std::string_view reason) {
    return error == RD_KAFKA_RESP_ERR__SSL || reason.find("SSL routines") != std::string_view::npos ||
           reason.find("certificate") != std::string_view::npos;
}

std::string_view connection_code(rd_kafka_resp_err_t error, std::string_view reason) {
    if (error == RD_KAFKA_RESP_ERR__RESOLVE) return "dns_failure";
    if (is_of_tls(error, reason)) return "tls_failed";
    if (reason.find("refused") != std::string_view::npos) return "connection_refused";
    return "connection_failed";
}

}  // namespace

ProducerSettings::ProducerSettings(const Config& config)
    : org(config.org),
      endpoint(config.endpoint),
      tls(config.connect.tls),
      allow_internal_addresses(config.connect.allow_internal_addresses),
      allow_loopback(config.connect.allow_loopback),
      sasl(config.sasl),
      password(config.credentials.text),
      gzip(config.gzip),
      idempotence(config.idempotence),
      max_message_bytes(config.max_message_bytes) {
    if (config.entra) {
        identity = config.entra->authority.to_url() + "/" + config.entra->tenant_id + "/" + config.entra->client_id;
        identity_secret = config.entra->client_secret;
        password = Secret();
    }
}

std::size_t ProducerSettings::record_batch_bytes() const noexcept {
    return std::min(max_message_bytes, kMostRecordBatchBytes);
}

std::string ProducerSettings::key() const {
    std::string all;
    auto add = [&all](std::string_view part) { all.append(std::to_string(part.size())).append(":").append(part); };
    add(org);
    add(endpoint.to_url());
    add(tls.ca_file);
    add(fmt::format("{}{}{}{}{}{}{}{}", tls.insecure, allow_internal_addresses, allow_loopback, sasl, gzip, idempotence,
                    one_per_batch, max_message_bytes));
    add(password.reveal());
    add(identity);
    add(identity_secret.reveal());
    return hex_lower(as_view(sha256(all)));
}

Producer::Producer() = default;

Result<std::shared_ptr<Producer>> Producer::make(const ProducerSettings& settings,
                                                 std::function<void(Producer*)> destroy) {
    std::shared_ptr<Producer> made(new Producer(), std::move(destroy));
    Producer& producer = *made;
    producer.server_ = settings.endpoint.to_url();
    producer.unquotable_.push_back(settings.password);
    if (auto credentials = parse_connection_string(settings.password.reveal()))
        producer.unquotable_.push_back(std::move(credentials->key));
    producer.allow_internal_addresses_ = settings.allow_internal_addresses;
    producer.allow_loopback_ = settings.allow_loopback;
    producer.idempotence_ = settings.idempotence;
    producer.event_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (producer.event_fd_ < 0) {
        return make_error(Errc::exhausted,
                          fmt::format("no file descriptor for a Kafka producer: {}", std::strerror(errno)),
                          "Raise the limit of open files, or set protocol: https.");
    }
    Conf conf;
    set_up(conf, settings);
    if (!conf.bad().empty()) {
        return make_error(Errc::invalid_argument, fmt::format("librdkafka does not take its setting {}", conf.bad()));
    }
    rd_kafka_conf_set_opaque(conf.get(), &producer);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), &Producer::delivery_report);
    rd_kafka_conf_set_error_cb(conf.get(), &Producer::error_told);
    rd_kafka_conf_set_throttle_cb(conf.get(), &Producer::throttled);
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf.get(), &Producer::token_wanted);
    rd_kafka_conf_set_connect_cb(conf.get(), &Producer::connect_to);
    // What matters of it comes as an error or a report; the rest is chatter, and could quote a server's words at
    // length.
    rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
    std::array<char, 512> why{};
    producer.kafka_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why.data(), why.size());
    if (producer.kafka_ == nullptr) {
        return make_error(Errc::unavailable, fmt::format("a Kafka producer could not be made: {}", why.data()),
                          "Is tls.ca_file a file of PEM certificates? Are there threads and files left?");
    }
    conf.release();
    producer.lookup_ = std::make_unique<HubLookup>(
        producer.kafka_, [&producer] { return producer.trouble(); },
        [&producer] {
            std::lock_guard lock(producer.mutex_);
            producer.trouble_ = nullptr;
        });
    producer.queue_ = rd_kafka_queue_get_main(producer.kafka_);
    const std::uint64_t one = 1;
    rd_kafka_queue_io_event_enable(producer.queue_, producer.event_fd_, &one, sizeof one);
    // Not as `bootstrap.servers`: without a thread for it librdkafka would forget it, and never connect.
    if (rd_kafka_brokers_add(producer.kafka_, broker_at(settings.endpoint).c_str()) == 0) {
        return make_error(Errc::unavailable, "a Kafka producer could not be made: no thread for its connection",
                          "Are there threads and files left?");
    }
    return made;
}

Producer::~Producer() {
    if (kafka_ != nullptr) {
        shut();
        lookup_.reset();
        if (queue_ != nullptr) {
            rd_kafka_queue_io_event_enable(queue_, -1, nullptr, 0);
            rd_kafka_queue_destroy(queue_);
        }
        rd_kafka_destroy(kafka_);
    }
    if (event_fd_ >= 0) ::close(event_fd_);
}

void Producer::poll() {
    std::uint64_t count = 0;
    // Before the queue is looked at: what comes later makes it readable again.
    [[maybe_unused]] auto size = ::read(event_fd_, &count, sizeof count);
    while (rd_kafka_poll(kafka_, 0) > 0) {
    }
}

void Producer::send(std::string_view hub, const Record& record, Reports& reports, std::size_t index) {
    rd_kafka_topic_t* topic = lookup_->known(hub);
    auto* slot = reports.expect(index);
    if (topic == nullptr) return reports.refuse(index, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
    std::array<rd_kafka_vu_t, 6> values;
    std::size_t count = 0;
    auto next = [&values, &count](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
        auto& value = values[count++];
        value.vtype = type;
        return value;
    };
    auto memory = [](std::string_view bytes) {
        // librdkafka copies it (MSG_F_COPY); its interface has no const.
        return std::pair(const_cast<char*>(bytes.data()), bytes.size());
    };
    next(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
    next(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
    next(RD_KAFKA_VTYPE_OPAQUE).u.ptr = slot;
    auto [body, body_size] = memory(record.body);
    next(RD_KAFKA_VTYPE_VALUE).u.mem = {body, body_size};
    if (!record.key.empty()) {
        auto [key, key_size] = memory(record.key);
        next(RD_KAFKA_VTYPE_KEY).u.mem = {key, key_size};
    }
    // Headers that librdkafka made itself it frees twice when it refuses a message at the door (before 2.1): these are
    // ours until it takes them.
    rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& header : record.headers) {
        rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()), header.value.data(),
                            static_cast<ssize_t>(header.value.size()));
    }
    next(RD_KAFKA_VTYPE_HEADERS).u.headers = headers;
    ++outstanding_;
    rd_kafka_error_t* error = rd_kafka_produceva(kafka_, values.data(), count);
    if (error == nullptr) return;
    rd_kafka_headers_destroy(headers);
    --outstanding_;
    auto code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    reports.refuse(index, code);
}

std::chrono::milliseconds Producer::held_back() const {
    auto until = SteadyClock::time_point(SteadyClock::duration(held_until_.load()));
    auto now = SteadyClock::now();
    if (until <= now) return std::chrono::milliseconds(0);
    return std::chrono::ceil<std::chrono::milliseconds>(until - now);
}

std::shared_ptr<const Failure> Producer::trouble() const {
    std::lock_guard lock(mutex_);
    return trouble_;
}

Result<void> Producer::set_token(const Secret& token, Timestamp expires) {
    {
        std::lock_guard lock(mutex_);
        if (last_token_ == token) return {};
        last_token_ = token;
    }
    std::array<char, 512> why{};
    auto error = rd_kafka_oauthbearer_set_token(kafka_, token.reveal().c_str(), to_epoch_ms(expires), "sluice", nullptr,
                                                0, why.data(), why.size());
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return make_error(Errc::unauthenticated, "the token cannot be used: it has expired, or is none");
}

void Producer::delivery_report(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    static_cast<Producer*>(self)->on_report(*message);
}

void Producer::on_report(const rd_kafka_message_t& message) {
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        std::lock_guard lock(mutex_);
        trouble_ = nullptr;
    } else if (message.err == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING ||
               message.err == RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID) {
        // The service has forgotten this producer (Azure/azure-event-hubs-for-kafka#261): another one goes on.
        spent_ = true;
    }
    --outstanding_;
    Reports::report(static_cast<Reports::Slot*>(message._private), message.err, rd_kafka_message_status(&message));
}

void Producer::error_told(rd_kafka_t*, int error, const char* reason, void* self) {
    static_cast<Producer*>(self)->on_error(static_cast<rd_kafka_resp_err_t>(error), reason);
}

std::shared_ptr<const Failure> Producer::trouble_of(rd_kafka_resp_err_t error, std::string_view reason) const {
    auto failure = std::make_shared<Failure>(failure_of(error, {}));
    failure->target.clear();
    auto told = auth::struck_out(plain_reason(reason), unquotable_);
    failure->message = fmt::format("{}: {}", server_, shown_text(told, kMostTold));
    if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION) return failure;
    failure->error_class = ErrorClass::transient;
    if (address_refused_) {
        failure->code = "address_not_allowed";
        auto refusal = address_refusal(server_);
        failure->message = std::move(refusal.error.message);
        failure->hint = std::move(refusal.error.hint);
        return failure;
    }
    failure->code = connection_code(error, reason);
    auto endpoint = Endpoint::parse(server_);
    auto step = error == RD_KAFKA_RESP_ERR__RESOLVE ? ConnectStep::resolve
                : is_of_tls(error, reason)          ? ConnectStep::tls
                                                    : ConnectStep::connect;
    if (endpoint) failure->hint = connection_hint(step, *endpoint);
    return failure;
}

void Producer::on_error(rd_kafka_resp_err_t error, const char* reason) {
    switch (error) {
        case RD_KAFKA_RESP_ERR__FATAL:
            spent_ = true;
            nothing_gets_through(trouble_of(error, "this producer cannot go on and is replaced"), Queued::comes_back);
            return;
        case RD_KAFKA_RESP_ERR__AUTHENTICATION:
            nothing_gets_through(trouble_of(error, reason), Queued::comes_back);
            return;
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: {
            auto known = trouble();
            // What an idempotent producer has sent once it must send again itself, or the service would not know it.
            nothing_gets_through(known ? known : trouble_of(error, reason),
                                 idempotence_ ? Queued::stays : Queued::comes_back);
            return;
        }
        case RD_KAFKA_RESP_ERR__TRANSPORT:
        case RD_KAFKA_RESP_ERR__RESOLVE:
        case RD_KAFKA_RESP_ERR__SSL: {
            // Of one connection. Whether it is the last one is told next.
            auto told = trouble_of(error, reason);
            std::lock_guard lock(mutex_);
            trouble_ = std::move(told);
            return;
        }
        default:
            return;
    }
}

void Producer::nothing_gets_through(std::shared_ptr<const Failure> why, Queued queued) {
    {
        std::lock_guard lock(mutex_);
        trouble_ = why;
    }
    lookup_->give_up(why);
    if (queued == Queued::stays) return;
    // What has not been sent comes back now instead of when its time is up: the lane keeps it better.
    rd_kafka_purge(kafka_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void Producer::throttled(rd_kafka_t*, const char*, std::int32_t, int milliseconds, void* self) {
    if (milliseconds <= 0) return;
    auto until = (SteadyClock::now() + std::chrono::milliseconds(milliseconds)).time_since_epoch().count();
    static_cast<Producer*>(self)->held_until_ = until;
}

/// Tokens are set before each batch that needs a newer one: nothing to do when librdkafka asks.
void Producer::token_wanted(rd_kafka_t*, const char*, void*) {}

int Producer::connect_to(int socket, const sockaddr* address, int size, const char*, void* self) {
    auto& producer = *static_cast<Producer*>(self);
    // Every broker, also one that the service's own answer names, is looked at on the address that is connected to.
    ConnectOptions options;
    options.allow_internal_addresses = producer.allow_internal_addresses_;
    options.allow_loopback = producer.allow_loopback_;
    bool allowed = may_connect_to(address_of(address), options);
    producer.address_refused_ = !allowed;
    if (!allowed) return EACCES;
    if (::connect(socket, address, static_cast<socklen_t>(size)) == 0) return 0;
    return errno == EINPROGRESS ? 0 : errno;
}

void Producer::shut() {
    auto why = std::make_shared<Failure>(failure_of(RD_KAFKA_RESP_ERR__DESTROY, {}));
    why->message = "the connection is being closed";
    lookup_->give_up(why);
    lookup_->shut();
    rd_kafka_purge(kafka_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (outstanding_ > 0) rd_kafka_poll(kafka_, 100);
}

}  // namespace sluice::event_hubs
