#include "sandbox/control_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/encoding.hpp"
#include "json/find.hpp"
#include "sandbox/aws/kpl.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::string_view kRoot = "/_sandbox";
constexpr std::size_t kItemsByDefault = 1000;
constexpr std::size_t kMostItems = 10'000;
/// A page ends before it grows past this, or a few large records would make an answer nobody can hold.
constexpr std::size_t kPageBytes = std::size_t{32} << 20;

void append_text(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out += fmt::format(",\"{}\":", name);
    json::append_quoted(out, value);
}

/// As text where it is text, else in base64 under another name.
void append_bytes(std::string& out, std::string_view name, std::string_view bytes) {
    if (json::is_valid_utf8(bytes)) {
        out += fmt::format(",\"{}\":", name);
        json::append_quoted(out, bytes);
        return;
    }
    out += fmt::format(",\"{}_base64\":\"", name);
    base64_append(out, bytes);
    out += '"';
}

void append_body(std::string& out, std::string_view body) {
    append_bytes(out, "body", body);
}

void append_aggregated(std::string& out, std::string_view body) {
    auto records = deaggregate(body);
    if (!records) return;
    out += ",\"records\":[";
    for (const auto& record : *records) {
        if (out.back() != '[') out += ',';
        out += "{\"key\":";
        json::append_quoted(out, record.partition_key);
        append_text(out, "explicit_hash_key", record.explicit_hash_key);
        append_body(out, record.data);
        out += '}';
    }
    out += ']';
}

/// `invalid_argument`: a code of a problem document is one word.
std::string code_of(Errc code) {
    std::string text = to_string(code);
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < 'a' || c > 'z'; }, '_');
    return text;
}

http::Response refused(int status, const Error& error) {
    auto detail = error.hint.empty() ? error.message : error.message + ": " + error.hint;
    return http::problem(status, code_of(error.code), http::reason_phrase(status), detail);
}

http::Response wrong_method(std::string_view allowed) {
    auto response =
        http::problem(405, "method_not_allowed", http::reason_phrase(405), fmt::format("allowed here: {}", allowed));
    response.headers.set("Allow", std::string(allowed));
    return response;
}

http::Response not_found(std::string_view what) {
    return http::problem(404, "not_found", http::reason_phrase(404), what);
}

/// A query parameter that is a number; `otherwise` when absent, nullopt when it is no number.
std::optional<std::uint64_t> number_parameter(const http::Request& request, std::string_view name,
                                              std::uint64_t otherwise) {
    auto text = request.query_parameter(name);
    if (!text) return otherwise;
    std::uint64_t value = 0;
    auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (failure != std::errc() || end != text->data() + text->size()) return std::nullopt;
    return value;
}

}  // namespace

std::string to_json(const ReceivedItem& item, Keep keep) {
    auto milliseconds = item.time_us / 1000;
    auto time = format_rfc3339(from_epoch_ms(milliseconds));
    time.insert(time.size() - 1, fmt::format("{:03}", item.time_us % 1000));
    auto out = fmt::format(R"({{"number":{},"time":"{}","time_us":{},"service":"{}","target":)", item.number, time,
                           item.time_us, item.service);
    json::append_quoted(out, *item.target);
    append_text(out, "place", item.place);
    if (!item.key.empty()) append_bytes(out, "key", item.key);
    append_text(out, "id", item.id);
    append_text(out, "sequence", item.sequence);
    append_text(out, "deduplication_id", item.deduplication_id);
    if (!item.attributes.empty()) out += ",\"attributes\":" + item.attributes;
    out += fmt::format(",\"size\":{}", item.body_size);
    if (keep == Keep::digest) out += fmt::format(",\"crc32c\":\"{:08x}\"", item.crc32c);
    if (keep == Keep::all) {
        append_body(out, item.body.view());
        if (item.service == "kinesis") append_aggregated(out, item.body.view());
    }
    return out + "}";
}

ControlApi::ControlApi(ReceivedLog& received, FaultInjector& faults, std::vector<Service*> services,
                       const std::string& certificate_pem,
                       std::function<Result<void>(std::string_view)> show_certificate)
    : received_(received),
      faults_(faults),
      services_(std::move(services)),
      certificate_pem_(certificate_pem),
      show_certificate_(std::move(show_certificate)) {}

bool ControlApi::claims(const http::Request& request) {
    return request.path == kRoot || (request.path.starts_with(kRoot) && request.path[kRoot.size()] == '/');
}

http::Response ControlApi::handle(const http::Request& request) {
    auto segments = request.path_segments();
    if (!segments) return http::problem(400, "invalid_path", http::reason_phrase(400), "the path has a broken escape");
    segments->erase(segments->begin());  // _sandbox
    if (!segments->empty() && segments->back().empty()) segments->pop_back();
    bool reads = request.method == "GET";
    if (segments->empty()) {
        if (!reads) return wrong_method("GET");
        return http::Response::json(
            200, R"({"paths":["received","counts","faults","targets","listeners","certificate","credentials"]})");
    }
    const auto& what = segments->front();
    if (what == "targets" && segments->size() == 3) return change_target(request, (*segments)[1], (*segments)[2]);
    if (what == "credentials" && segments->size() <= 2)
        return reads ? credentials(segments->size() == 2 ? (*segments)[1] : std::string()) : wrong_method("GET");
    if (segments->size() != 1) return not_found("no such path under /_sandbox/");
    if (what == "received") return received(request);
    if (what == "faults") return faults(request);
    if (what == "certificate") return certificate(request);
    if (what != "counts" && what != "targets" && what != "listeners") return not_found("no such path under /_sandbox/");
    if (!reads) return wrong_method("GET");
    if (what == "counts") return counts();
    if (what == "targets") return targets();
    return listeners();
}

