#include "delivery/integration_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "destination/settings_reader.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

DestinationRegistry registry_with_pipe() {
    DestinationRegistry registry;
    DestinationKind kind;
    kind.type = "pipe";
    kind.check = [](const boost::json::object& settings, const DestinationContext& context) -> Result<void> {
        SettingsReader reader(settings, "destination");
        reader.allow({"type"});
        reader.required_text("to");
        if (!context.operator_owned && reader.has("path")) reader.fail("path", "is the operator's");
        reader.text("path");
        return reader.finish();
    };
    kind.make = [](const boost::json::object&, const DestinationContext&) -> Result<std::unique_ptr<Destination>> {
        return make_error(Errc::unsupported, "not made here");
    };
    registry.add(std::move(kind));
    return registry;
}

Result<IntegrationConfig> parse(std::string_view json, IntegrationOrigin origin = {}) {
    static const DestinationRegistry registry = registry_with_pipe();
    return parse_integration(boost::json::parse(json).as_object(), registry, origin);
}

std::string error_of(std::string_view json, IntegrationOrigin origin = {}) {
    auto parsed = parse(json, origin);
    return parsed ? "no error" : parsed.error().message;
}

IntegrationOrigin tenant() {
    IntegrationOrigin origin;
    origin.default_org = "com.acme";
    origin.operator_owned = false;
    return origin;
}

TEST(IntegrationConfig, DefaultsAreTheProducts) {
    IntegrationConfig config = parse(R"({"id":"a","destination":{"type":"pipe","to":"x"}})").value();
    EXPECT_EQ(config.org, "default");
    EXPECT_THAT(config.filter.orgs, ElementsAre("default"));
    EXPECT_TRUE(config.filter.rec_types.empty());
    EXPECT_EQ(config.filter.event_types, 0xff);
    EXPECT_EQ(config.ordering, Ordering::key);
    EXPECT_EQ(config.key, "{id}");
    EXPECT_EQ(config.start.kind, StartAt::Kind::now);
    EXPECT_EQ(config.payload, PayloadForm::envelope);
    EXPECT_EQ(config.batch.max_events, 500u);
    EXPECT_EQ(config.batch.max_bytes, 4u << 20);
    EXPECT_EQ(config.batch.max_wait, 10ms);
    EXPECT_EQ(config.retry.max_backoff, 30s);
    EXPECT_EQ(config.retry.max_age, 0s);
    EXPECT_EQ(config.on_dead_letter, OnDeadLetter::proceed);
    EXPECT_EQ(config.destination_type(), "pipe");
}

TEST(IntegrationConfig, ReadsEverythingThatCanBeSet) {
    IntegrationConfig config = parse(R"({"id":"acme-1","org":"com.acme","filter":{"recTypes":["io.a.**","io.*.b"],
        "event_types":["create","delete"],"obj_types":["devices"],"tags":["Dublin"]},
        "destination":{"type":"pipe","to":"x"},"payload":"data","redact":["origin.tokendata"],"start":"oldest",
        "ordering":"key","key":"{obj.data.device.id|id}",
        "batch":{"max_events":10,"max_bytes":"64KiB","max_wait":"5ms"},
        "rate":{"events_per_second":7,"bytes_per_second":"1MiB"},
        "retry":{"max_backoff":"2s","max_age":"1h"},"on_dead_letter":"hold_key"})")
                                   .value();
    EXPECT_THAT(config.filter.orgs, ElementsAre("com.acme"));
    EXPECT_THAT(config.filter.rec_types, ElementsAre("io.a.**", "io.*.b"));
    EXPECT_TRUE(config.filter.wants_types(EventType::remove, ObjectType::devices));
    EXPECT_FALSE(config.filter.wants_types(EventType::update, ObjectType::devices));
    EXPECT_FALSE(config.filter.wants_types(EventType::create, ObjectType::objs));
    EXPECT_EQ(config.payload, PayloadForm::data);
    EXPECT_EQ(config.start.kind, StartAt::Kind::oldest);
    EXPECT_EQ(config.batch.max_bytes, 64u << 10);
    EXPECT_EQ(config.rate.events_per_second, 7u);
    EXPECT_EQ(config.rate.bytes_per_second, 1u << 20);
    EXPECT_EQ(config.retry.max_age, 1h);
    EXPECT_EQ(config.on_dead_letter, OnDeadLetter::hold_key);
}

TEST(IntegrationConfig, StartIsASequenceAsTextOrNumber) {
    EXPECT_EQ(parse(R"({"id":"a","start":"17","destination":{"type":"pipe","to":"x"}})")->start.position.sequence, 17u);
    EXPECT_EQ(parse(R"({"id":"a","start":17,"destination":{"type":"pipe","to":"x"}})")->start.position.sequence, 17u);
    for (auto bad : {R"("later")", R"("0")", R"("-1")", R"("1x")", "0", "-4", "1.5", "[]"})
        EXPECT_THAT(error_of(R"({"id":"a","destination":{"type":"pipe","to":"x"},"start":)" + std::string(bad) + "}"),
                    HasSubstr("start must be"));
}

