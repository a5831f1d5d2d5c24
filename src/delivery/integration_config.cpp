#include "delivery/integration_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <functional>

#include "base/ids.hpp"
#include "base/nearest.hpp"
#include "destination/settings_reader.hpp"

namespace sluice {

namespace {

using namespace std::chrono_literals;

std::string_view view_of(const boost::json::string& text) {
    return {text.data(), text.size()};
}

/// A list of texts, each held to `check`, which says what is wrong with one (empty: nothing).
std::vector<std::string> text_list(SettingsReader& reader, std::string_view name,
                                   const std::function<std::string(std::string_view)>& check) {
    std::vector<std::string> texts;
    const boost::json::value* value = reader.value(name);
    if (value == nullptr) return texts;
    if (!value->is_array()) {
        reader.fail(name, "must be a list");
        return texts;
    }
    if (value->get_array().empty()) reader.fail(name, "is an empty list", "leave it out for all");
    for (const boost::json::value& element : value->get_array()) {
        std::string wrong = element.is_string() ? check(view_of(element.get_string())) : "must be text";
        if (!wrong.empty()) {
            reader.fail(make_error(Errc::invalid_argument,
                                   fmt::format("{}[{}] {}", reader.path_of(name), texts.size(), wrong)));
            return texts;
        }
        texts.emplace_back(view_of(element.get_string()));
    }
    return texts;
}

std::string check_pattern(std::string_view text) {
    if (is_valid_pattern(text)) return {};
    return "is not a pattern: whole parts of [A-Za-z0-9_-] joined by '.', where * stands for one part and ** for any "
           "number";
}

std::string check_org(std::string_view text) {
    return is_valid_rec_type(text) ? std::string() : "is not an org: parts of [A-Za-z0-9_-] joined by '.'";
}

std::string check_tag(std::string_view text) {
    return is_valid_tag(text) ? std::string()
                              : "is not a tag: 1 to 64 bytes of UTF-8 without '/' and control characters";
}

/// A list of words from a fixed set, as the bits of a filter.
template <class Enum>
std::uint8_t type_bits(SettingsReader& reader, std::string_view name, std::span<const Enum> all) {
    std::uint8_t bits = 0;
    std::vector<std::string_view> words;
    for (Enum each : all) words.push_back(to_string(each));
    auto texts = text_list(reader, name, [&](std::string_view text) -> std::string {
        auto found = std::find(words.begin(), words.end(), text);
        if (found != words.end()) {
            bits |=
                static_cast<std::uint8_t>(1u << static_cast<int>(all[static_cast<std::size_t>(found - words.begin())]));
            return {};
        }
        std::string_view near = nearest_word(text, words);
        return fmt::format("must be one of {}{}", fmt::join(words, ", "),
                           near.empty() ? "" : fmt::format("; did you mean `{}`?", near));
    });
    return texts.empty() ? 0xff : bits;
}

EventFilter read_filter(SettingsReader& reader) {
    static constexpr EventType kEventTypes[] = {EventType::create, EventType::update, EventType::remove};
    static constexpr ObjectType kObjectTypes[] = {ObjectType::objs, ObjectType::devices, ObjectType::health};
    EventFilter filter;
    reader.object("filter", [&](SettingsReader& inner) {
        filter.rec_types = text_list(inner, "recTypes", check_pattern);
        filter.event_types = type_bits<EventType>(inner, "event_types", kEventTypes);
        filter.object_types = type_bits<ObjectType>(inner, "obj_types", kObjectTypes);
        filter.tags = text_list(inner, "tags", check_tag);
    });
    return filter;
}

void read_owner(SettingsReader& reader, const IntegrationOrigin& origin, IntegrationConfig& config) {
    config.org = reader.text("org").value_or(origin.default_org);
    if (std::string wrong = check_org(config.org); !wrong.empty()) reader.fail("org", wrong);
    if (!origin.operator_owned && config.org != origin.default_org) {
        reader.fail(make_error(Errc::forbidden, reader.path_of("org") + " is another org's",
                               "an integration gets its own org's events; leave `org` out"));
    }
    if (!origin.operator_owned && reader.has("orgs")) {
        reader.fail(make_error(Errc::forbidden, reader.path_of("orgs") + " may be set by the operator only",
                               "an integration gets its own org's events; leave `orgs` out"));
    }
    config.filter.orgs = text_list(reader, "orgs", check_pattern);
    if (config.filter.orgs.empty()) config.filter.orgs = {config.org};
}

StartAt read_start(SettingsReader& reader) {
    StartAt start;
    const boost::json::value* value = reader.value("start");
    if (value == nullptr) return start;
    std::string text;
    if (value->is_string()) text = view_of(value->get_string());
    if (value->is_int64() && value->get_int64() > 0) text = std::to_string(value->get_int64());
    if (value->is_uint64()) text = std::to_string(value->get_uint64());
    if (text == "now") return start;
    if (text == "oldest") {
        start.kind = StartAt::Kind::oldest;
        return start;
    }
    start.kind = StartAt::Kind::sequence;
    const char* end = text.data() + text.size();
    auto [rest, error] = std::from_chars(text.data(), end, start.position.sequence);
    if (text.empty() || error != std::errc() || rest != end || start.position.sequence == 0)
        reader.fail("start", "must be `now`, `oldest` or a sequence");
    return start;
}

void read_ordering(SettingsReader& reader, IntegrationConfig& config) {
    config.ordering = reader.choice("ordering", Ordering::key, {{"key", Ordering::key}, {"none", Ordering::none}});
    if (auto key = reader.text_template("key")) config.key = key->source();
    config.on_dead_letter = reader.choice(
        "on_dead_letter", OnDeadLetter::proceed,
        {{"continue", OnDeadLetter::proceed}, {"hold_key", OnDeadLetter::hold_key}, {"pause", OnDeadLetter::pause}});
    if (config.on_dead_letter == OnDeadLetter::hold_key && config.ordering == Ordering::none)
        reader.fail("on_dead_letter", "can hold a key only with `ordering: key`");
}

void read_pace(SettingsReader& reader, IntegrationConfig& config) {
    reader.object("batch", [&](SettingsReader& inner) {
        config.batch.max_events = inner.integer("max_events", config.batch.max_events, 1, 10'000);
        config.batch.max_bytes = inner.bytes("max_bytes", config.batch.max_bytes, 1, 64 << 20);
        config.batch.max_wait = inner.duration("max_wait", config.batch.max_wait, 0us, 60s);
    });
    reader.object("rate", [&](SettingsReader& inner) {
        config.rate.events_per_second = inner.integer("events_per_second", 0);
        config.rate.bytes_per_second = inner.bytes("bytes_per_second", 0);
    });
    reader.object("retry", [&](SettingsReader& inner) {
        config.retry.max_backoff = inner.duration("max_backoff", config.retry.max_backoff, 100ms, 24h);
        config.retry.max_age = inner.duration("max_age", config.retry.max_age);
    });
}

void read_payload(SettingsReader& reader, IntegrationConfig& config) {
    config.payload = reader.choice("payload", PayloadForm::envelope,
                                   {{"envelope", PayloadForm::envelope},
                                    {"object", PayloadForm::object},
                                    {"data", PayloadForm::data},
                                    {"cloudevents", PayloadForm::cloudevents}});
    config.redact = text_list(reader, "redact", [&](std::string_view path) -> std::string {
        auto made = PayloadRenderer::make(config.payload, {std::string(path)});
        return made ? std::string() : "is not a path to remove: " + made.error().message;
    });
}

void read_destination(SettingsReader& reader, const DestinationRegistry& registry, const IntegrationOrigin& origin,
                      IntegrationConfig& config) {
    const boost::json::value* value = reader.value("destination");
    if (value == nullptr || !value->is_object()) {
        reader.fail("destination", value == nullptr ? "is missing" : "must be an object",
                    "name a `type`, one of " + registry.known_types());
        return;
    }
    config.destination = value->get_object();
    std::string type = config.destination_type();
    const DestinationKind* kind = registry.find(type);
    if (kind == nullptr) {
        reader.fail("destination.type", type.empty() ? "is missing" : "is not a known destination",
                    "one of " + registry.known_types());
        return;
    }
    // Checking does no I/O; the context wants an io_context all the same, for what make() would build.
    boost::asio::io_context unused;
    DestinationContext context{unused,
                               SystemClock::instance(),
                               config.id,
                               config.ordering == Ordering::key,
                               origin.operator_owned,
                               origin.allow_loopback,
                               1,
                               config.org,
                               std::string(content_type_of(config.payload))};
    if (auto checked = kind->check(config.destination, context); !checked) {
        Error error = checked.error();
        if (!origin.path.empty()) error.message = origin.path + "." + error.message;
        reader.fail(std::move(error));
    }
}

}  // namespace

std::string IntegrationConfig::destination_type() const {
    const boost::json::value* type = destination.if_contains("type");
    return type != nullptr && type->is_string() ? std::string(view_of(type->get_string())) : std::string();
}

namespace {

/// One part of the settings, read by itself.
using ReadPart = std::function<void(SettingsReader&, IntegrationConfig&)>;

void read_identity(SettingsReader& reader, IntegrationConfig& config) {
    config.id = reader.required_text("id");
    if (!config.id.empty() && !is_valid_integration_id(config.id))
        reader.fail("id", "is not an id: 1 to 63 of [a-z0-9-], starting with a letter or digit");
}

/// Whose it is, which events it wants and from where on.
std::vector<ReadPart> subscription_parts(const IntegrationOrigin& origin) {
    return {read_identity,
            [](SettingsReader& reader, IntegrationConfig& config) { config.filter = read_filter(reader); },
            [&origin](SettingsReader& reader, IntegrationConfig& config) { read_owner(reader, origin, config); },
            [](SettingsReader& reader, IntegrationConfig& config) { config.start = read_start(reader); }};
}

/// In the order in which their errors are told.
std::vector<ReadPart> parts_of(const DestinationRegistry& registry, const IntegrationOrigin& origin) {
    std::vector<ReadPart> parts = subscription_parts(origin);
    parts.insert(parts.end(), {read_ordering, read_pace, read_payload,
                               [&registry, &origin](SettingsReader& reader, IntegrationConfig& config) {
                                   read_destination(reader, registry, origin, config);
                               }});
    return parts;
}

}  // namespace

Result<IntegrationConfig> parse_integration(const boost::json::object& settings, const DestinationRegistry& registry,
                                            const IntegrationOrigin& origin) {
    SettingsReader reader(settings, origin.path);
    IntegrationConfig config;
    config.operator_owned = origin.operator_owned;
    config.allow_loopback = origin.allow_loopback;
    for (const ReadPart& read : parts_of(registry, origin)) read(reader, config);
    if (auto finished = reader.finish(); !finished) return finished.error();
    return config;
}

Result<IntegrationConfig> parse_kept_integration(const boost::json::object& settings,
                                                 const DestinationRegistry& registry, const IntegrationOrigin& origin) {
    Result<IntegrationConfig> whole = parse_integration(settings, registry, origin);
    if (whole) return whole;
    SettingsReader reader(settings, origin.path);
    IntegrationConfig config;
    config.operator_owned = origin.operator_owned;
    config.allow_loopback = origin.allow_loopback;
    for (const ReadPart& read : subscription_parts(origin)) read(reader, config);
    if (reader.error()) return *reader.error();
    if (const auto* destination = reader.value("destination"); destination != nullptr && destination->is_object())
        config.destination = destination->get_object();
    config.unusable = whole.error();
    return config;
}

Result<EventFilter> parse_filter(const boost::json::object& settings, const IntegrationOrigin& origin) {
    SettingsReader reader(settings, origin.path);
    IntegrationConfig config;
    config.filter = read_filter(reader);
    read_owner(reader, origin, config);
    if (reader.error()) return *reader.error();
    return std::move(config.filter);
}

std::vector<Error> integration_problems(const boost::json::object& settings, const DestinationRegistry& registry,
                                        const IntegrationOrigin& origin) {
    std::vector<Error> problems;
    IntegrationConfig config;
    for (const ReadPart& read : parts_of(registry, origin)) {
        SettingsReader reader(settings, origin.path);
        read(reader, config);
        if (reader.error()) problems.push_back(*reader.error());
    }
    // What no part knows is told when they all are asked, and then first.
    auto whole = parse_integration(settings, registry, origin);
    if (!whole && std::find(problems.begin(), problems.end(), whole.error()) == problems.end())
        problems.insert(problems.begin(), whole.error());
    return problems;
}

}  // namespace sluice