http::Response ControlApi::received(const http::Request& request) {
    if (request.method == "DELETE") {
        received_.clear();
        return http::Response::json(200, "{}");
    }
    if (request.method != "GET") return wrong_method("GET, DELETE");
    auto since = number_parameter(request, "since", 0);
    auto limit = number_parameter(request, "limit", kItemsByDefault);
    if (!since || !limit)
        return http::problem(400, "invalid_argument", http::reason_phrase(400), "since and limit must be numbers");
    auto most = std::min<std::uint64_t>(*limit, kMostItems);
    auto service = request.query_parameter("service");
    auto target = request.query_parameter("target");

    std::string out = fmt::format(R"({{"oldest":{},"items":[)", received_.first());
    auto seen = *since;
    for (std::size_t count = 0; count < most && out.size() < kPageBytes;) {
        auto items = received_.read(seen + 1, std::min<std::uint64_t>(most - count, 100));
        if (items.empty()) break;
        for (const auto& item : items) {
            if (out.size() >= kPageBytes) break;
            seen = item.number;
            if ((service && item.service != *service) || (target && *item.target != *target)) continue;
            if (out.back() != '[') out += ',';
            out += to_json(item, received_.keep());
            count++;
        }
    }
    return http::Response::json(200, out + fmt::format("],\"last\":{}}}", seen));
}

http::Response ControlApi::counts() {
    auto total = received_.total();
    std::string out = fmt::format(R"({{"items":{},"bytes":{},"targets":[)", total.items, total.bytes);
    for (const auto& [of, counts] : received_.counts()) {
        if (out.back() != '[') out += ',';
        out += fmt::format(R"({{"service":"{}","target":)", of.first);
        json::append_quoted(out, of.second);
        out += fmt::format(R"(,"items":{},"bytes":{}}})", counts.items, counts.bytes);
    }
    return http::Response::json(200, out + "]}");
}

http::Response ControlApi::faults(const http::Request& request) {
    if (request.method == "PUT") {
        auto set = faults_.set_json(request.body);
        if (!set) return refused(400, set.error());
    } else if (request.method == "DELETE") {
        faults_.clear();
    } else if (request.method != "GET") {
        return wrong_method("GET, PUT, DELETE");
    }
    return http::Response::json(200, faults_.to_json());
}

http::Response ControlApi::targets() {
    std::string out = R"({"targets":[)";
    for (auto* service : services_) {
        for (const auto& target : service->targets()) {
            if (out.back() != '[') out += ',';
            out += fmt::format(R"({{"service":"{}","name":)", target.service);
            json::append_quoted(out, target.name);
            if (target.details_json.size() > 2)
                out += "," + target.details_json.substr(1, target.details_json.size() - 2);
            out += '}';
        }
    }
    return http::Response::json(200, out + "]}");
}

http::Response ControlApi::credentials(std::string_view name) {
    std::string names = R"({"credentials":[)";
    for (auto* service : services_) {
        for (auto& credential : service->credentials()) {
            if (credential.name == name) {
                bool json = name.ends_with(".json");
                return json ? http::Response::json(200, std::move(credential.text))
                            : http::Response::text(200, std::move(credential.text));
            }
            if (names.back() != '[') names += ',';
            json::append_quoted(names, credential.name);
        }
    }
    if (!name.empty()) return not_found("no credential of that name; /_sandbox/credentials lists them");
    return http::Response::json(200, names + "]}");
}

http::Response ControlApi::listeners() {
    std::string out = R"({"listeners":[)";
    for (auto* service : services_) {
        for (const auto& listener : service->listeners()) {
            if (out.back() != '[') out += ',';
            out += fmt::format(R"({{"name":"{}","url":"{}"}})", listener.name, listener.url);
        }
    }
    return http::Response::json(200, out + "]}");
}

http::Response ControlApi::certificate(const http::Request& request) {
    if (certificate_pem_.empty()) return not_found("this sandbox speaks plain HTTP: there is no certificate");
    if (request.method == "PUT") {
        auto shown = show_certificate_(request.body);
        if (!shown) return refused(400, shown.error());
        return http::Response::json(200, "{}");
    }
    if (request.method != "GET") return wrong_method("GET, PUT");
    auto response = http::Response::text(200, certificate_pem_);
    response.headers.set("Content-Type", "application/x-pem-file");
    return response;
}

http::Response ControlApi::change_target(const http::Request& request, std::string_view service,
                                         std::string_view name) {
    if (request.method != "PUT" && request.method != "DELETE") return wrong_method("PUT, DELETE");
    for (auto* owner : services_) {
        auto names = owner->services();
        if (std::find(names.begin(), names.end(), service) == names.end()) continue;
        auto done = request.method == "PUT" ? owner->create_target(service, name, request.body)
                                            : owner->delete_target(service, name);
        if (!done) {
            auto code = done.error().code;
            return refused(code == Errc::conflict ? 409 : code == Errc::not_found ? 404 : 400, done.error());
        }
        return http::Response::json(request.method == "PUT" ? 201 : 200, "{}");
    }
    return not_found(fmt::format("the sandbox has no service {}", service));
}

}  // namespace sluice::sandbox