TEST(IntegrationConfig, ErrorsNameThePath) {
    IntegrationOrigin origin;
    origin.path = "integrations[2]";
    auto error = [&](std::string_view json) { return error_of(json, origin); };
    EXPECT_THAT(error(R"({"id":"a","filter":{"recTypes":["io.a","io.*x"]},"destination":{"type":"pipe","to":"x"}})"),
                HasSubstr("integrations[2].filter.recTypes[1] is not a pattern"));
    EXPECT_THAT(error(R"({"id":"A","destination":{"type":"pipe","to":"x"}})"),
                HasSubstr("integrations[2].id is not an id"));
    EXPECT_THAT(error(R"({"destination":{"type":"pipe","to":"x"}})"), HasSubstr("integrations[2].id is missing"));
    EXPECT_THAT(error(R"({"id":"a"})"), HasSubstr("integrations[2].destination is missing"));
    EXPECT_THAT(error(R"({"id":"a","destination":{"type":"pipe"}})"),
                HasSubstr("integrations[2].destination.to is missing"));
    EXPECT_THAT(error(R"({"id":"a","batch":{"max_wait":"10"},"destination":{"type":"pipe","to":"x"}})"),
                HasSubstr("integrations[2].batch.max_wait"));
    EXPECT_THAT(error(R"({"id":"a","key":"{nope}","destination":{"type":"pipe","to":"x"}})"),
                HasSubstr("integrations[2].key is not a template"));
    EXPECT_THAT(error(R"({"id":"a","redact":["obj.x"],"destination":{"type":"pipe","to":"x"}})"),
                HasSubstr("integrations[2].redact[0]"));
}

TEST(IntegrationConfig, ATagOfTheFilterIsUtf8AsTagsOfObjectsAre) {
    auto settings =
        boost::json::parse(R"({"id":"a","filter":{"tags":["Dublin","x"]},"destination":{"type":"pipe","to":"x"}})")
            .as_object();
    settings["filter"].as_object()["tags"].as_array()[1] = boost::json::string("K\xF6ln");
    auto parsed = parse_integration(settings, registry_with_pipe(), {});
    ASSERT_FALSE(parsed);
    EXPECT_THAT(parsed.error().message, HasSubstr("filter.tags[1] is not a tag"));
}

TEST(IntegrationConfig, UnknownMembersSuggestTheNearestKnownOne) {
    auto parsed = parse(R"({"id":"a","filter":{"rectypes":["io.a"]},"destination":{"type":"pipe","to":"x"}})");
    EXPECT_THAT(parsed.error().message, HasSubstr("filter.rectypes is not a known setting"));
    EXPECT_THAT(parsed.error().hint, HasSubstr("recTypes"));
    auto word =
        parse(R"({"id":"a","filter":{"event_types":["remove","creat"]},"destination":{"type":"pipe","to":"x"}})");
    EXPECT_THAT(word.error().message, HasSubstr("filter.event_types[0] must be one of create, update, delete"));
    auto type = parse(R"({"id":"a","destination":{"type":"pip","to":"x"}})");
    EXPECT_THAT(type.error().message, HasSubstr("destination.type is not a known destination"));
    EXPECT_THAT(type.error().hint, HasSubstr("pipe"));
}

TEST(IntegrationConfig, ATenantGetsItsOwnOrgOnly) {
    EXPECT_THAT(parse(R"({"id":"a","destination":{"type":"pipe","to":"x"}})", tenant())->filter.orgs,
                ElementsAre("com.acme"));
    auto other = parse(R"({"id":"a","org":"com.other","destination":{"type":"pipe","to":"x"}})", tenant());
    EXPECT_EQ(other.error().code, Errc::forbidden);
    auto many = parse(R"({"id":"a","orgs":["com.**"],"destination":{"type":"pipe","to":"x"}})", tenant());
    EXPECT_EQ(many.error().code, Errc::forbidden);
    EXPECT_THAT(error_of(R"({"id":"a","destination":{"type":"pipe","to":"x","path":"/etc"}})", tenant()),
                HasSubstr("is the operator's"));
}

TEST(IntegrationConfig, TheOperatorMayNamePatternsOfOrgs) {
    EXPECT_THAT(parse(R"({"id":"a","orgs":["com.**"],"destination":{"type":"pipe","to":"x"}})")->filter.orgs,
                ElementsAre("com.**"));
}

TEST(IntegrationConfig, HoldingAKeyNeedsKeys) {
    EXPECT_THAT(
        error_of(R"({"id":"a","ordering":"none","on_dead_letter":"hold_key","destination":{"type":"pipe","to":"x"}})"),
        HasSubstr("on_dead_letter can hold a key only with"));
}

TEST(IntegrationProblems, TellOfEachPartAtOnce) {
    auto settings = boost::json::parse(R"({"id":"Not An Id","filter":{"recTypes":["a..b"]},"ordering":"sometimes",
        "destination":{"type":"pipe"}})")
                        .as_object();
    auto problems = integration_problems(settings, registry_with_pipe(), {.default_org = "com.acme"});
    std::vector<std::string> messages;
    for (const auto& problem : problems) messages.push_back(problem.message);
    EXPECT_THAT(messages, ElementsAre(HasSubstr("id is not an id"), HasSubstr("filter.recTypes[0]"),
                                      HasSubstr("ordering must be"), HasSubstr("destination.to is missing")));
}

TEST(IntegrationProblems, AMisspeltMemberComesFirst) {
    auto settings = boost::json::parse(R"({"id":"a","filtre":{},"destination":{"type":"pipe"}})").as_object();
    auto problems = integration_problems(settings, registry_with_pipe(), {});
    ASSERT_EQ(problems.size(), 2u);
    EXPECT_EQ(problems[0].message, "filtre is not a known setting");
    EXPECT_EQ(problems[1].message, "destination.to is missing");
}

TEST(IntegrationProblems, NoneWhereParsingHasNone) {
    auto settings = boost::json::parse(R"({"id":"a","destination":{"type":"pipe","to":"x"}})").as_object();
    EXPECT_TRUE(integration_problems(settings, registry_with_pipe(), {}).empty());
}

}  // namespace
}  // namespace sluice
