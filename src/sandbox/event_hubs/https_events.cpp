#include "sandbox/event_hubs/https_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "http/ascii.hpp"

namespace sluice::sandbox {
namespace {

namespace bj = boost::json;

constexpr std::string_view kBatchType = "application/vnd.microsoft.servicebus.json";
constexpr std::size_t kLongestKey = 128;  // characters

/// Headers that say something about the request, not about the event.
constexpr std::array<std::string_view, 17> kOwnHeaders{"host",
                                                       "user-agent",
                                                       "accept",
                                                       "accept-encoding",
                                                       "accept-language",
                                                       "authorization",
                                                       "connection",
                                                       "expect",
                                                       "content-encoding",
                                                       "content-length",
                                                       "transfer-encoding",
                                                       "brokerproperties",
                                                       "date",
                                                       "origin",
                                                       "content-type",
                                                       "te",
                                                       "cache-control"};

Error wrong(std::string message) {
    return make_error(Errc::invalid_argument, std::move(message));
}

std::size_t characters(std::string_view utf8) {
    auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), starts_character));
}

/// PartitionKey of broker properties; empty when they have none.
Result<std::optional<std::string>> key_of(const bj::value& properties) {
    const auto* object = properties.if_object();
    if (object == nullptr) return wrong("BrokerProperties are not a JSON object");
    const auto* key = object->if_contains("PartitionKey");
    if (key == nullptr || key->is_null()) return std::optional<std::string>();
    const auto* given = key->if_string();
    std::string text = given ? std::string(*given) : std::string();
    if (text.empty() || characters(text) > kLongestKey)
        return wrong("PartitionKey is not a text of 1 to 128 characters");
    return std::optional(std::move(text));
}

Result<void> take_key(SentEvents& sent, const bj::value& properties, bool first) {
    auto key = key_of(properties);
    if (!key) return key.error();
    if (!first && *key != sent.partition_key) return wrong("the events of a batch have different partition keys");
    sent.partition_key = std::move(*key);
    return {};
}

Result<void> take_properties(NewRecord& record, const bj::value& properties) {
    const auto* object = properties.if_object();
    if (object == nullptr) return wrong("UserProperties are not a JSON object");
    for (const auto& property : *object) {
        std::optional<std::string> text;
        const auto& value = property.value();
        if (value.is_structured()) return wrong("a user property is an object or an array");
        if (value.is_string())
            text = std::string(value.get_string());
        else if (!value.is_null())
            text = bj::serialize(value);
        record.headers.emplace_back(std::string(property.key()), std::move(text));
    }
    return {};
}

Result<SentEvents> read_batch(const std::string& body) {
    boost::system::error_code failure;
    auto document = bj::parse(body, failure);
    const auto* list = failure ? nullptr : document.if_array();
    if (list == nullptr || list->empty()) return wrong("the batch is not a JSON array of events");
    SentEvents sent;
    for (const auto& element : *list) {
        const auto* object = element.if_object();
        const auto* text = object ? object->if_contains("Body") : nullptr;
        if (text == nullptr || !text->is_string()) return wrong("an event of the batch has no Body that is a text");
        auto& record = sent.records.emplace_back();
        record.value = std::string(text->get_string());
        const auto* properties = object->if_contains("BrokerProperties");
        const bj::value none(bj::object_kind);
        if (auto taken = take_key(sent, properties ? *properties : none, sent.records.size() == 1); !taken)
            return taken.error();
        if (const auto* user = object->if_contains("UserProperties")) {
            if (auto taken = take_properties(record, *user); !taken) return taken.error();
        }
    }
    return sent;
}

/// The value of a property in a header: text stands in quotes, a number or boolean does not.
std::string property_text(std::string_view value) {
    boost::system::error_code failure;
    auto parsed = bj::parse(bj::string_view(value.data(), value.size()), failure);
    return !failure && parsed.is_string() ? std::string(parsed.get_string()) : std::string(value);
}

SentEvents read_single(const http::Request& request) {
    SentEvents sent;
    auto& record = sent.records.emplace_back();
    record.value = request.body;
    for (const auto& [name, value] : request.headers.all()) {
        bool own = false;
        for (auto known : kOwnHeaders) own = own || http::equal_ignoring_case(known, name);
        if (!own) record.headers.emplace_back(name, property_text(value));
    }
    return sent;
}

}  // namespace

Result<SentEvents> read_sent_events(const http::Request& request) {
    auto type = request.headers.get("content-type");
    bool batch = http::equal_ignoring_case(http::trim_blanks(type.substr(0, type.find(';'))), kBatchType);
    auto sent = batch ? read_batch(request.body) : Result<SentEvents>(read_single(request));
    if (!sent) return sent;
    auto broker = request.headers.get("brokerproperties");
    if (broker.empty()) return sent;
    boost::system::error_code failure;
    auto properties = bj::parse(bj::string_view(broker.data(), broker.size()), failure);
    if (failure) return wrong("BrokerProperties are not JSON");
    auto key = key_of(properties);
    if (!key) return key.error();
    if (*key && sent->partition_key && **key != *sent->partition_key)
        return wrong("the request's partition key is not that of its events");
    if (*key) sent->partition_key = std::move(*key);
    return sent;
}

}  // namespace sluice::sandbox
