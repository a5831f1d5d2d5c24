#include "app/configuration.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

Environment no_environment() {
    return [](const std::string&) { return std::nullopt; };
}

Environment with(std::map<std::string, std::string> values) {
    return [values](const std::string& name) -> std::optional<std::string> {
        auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    };
}

Error refused(const std::string& text, const Environment& environment = no_environment()) {
    auto parsed = parse_configuration(text, "sluice.yaml", environment);
    EXPECT_TRUE(parsed.has_error()) << text;
    return parsed ? Error{} : parsed.error();
}

TEST(Configuration, HasSafeDefaultsWithoutAFile) {
    auto configuration = load_configuration("", no_environment()).value();
    EXPECT_EQ(configuration.listen.address, "127.0.0.1");
    EXPECT_EQ(configuration.listen.port, 8080);
    EXPECT_EQ(configuration.data_dir, "./data");
    EXPECT_EQ(configuration.retention_age, 168h);
    EXPECT_EQ(configuration.hard_limit, std::uint64_t{100} << 30);
    EXPECT_EQ(configuration.min_free_disk, std::uint64_t{1} << 30);
    EXPECT_EQ(configuration.segment_size, std::uint64_t{256} << 20);
    EXPECT_FALSE(configuration.objects.devices.has_value());
}

TEST(Configuration, ReadsOrgsAndTheirLimitsAndThoseOfTokens) {
    auto configuration = parse_configuration(R"(
limits: {token_requests_per_second: 100, token_request_burst: 200, failed_authentications_per_minute: 60}
orgs:
  - {id: com.acme, name: Acme, limits: {requests_per_second: 500, backlog: 1GiB}}
tokens:
  - {name: writer, org: com.acme, scopes: ["ALL:ALL"], token: writer, expires: 2027-01-31T00:00:00Z, limits: {requests_per_second: 5}}
)",
                                             "sluice.yaml", no_environment())
                             .value();
    EXPECT_EQ(configuration.limits.token_requests, (RateLimit{100, 200}));
    EXPECT_EQ(configuration.limits.failed_authentications_per_minute, 60u);
    ASSERT_EQ(configuration.orgs.size(), 1u);
    EXPECT_EQ(configuration.orgs[0].limits.requests, (RateLimit{500, 0}));
    EXPECT_EQ(configuration.orgs[0].limits.backlog, std::uint64_t{1} << 30);
    EXPECT_EQ(configuration.tokens[0].rate, (RateLimit{5, 0}));
    EXPECT_EQ(configuration.tokens[0].expires, parse_rfc3339("2027-01-31T00:00:00Z").value());
    EXPECT_NE(refused("orgs: [{id: com.acme}, {id: com.acme}]").message.find("given twice"), std::string::npos);
    EXPECT_NE(refused("orgs: [{id: com acme}]").message.find("orgs[0].id"), std::string::npos);
    EXPECT_NE(refused("orgs: [{id: a, limit: {}}]").hint.find("limits"), std::string::npos);
    EXPECT_NE(refused("tokens: [{name: a, scopes: [ALL], token: t}]").message.find("unknown scope"), std::string::npos);
}

TEST(Configuration, ReadsEveryKeyOfTheContract) {
    auto configuration = parse_configuration(R"(
listen: 127.0.0.1:9000
data_dir: /var/lib/sluice
tls: {cert_file: c.pem, key_file: k.pem}
log: {level: warn, format: json}
metrics: {per: org}
retention: {age: 2d, size: 5GiB}
hard_limit: 10GiB
segment_size: 64MiB
objects: {objs: 1d, devices: forever, health: 30d}
min_free_disk: 512MiB
limits: {body: 8MiB, object: 64KiB, depth: 16, org_backlog: 1GiB, deliver_timeout: 5s}
tokens:
  - {name: writer, org: com.acme, scopes: ["SHARE:CREATE", "SHARE:READ"], token: "${WRITER}"}
pipe_tokens:
  - {name: lorawan, org: com.acme, recTypes: ["io.microshare.**"], token: pipe-0123456789}
integrations:
  - id: acme-kinesis
    destination: {type: kinesis}
)",
                                             "sluice.yaml", with({{"WRITER", "writer-token"}}))
                             .value();
    EXPECT_EQ(configuration.listen.port, 9000);
    EXPECT_EQ(configuration.tls_certificate, "c.pem");
    EXPECT_EQ(configuration.log_format, LogFormat::json);
    EXPECT_EQ(configuration.metrics_per, api::MetricsPer::org);
    EXPECT_EQ(configuration.retention_age, 48h);
    EXPECT_EQ(configuration.segment_size, std::uint64_t{64} << 20);
    EXPECT_EQ(configuration.objects.objs, std::optional<std::chrono::seconds>(24h));
    EXPECT_EQ(configuration.objects.devices, std::nullopt);
    EXPECT_EQ(configuration.limits.object, 64u << 10);
    EXPECT_EQ(configuration.limits.deliver_timeout, 5s);
    ASSERT_EQ(configuration.tokens.size(), 2u);
    EXPECT_EQ(configuration.tokens[0].token.reveal(), "writer-token");
    EXPECT_EQ(configuration.tokens[0].scopes,
              static_cast<std::uint32_t>(Scope::share_create) | static_cast<std::uint32_t>(Scope::share_read));
    EXPECT_TRUE(configuration.tokens[1].is_pipe);
    ASSERT_EQ(configuration.integrations.size(), 1u);
}

