// The OpenAPI document against what the program does: its routes, and the settings that its destinations take.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <set>
#include <string>

#include "api/openapi.hpp"
#include "app/destinations.hpp"
#include "app/node.hpp"
#include "delivery/integration_config.hpp"
#include "sources/share_api/route.hpp"
#include "store/temporary_folder.hpp"

namespace sluice::app {
namespace {

using boost::json::object;
using Names = std::set<std::string>;

constexpr std::string_view kNobodysMember = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz";

const object& document() {
    static const object kDocument = boost::json::parse(api::api_description().text).as_object();
    return kDocument;
}

/// What a `$ref` stands for; the value itself when it is none.
const object& resolved(const boost::json::value& value) {
    const object& given = value.as_object();
    const auto* reference = given.if_contains("$ref");
    if (reference == nullptr) return given;
    const object* at = &document();
    std::string_view left(reference->as_string());  // "#/components/pathItems/Stream"
    EXPECT_TRUE(left.starts_with("#/")) << left;
    for (left.remove_prefix(1); !left.empty();) {
        left.remove_prefix(1);
        at = &at->at(left.substr(0, left.find('/'))).as_object();
        left.remove_prefix(std::min(left.size(), left.find('/')));
    }
    return *at;
}

const object& component(std::string_view kind, std::string_view name) {
    return document().at("components").as_object().at(kind).as_object().at(name).as_object();
}

Names described_methods(const object& path_item) {
    static const std::set<std::string_view> kMethods = {"get", "post", "put", "patch", "delete"};
    Names out;
    for (const auto& member : path_item) {
        std::string name(member.key());
        if (!kMethods.contains(name)) continue;
        std::transform(name.begin(), name.end(), name.begin(), ::toupper);
        out.insert(name);
    }
    return out;
}

bool is_share_path(std::string_view path) {
    return share_api::is_share_api_path(path);
}

Names described_calls() {
    Names out;
    for (const auto& [path, item] : document().at("paths").as_object())
        if (!is_share_path(path))
            for (const auto& method : described_methods(resolved(item))) out.insert(method + ' ' + std::string(path));
    return out;
}

TEST(OpenApi, DescribesEveryRouteOfTheManagementApiAndNoOther) {
    TemporaryFolder folder;
    Configuration configuration;
    configuration.data_dir = folder.path("data");
    configuration.listen.port = 0;
    configuration.shards = 1;
    Node node(std::move(configuration), {});
    auto started = node.start();
    ASSERT_TRUE(started) << started.error().message;
    Names routes;
    for (const auto& route : node.management_routes())
        routes.insert(std::string(route.method) + ' ' + std::string(route.path));
    node.stop(Deadline::after(std::chrono::seconds(10)));
    EXPECT_GT(routes.size(), 10u);
    EXPECT_EQ(routes, described_calls());
}

/// The path with the parameters' examples in it.
std::string filled(std::string path) {
    for (const auto& [name, value] : {std::pair{"{recType}", "io.acme.reading"},
                                      {"{id}", "65f0a1b2c3d4e5f6a7b8c9d0"},
                                      {"{tag}", "Dublin"},
                                      {"{pipeToken}", "a-token"}})
        if (auto at = path.find(name); at != std::string::npos) path.replace(at, std::string_view(name).size(), value);
    return path;
}

TEST(OpenApi, DescribesEveryRouteOfTheShareApiAndNoOther) {
    std::set<std::pair<share_api::Route::Kind, ObjectType>> described;
    for (const auto& [path, item] : document().at("paths").as_object()) {
        if (!is_share_path(path)) continue;
        http::Request request;
        request.path = filled(std::string(path));
        auto route = share_api::parse_route(request);
        ASSERT_TRUE(route) << path;
        Names methods = described_methods(resolved(item));
        for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
            EXPECT_EQ(share_api::is_allowed(route->kind, method), methods.contains(method)) << method << " " << path;
        described.emplace(route->kind, route->type);
    }
    using Kind = share_api::Route::Kind;
    for (auto type : {ObjectType::objs, ObjectType::devices, ObjectType::health})
        for (auto kind : {Kind::stream, Kind::latest, Kind::object, Kind::pipe})
            EXPECT_TRUE(described.contains({kind, type})) << static_cast<int>(kind) << " " << to_string(type);
    EXPECT_TRUE(std::any_of(described.begin(), described.end(), [](auto each) { return each.first == Kind::events; }));
}

// Settings.

const object& example(std::string_view name) {
    return component("examples", name).at("value").as_object();
}

Result<IntegrationConfig> parse(const object& settings) {
    static const DestinationRegistry kRegistry = make_registry();
    return parse_integration(settings, kRegistry, {});
}

/// What the program takes beside an unknown member at `path` of the settings: it names all when none is alike.
Names taken_at(object settings, const std::vector<std::string_view>& path) {
    object* at = &settings;
    for (auto name : path) {
        auto& member = (*at)[name];
        if (!member.is_object()) member.emplace_object();
        at = &member.get_object();
    }
    (*at)[kNobodysMember] = 1;
    auto parsed = parse(settings);
    if (parsed) {
        ADD_FAILURE() << "an unknown member was taken";
        return {};
    }
    constexpr std::string_view kKnown = "Known here: ";
    std::string hint = parsed.error().hint;
    EXPECT_TRUE(hint.starts_with(kKnown)) << parsed.error().message << ": " << hint;
    Names out;
    for (hint.erase(0, std::min(hint.size(), kKnown.size())); !hint.empty();) {
        auto comma = hint.find(", ");
        out.insert(hint.substr(0, comma));
        hint.erase(0, comma == std::string::npos ? hint.size() : comma + 2);
    }
    return out;
}

Names described_members(const object& schema) {
    Names out;
    for (const auto& member : schema.at("properties").as_object()) out.insert(std::string(member.key()));
    return out;
}

TEST(OpenApi, ExamplesAreIntegrationsThatTheProgramTakes) {
    const auto& examples = document().at("components").as_object().at("examples").as_object();
    Names types;
    for (const auto& [name, value] : examples) {
        auto parsed = parse(example(name));
        ASSERT_TRUE(parsed) << name << ": " << parsed.error().message << ": " << parsed.error().hint;
        types.insert(parsed->destination_type());
    }
    Names known;
    std::string list = make_registry().known_types();
    for (const auto& [type, schema] : component("schemas", "Destination").at("discriminator").at("mapping").as_object())
        known.insert(std::string(type));
    EXPECT_EQ(types, known);
    for (const auto& type : known) EXPECT_NE(list.find(type), std::string::npos) << type;
    EXPECT_EQ(static_cast<std::size_t>(std::count(list.begin(), list.end(), ',')) + 1, known.size()) << list;
}

/// `x_file` for each secret `x` that is text, as every destination takes it (destination/secret_files.hpp).
Names files_for_secrets(std::string_view type, const object& schema) {
    static const DestinationRegistry kRegistry = make_registry();
    const auto& properties = schema.at("properties").as_object();
    Names out;
    for (std::string_view path : kRegistry.find(type)->secret_paths) {
        const auto* member = properties.if_contains(path);
        if (member == nullptr) continue;
        const auto* member_type = member->as_object().if_contains("type");
        bool is_object = member_type != nullptr && member_type->is_string() && member_type->as_string() == "object";
        if (!is_object) out.insert(std::string(path) + "_file");
    }
    return out;
}

TEST(OpenApi, DescribesTheSettingsOfEachDestinationThatItsFactoryTakes) {
    for (const auto& [example_name, schema_name] : {std::pair{"Kinesis", "KinesisDestination"},
                                                    {"Sqs", "SqsDestination"},
                                                    {"EventHubs", "EventHubsDestination"},
                                                    {"EventHubsEntra", "EventHubsDestination"},
                                                    {"IotHub", "IotHubDestination"},
                                                    {"PubSub", "PubSubDestination"},
                                                    {"Webhook", "WebhookDestination"},
                                                    {"File", "FileDestination"}}) {
        auto taken = taken_at(example(example_name), {"destination"});
        const object& schema = component("schemas", schema_name);
        Names all = taken;
        all.merge(files_for_secrets(example(example_name).at("destination").at("type").as_string(), schema));
        EXPECT_EQ(described_members(schema), all) << example_name;
        if (taken.contains("tls")) {
            EXPECT_EQ(described_members(component("schemas", "Tls")),
                      taken_at(example(example_name), {"destination", "tls"}))
                << example_name;
        }
    }
}

TEST(OpenApi, DescribesTheSettingsOfAnIntegration) {
    EXPECT_EQ(described_members(component("schemas", "Settings")), taken_at(example("File"), {}));
    for (const auto& [member, schema] :
         {std::pair{"filter", "Filter"}, {"batch", "Batch"}, {"rate", "Rate"}, {"retry", "Retry"}})
        EXPECT_EQ(described_members(component("schemas", schema)), taken_at(example("File"), {member})) << member;
    const auto& entra =
        component("schemas", "EventHubsDestination").at("properties").as_object().at("credentials").as_object();
    Names taken = taken_at(example("EventHubsEntra"), {"destination", "credentials"});
    taken.insert("client_secret_file");
    EXPECT_EQ(described_members(entra), taken);
}

TEST(OpenApi, DescribesAwsCredentialsAsTheyAreTaken) {
    for (const auto& name : described_members(component("schemas", "AwsCredentials"))) {
        object settings = example("Sqs");
        settings["destination"].as_object()["credentials"] = object{{name, object{{"bad", 1}}}};
        auto parsed = parse(settings);
        ASSERT_FALSE(parsed) << name;
        EXPECT_EQ(parsed.error().message.find("not a known"), std::string::npos) << parsed.error().message;
    }
}

}  // namespace
}  // namespace sluice::app
