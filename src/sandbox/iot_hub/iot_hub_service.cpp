#include "sandbox/iot_hub/iot_hub_service.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "json/find.hpp"
#include "sandbox/core/http_date.hpp"

namespace sluice::sandbox {

namespace asio = boost::asio;

namespace {

/// After the sandbox's own port, when that was chosen.
constexpr std::uint16_t kPortOffset = 2;

std::string_view operation_of(const http::Request& request, const HubRoute& route) {
    using namespace hub_operation;
    if (route.what == HubRoute::What::events) return kSendMessage;
    if (route.what == HubRoute::What::commands) return kReceiveMessage;
    return request.method == "PUT" ? kPutDevice : request.method == "GET" ? kGetDevice : kDeleteDevice;
}

HubError throttled() {
    return {429, "ThrottlingException", "the hub takes no more messages at this rate"};
}

/// What a fault that refuses makes of a request over HTTPS.
HubError struck_by(const RequestFaults& faults, const HubIdentity& identity) {
    auto error = [&]() -> HubError {
        switch (*faults.refusal) {
            case FaultAction::throttle_request:
                if (faults.code.starts_with("403002"))
                    return {403, "IotHubQuotaExceeded", "the hub's daily quota of messages is used up"};
                return throttled();
            case FaultAction::expired_token:
                return not_authorized(HubRefusal::expired);
            case FaultAction::missing_target:
                return device_not_found(identity.name());
            case FaultAction::access_denied:
                return not_authorized(HubRefusal::missing_right);
            default:
                return {faults.status, faults.status == 503 ? "ServiceUnavailable" : "ServerError",
                        "an internal error"};
        }
    }();
    if (!faults.code.empty() && !faults.code.starts_with("403002")) error.name = faults.code;
    if (!faults.message.empty()) error.message = faults.message;
    return error;
}

bool is_api_version_given(const http::Request& request) {
    auto version = request.query_parameter("api-version");
    return version && !version->empty();
}

HubError to_hub_error(const Error& error) {
    if (error.code == Errc::conflict) return {409, "DeviceAlreadyExists", error.message};
    if (error.code == Errc::not_found) return {404, "DeviceNotFound", error.message};
    return argument_invalid(error.message);
}

}  // namespace

IotHubService::IotHubService(IotHubOptions options, ReceivedLog& received, FaultInjector& faults, const Clock& clock)
    : core_(std::move(options), received, faults, clock), listener_(core_, connections_) {}

Result<void> IotHubService::start(const ListenOptions& options) {
    std::shared_ptr<TlsServerContext> tls;
    if (!options.certificate_pem.empty()) {
        auto made = TlsServerContext::from_pem(options.certificate_pem, options.key_pem);
        if (!made) return made.error();
        tls = std::move(*made);
    }
    std::uint16_t port = 0;
    {
        std::lock_guard lock(mutex_);
        port = port_;
    }
    if (port == 0 && options.base_port != 0) {
        if (options.base_port > 65'535 - kPortOffset)
            return make_error(
                Errc::invalid_argument,
                fmt::format("no port is left for IoT Hub's MQTT {} after {}", kPortOffset, options.base_port),
                "choose a lower port for the sandbox");
        port = static_cast<std::uint16_t>(options.base_port + kPortOffset);
    }
    bool secure = tls != nullptr;
    auto started = listener_.start(options.address, port, std::move(tls));
    if (!started) return started.error();
    std::lock_guard lock(mutex_);
    address_ = options.address;
    tls_ = secure;
    port_ = listener_.port();
    return {};
}

std::vector<Listener> IotHubService::listeners() const {
    if (!listener_.running()) return {};
    std::lock_guard lock(mutex_);
    bool v6 = address_.find(':') != std::string::npos;
    return {{"iot_hub_mqtt",
             fmt::format("{}://{}{}{}:{}", tls_ ? "https" : "http", v6 ? "[" : "", address_, v6 ? "]" : "", port_)}};
}

asio::awaitable<Outcome> IotHubService::handle(http::Request request) {
    Outcome outcome;
    auto route = hub_route(request);
    if (!route) {
        outcome.response = to_response(argument_invalid("the hub has no such path"), core_.clock.now());
        co_return outcome;
    }
    auto name = route->identity.name();
    auto faults = core_.faults.on_request({"iot_hub", operation_of(request, *route), name});
    if (faults.delay.count() > 0) {
        asio::steady_timer timer(co_await asio::this_coro::executor, faults.delay);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (faults.refusal == FaultAction::hang || faults.refusal == FaultAction::reset_before) {
        outcome.ending = faults.refusal == FaultAction::hang ? Outcome::Ending::hang : Outcome::Ending::reset;
        co_return outcome;
    }
    auto answer = run(std::move(request), *route, faults);
    if (faults.ending) {
        outcome.ending = faults.ending == FaultAction::hang_after ? Outcome::Ending::hang : Outcome::Ending::reset;
        co_return outcome;
    }
    auto now = core_.clock.now() + faults.skew;
    outcome.response = answer ? std::move(*answer) : to_response(answer.error(), now);
    outcome.response.headers.set("Date", http_date(now));
    co_return outcome;
}

HubResult<http::Response> IotHubService::run(http::Request request, const HubRoute& route,
                                             const RequestFaults& faults) {
    if (faults.refusal) return struck_by(faults, route.identity);
    if (!is_api_version_given(request)) return argument_invalid("api-version is not given");
    auto token = request.headers.get("authorization");
    if (token.empty()) return not_authorized(HubRefusal::malformed_token);
    auto now = core_.clock.now() + faults.skew;
    if (route.what == HubRoute::What::identity) {
        auto path = "devices/" + route.identity.device +
                    (route.identity.module.empty() ? "" : "/modules/" + route.identity.module);
        auto admission = core_.access.as_service(token, path, now);
        if (!admission) return not_authorized(admission.error());
        return change_identity(request, route);
    }
    auto admission = core_.access.as_device(token, {}, route.identity, now);
    if (!admission) return not_authorized(admission.error());
    core_.registry.note_use(route.identity);
    if (route.what == HubRoute::What::events) return send(std::move(request), route);
    http::Response nothing;
    nothing.status = 204;
    return nothing;
}

HubResult<http::Response> IotHubService::send(http::Request request, const HubRoute& route) {
    auto messages = read_messages(std::move(request));
    if (!messages) return messages.error();
    if (core_.faults.looks_at_records()) {
        auto name = route.identity.name();
        for (std::size_t i = 0; i < messages->size(); i++) {
            auto fault = core_.faults.on_record({"iot_hub", hub_operation::kSendMessage, name}, i,
                                                (*messages)[i].message_id(), (*messages)[i].body);
            if (!fault) continue;
            // A batch is taken whole or not at all.
            auto error = fault->action == FaultAction::throttle ? throttled()
                                                                : HubError{500, "ServerError", "an internal error"};
            if (!fault->code.empty()) error.name = fault->code;
            if (!fault->message.empty()) error.message = fault->message;
            return error;
        }
    }
    core_.messages.accept(route.identity, std::move(*messages));
    http::Response accepted;
    accepted.status = 204;
    return accepted;
}

HubResult<http::Response> IotHubService::change_identity(const http::Request& request, const HubRoute& route) {
    const auto& identity = route.identity;
    auto show = [&](const HubDevice& device) {
        return http::Response::json(200, identity_json(identity, device, connections_.status(identity).connected));
    };
    if (request.method == "GET") {
        auto device = core_.registry.find(identity);
        if (!device) return device_not_found(identity.name());
        return show(*device);
    }
    if (request.method == "DELETE") {
        auto removed = core_.registry.remove(identity);
        if (!removed) return to_hub_error(removed.error());
        listener_.disconnect(identity, "404001 DeviceNotFound: the device was deleted");
        http::Response done;
        done.status = 204;
        return done;
    }
    auto settings = read_identity(request, identity);
    if (!settings) return settings.error();
    auto device = core_.registry.put(identity, *settings, request.headers.has("if-match"));
    if (!device) return to_hub_error(device.error());
    if (!device->enabled) listener_.disconnect(identity, "404001 DeviceNotFound: the device was disabled");
    return show(*device);
}

std::vector<FaultWords> IotHubService::fault_words() const {
    using namespace hub_operation;
    return {{"iot_hub",
             {kConnect, kPublish, kSendMessage, kReceiveMessage, kPutDevice, kGetDevice, kDeleteDevice},
             {kPublish, kSendMessage}}};
}

std::vector<Target> IotHubService::targets() const {
    std::vector<Target> all;
    for (const auto& [identity, device] : core_.registry.list()) {
        auto status = connections_.status(identity);
        auto details =
            fmt::format(R"({{"status":"{}","connected":{})", device.enabled ? "enabled" : "disabled", status.connected);
        details += ",\"connection_string\":" +
                   json::quoted(device_connection_string(kSandboxHubHost, identity, device.primary_key));
        if (!status.last_disconnect.empty()) details += ",\"last_disconnect\":" + json::quoted(status.last_disconnect);
        all.push_back({"iot_hub", identity.name(), details + "}"});
    }
    return all;
}

Result<void> IotHubService::create_target(std::string_view, std::string_view name, std::string_view settings) {
    HubIdentity identity{std::string(name), {}};
    boost::json::object members;
    if (!settings.empty()) {
        boost::system::error_code failure;
        auto document = boost::json::parse({settings.data(), settings.size()}, failure);
        if (failure || !document.is_object()) return make_error(Errc::invalid_argument, "the body is no JSON object");
        members = std::move(document.get_object());
    }
    DeviceRegistry::Settings wanted;
    bool cut_off = false;
    for (const auto& [member, value] : members) {
        if (member == "disconnect" && value.is_bool()) {
            cut_off = value.get_bool();
        } else if (member == "status" && (value == "enabled" || value == "disabled")) {
            wanted.enabled = value == "enabled";
        } else if (member == "primaryKey" && value.is_string()) {
            wanted.primary_key = std::string(value.get_string());
        } else if (member == "secondaryKey" && value.is_string()) {
            wanted.secondary_key = std::string(value.get_string());
        } else {
            return make_error(Errc::invalid_argument,
                              fmt::format("{}: not known, or its value is wrong", std::string_view(member)),
                              "status (enabled, disabled), primaryKey, secondaryKey, disconnect (true)");
        }
    }
    bool changes = wanted.enabled || wanted.primary_key || wanted.secondary_key;
    if (cut_off) {
        if (!core_.registry.find(identity)) return make_error(Errc::not_found, "there is no such device");
        disconnect(identity);
        if (!changes) return {};
    }
    auto device = core_.registry.put(identity, wanted, changes);
    if (!device) return device.error();
    if (!device->enabled) listener_.disconnect(identity, "404001 DeviceNotFound: the device was disabled");
    return {};
}

Result<void> IotHubService::delete_target(std::string_view, std::string_view name) {
    HubIdentity identity{std::string(name), {}};
    auto removed = core_.registry.remove(identity);
    if (!removed) return removed.error();
    listener_.disconnect(identity, "404001 DeviceNotFound: the device was deleted");
    return {};
}

void IotHubService::disconnect(const HubIdentity& identity) {
    listener_.disconnect(identity, "404104 DeviceConnectionClosedRemotely: the hub moved the device");
}

std::string IotHubService::connection_string(std::string_view device) const {
    HubIdentity identity{std::string(device), {}};
    auto found = core_.registry.find(identity);
    return found ? device_connection_string(kSandboxHubHost, identity, found->primary_key) : std::string();
}

}  // namespace sluice::sandbox