TEST(Configuration, WhatTheEnvironmentSetsWinsOverTheFile) {
    auto environment = with({{"SLUICE_MIN_FREE_DISK", "5GiB"},
                             {"SLUICE_RETENTION_AGE", "2d"},
                             {"SLUICE_LIMITS_DEPTH", "16"},
                             {"SLUICE_OBJECTS_DEVICES", "30d"}});
    auto configuration =
        parse_configuration("min_free_disk: 1GiB\nretention: {size: 2GiB}\n", "sluice.yaml", environment).value();
    EXPECT_EQ(configuration.min_free_disk, std::uint64_t{5} << 30);
    EXPECT_EQ(configuration.retention_age, 48h);
    EXPECT_EQ(configuration.retention_size, std::uint64_t{2} << 30) << "what stands beside it stays";
    EXPECT_EQ(configuration.limits.depth, 16u);
    EXPECT_EQ(load_configuration("", environment)->objects.devices, std::chrono::hours(24 * 30));
    auto error = refused("min_free_disk: 1GiB\n", with({{"SLUICE_MIN_FREE_DISK", "plenty"}}));
    EXPECT_TRUE(error.message.starts_with("SLUICE_MIN_FREE_DISK: min_free_disk")) << error.message;
}

TEST(Configuration, AFolderIsNoConfigurationFile) {
    auto loaded = load_configuration("/", no_environment());
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().message, "/ is a folder");
}

TEST(Configuration, AnUnknownKeySuggestsTheNearestKnownOneAndNamesTheLine) {
    auto error = refused("listen: 127.0.0.1:1\ndata_dri: x\n");
    EXPECT_NE(error.message.find("sluice.yaml:2: data_dri"), std::string::npos) << error.message;
    EXPECT_NE((error.message + error.hint).find("data_dir"), std::string::npos);
    error = refused("retention:\n  age: 7d\n  sise: 5GiB\n");
    EXPECT_NE(error.message.find("sluice.yaml:3: retention.sise"), std::string::npos) << error.message;
}

TEST(Configuration, ABadUnitNamesTheKeyAndTheKnownUnits) {
    auto error = refused("retention:\n  age: 7 days\n");
    EXPECT_NE(error.message.find("sluice.yaml:2: retention.age"), std::string::npos) << error.message;
    EXPECT_NE((error.message + error.hint).find("ms"), std::string::npos);
    error = refused("hard_limit: 5Gb\n");
    EXPECT_NE(error.message.find("hard_limit"), std::string::npos) << error.message;
}

TEST(Configuration, RefusesWhatCannotBe) {
    EXPECT_NE(refused("- a\n").message.find("mapping"), std::string::npos);
    EXPECT_NE(refused("listen: nowhere\n").message.find("sluice.yaml:1: listen"), std::string::npos);
    EXPECT_NE(refused("listen: 127.0.0.1:99999\n").message.find("listen"), std::string::npos);
    EXPECT_NE(refused("data_dir: a\ndata_dir: b\n").message.find("given twice"), std::string::npos);
    EXPECT_NE(refused("a: [1\n").message.find("not valid YAML"), std::string::npos);
    auto second = refused("listen: 127.0.0.1:1\n---\nintegrations: []\n");
    EXPECT_NE(second.message.find("sluice.yaml:3: a second document"), std::string::npos) << second.message;
    for (const char* bare : {"a: [**]\n", "a:\n  - *.event\n"})
        EXPECT_NE(refused(bare).hint.find("in quotes"), std::string::npos) << bare << refused(bare).message;
    EXPECT_NE(refused("hard_limit: 1GiB\nretention: {size: 2GiB}\n").message.find("hard_limit"), std::string::npos);
    EXPECT_NE(refused("segment_size: 512KiB\n").message.find("segment_size"), std::string::npos);
    EXPECT_NE(refused("segment_size: 4GiB\n").message.find("segment_size"), std::string::npos);
    EXPECT_NE(refused("segment_size: 1MiB\n").message.find("twice limits.object"), std::string::npos)
        << "an object of the default limit must fit";
    EXPECT_NE(refused("tokens: [{name: a, scopes: [\"SHARE:WRITE\"], token: t}]\n").message.find("SHARE:WRITE"),
              std::string::npos);
    EXPECT_NE(refused("tokens: [{name: a, scopes: [\"SHARE:READ\"]}]\n").message.find("tokens[0].token"),
              std::string::npos);
    EXPECT_NE(refused("pipe_tokens: [{name: a, recTypes: [\"a*\"], token: t}]\n").message.find("pattern"),
              std::string::npos);
    EXPECT_NE(refused("data_dir: ${NOT_SET}\n").message.find("NOT_SET"), std::string::npos);
}

TEST(Configuration, ErrorsNeverPrintAToken) {
    auto error = refused("pipe_tokens: [{name: a, recTypes: [\"**\"], token: \"very secret/value\"}]\n");
    EXPECT_EQ((error.message + error.hint).find("very secret"), std::string::npos);
}

TEST(Configuration, ATokenFilesTrailingNewlineIsForgiven) {
    auto path = std::filesystem::temp_directory_path() / ("sluice-token-" + std::to_string(::getpid()));
    std::ofstream(path) << "  file-token\r\n";
    auto configuration =
        parse_configuration("tokens: [{name: a, scopes: [\"ALL:ALL\"], token_file: " + path.string() + "}]", "f",
                            no_environment())
            .value();
    EXPECT_EQ(configuration.tokens[0].token.reveal(), "file-token");
    std::filesystem::remove(path);
}

TEST(Configuration, TheEnvironmentWinsOverTheFile) {
    auto configuration =
        parse_configuration(
            "listen: 127.0.0.1:1\ndata_dir: a\n", "f",
            with({{"SLUICE_LISTEN", ":7000"}, {"SLUICE_DATA_DIR", "b"}, {"SLUICE_ADMIN_TOKEN", "0123456789abcdef\n"}}))
            .value();
    EXPECT_EQ(configuration.listen.port, 7000);
    EXPECT_EQ(configuration.listen.address, "0.0.0.0");
    EXPECT_EQ(configuration.data_dir, "b");
    EXPECT_EQ(configuration.admin_token->reveal(), "0123456789abcdef");
    EXPECT_TRUE(parse_configuration("", "f", with({{"SLUICE_ADMIN_TOKEN", "short"}})).has_error());
}

TEST(Configuration, AVariableThatIsEmptySetsNothing) {
    auto configuration = parse_configuration("listen: 127.0.0.1:1\ndata_dir: a\n", "f",
                                             with({{"SLUICE_LISTEN", ""},
                                                   {"SLUICE_DATA_DIR", ""},
                                                   {"SLUICE_LOG_LEVEL", ""},
                                                   {"SLUICE_LOG_FORMAT", ""},
                                                   {"SLUICE_SECRETS_KEY", ""},
                                                   {"SLUICE_ADMIN_TOKEN", ""}}));
    ASSERT_TRUE(configuration);
    EXPECT_EQ(configuration->listen.port, 1);
    EXPECT_EQ(configuration->data_dir, "a");
    EXPECT_FALSE(configuration->secrets_key);
    EXPECT_FALSE(configuration->admin_token);
}

TEST(YamlDocument, KeepsQuotedTextAsTextAndKnowsTheLineOfAPath) {
    auto document =
        YamlDocument::parse("a: \"007\"\nb: 007\nc:\n  - d: true\n    e: \"true\"\n", "f", no_environment()).value();
    const auto& root = document.root().as_object();
    EXPECT_EQ(root.at("a").as_string(), "007");
    EXPECT_EQ(root.at("b").as_int64(), 7);
    EXPECT_TRUE(root.at("c").at(0).at("d").as_bool());
    EXPECT_EQ(root.at("c").at(0).at("e").as_string(), "true");
    EXPECT_EQ(document.line_of("c[0].e"), 5);
    EXPECT_EQ(document.line_of("c[0].nothing"), 4);
    EXPECT_EQ(document.line_of("unknown"), 0);
}

TEST(Overrides, AMisspeltOneIsToldTheNearest) {
    EXPECT_EQ(misspelt_overrides({"PATH", "SLUICE_MIN_FREE_DISK", "SLUICE_MIN_FREE_DSK", "SLUICE_LIMIT_BODY"}),
              (std::vector<std::string>{"SLUICE_MIN_FREE_DSK sets nothing: did you mean SLUICE_MIN_FREE_DISK?",
                                        "SLUICE_LIMIT_BODY sets nothing: did you mean SLUICE_LIMITS_BODY?"}));
    // What Kubernetes puts there, and a name of the operator's own for the file's ${…}.
    EXPECT_EQ(misspelt_overrides({"SLUICE_PORT", "SLUICE_SERVICE_HOST", "SLUICE_PORT_8080_TCP", "SLUICE_ACME_SECRET"}),
              std::vector<std::string>());
}

}  // namespace
}  // namespace sluice::app
