#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "app/commands.hpp"
#include "app/completion.hpp"
#include "app/misspelling.hpp"
#include "app/version.hpp"

namespace {

using namespace sluice::app;

void add_address(CLI::App* command, ApiAddress& address) {
    command->add_option("--url", address.url, "Where Sluice listens")->envname("SLUICE_URL")->capture_default_str();
    command->add_option("--token", address.token, "Who you are (or SLUICE_TOKEN, SLUICE_ADMIN_TOKEN)");
    command->add_option("--org", address.org, "The org to act for, with the operator's token")->envname("SLUICE_ORG");
    command->add_option("--ca-file", address.ca_file, "A certificate to trust, with https")->check(CLI::ExistingFile);
}

/// The token from the environment where the command line has none: kept out of `--help` and of process listings.
void complete(ApiAddress& address) {
    for (const char* name : {"SLUICE_TOKEN", "SLUICE_ADMIN_TOKEN"})
        if (const char* value = std::getenv(name); address.token.empty() && value != nullptr) address.token = value;
}

/// Commands that did not work end with 1, misuse with 2, whatever CLI11 has for it.
constexpr int kMisuse = 2;

void example(CLI::App* command, const std::string& text) {
    command->footer("\nExamples:\n" + text);
}

struct Manage {
    ManageCommand values;
    CLI::App* app = nullptr;
};

CLI::App* add_manage(CLI::App& parent, Manage& manage, const std::string& name, const std::string& action,
                     const std::string& help, bool needs_id) {
    auto* command = parent.add_subcommand(name, help);
    add_address(command, manage.values.address);
    command->add_flag("--json", manage.values.json, "Print the API's answer as it is");
    if (needs_id) command->add_option("ID", manage.values.id, "The integration")->required();
    command->callback([&manage, action] { manage.values.action = action; });
    return command;
}

CLI::App* add_access(CLI::App& parent, AccessCommand& access, const std::string& name, const std::string& kind,
                     const std::string& action, const std::string& help) {
    auto* command = parent.add_subcommand(name, help);
    add_address(command, access.address);
    command->add_flag("--json", access.json, "Print the API's answer as it is");
    if (action == "list") {
        command->add_option("--limit", access.limit, "At most so many")->capture_default_str();
        command->add_option("--after", access.after, "Beyond this one");
    }
    command->callback([&access, kind, action] {
        access.kind = kind;
        access.action = action;
    });
    return command;
}

void add_limits(CLI::App* command, AccessCommand& access) {
    command->add_option("--requests-per-second", access.requests_per_second,
                        "At most so many requests a second; 0: no limit");
    command->add_option("--burst", access.request_burst, "So many at once [as many as in a second]");
}

void add_token_commands(CLI::App& app, AccessCommand& access) {
    auto* tokens = app.add_subcommand("tokens", "Who may do what: list, make, rotate and revoke tokens");
    tokens->require_subcommand(1);
    add_access(*tokens, access, "list", "tokens", "list", "All of them, without their texts");
    auto* create = add_access(*tokens, access, "create", "tokens", "create", "Make one; its text is shown this once");
    create->add_option("NAME", access.name, "What people call it")->required();
    create->add_option("--scope", access.scopes, "What it may do, like SHARE:READ (may be repeated)");
    create->add_option("--rectype", access.rec_types,
                       "Makes a pipe token, which may only create under this pattern (may be repeated)");
    create->add_option("--expires", access.expires, "No good from this time on, like 2027-01-31T00:00:00Z");
    create->add_option("--lifetime", access.lifetime, "The same as a duration, like 90d");
    create->add_flag("--operator", access.is_operator, "For every org, as the operator");
    add_limits(create, access);
    auto* show = add_access(*tokens, access, "show", "tokens", "show", "One, without its text");
    auto* rotate = add_access(*tokens, access, "rotate", "tokens", "rotate", "Give it another text, shown this once");
    rotate->add_option("--overlap", access.overlap, "How long the text before works on, like 24h [0: not at all]");
    auto* revoke = add_access(*tokens, access, "revoke", "tokens", "delete", "It is no good from now on");
    for (auto* command : {show, rotate, revoke}) command->add_option("ID", access.id, "The token's id")->required();
    example(tokens,
            "  sluice tokens list\n"
            "  sluice tokens create dashboard --org com.acme --scope INTEGRATION:READ --lifetime 90d\n"
            "  sluice tokens create lorawan --org com.acme --rectype 'io.acme.**'\n"
            "  sluice tokens rotate tok_0f1e2d3c4b5a6978 --overlap 24h");
}

void add_org_commands(CLI::App& app, AccessCommand& access) {
    auto* orgs = app.add_subcommand("orgs", "The tenants, and what each may use");
    orgs->require_subcommand(1);
    add_access(*orgs, access, "list", "orgs", "list", "All of them, also those that only tokens and integrations name");
    auto* show = add_access(*orgs, access, "show", "orgs", "show", "One");
    auto* create = add_access(*orgs, access, "create", "orgs", "create", "Give an org a name and limits of its own");
    auto* change = add_access(*orgs, access, "change", "orgs", "change", "Change its name or limits");
    auto* remove = add_access(*orgs, access, "delete", "orgs", "delete", "Forget one that nothing uses any more");
    for (auto* command : {create, change}) {
        command->add_option("--name", access.name, "What people call it");
        command->add_option("--backlog", access.backlog, "What its slowest integration may hold back, like 10GiB");
        add_limits(command, access);
    }
    for (auto* command : {show, create, change, remove})
        command->add_option("ID", access.id, "The org, like com.acme")->required();
    example(orgs,
            "  sluice orgs create com.acme --name 'Acme Ltd' --requests-per-second 200\n"
            "  sluice orgs change com.acme --backlog 10GiB");
}

void add_access_commands(CLI::App& app, AccessCommand& access) {
    add_token_commands(app, access);
    add_org_commands(app, access);
    auto* audit = add_access(app, access, "audit", "audit", "list", "Who changed what, newest first");
    example(audit, "  sluice audit --limit 20\n  sluice audit --org com.acme --json");
}

CLI::App* add_store(CLI::App& parent, StoreCommand& store, const std::string& action, const std::string& help) {
    auto* command = parent.add_subcommand(action, help);
    command->add_option("--data-dir", store.data_dir, "The data folder [the configuration's, or ./data]");
    command->add_option("--config", store.config, "The configuration file")->check(CLI::ExistingFile);
    command->callback([&store, action] { store.action = action; });
    return command;
}

CLI::App* add_secrets(CLI::App& parent, SecretsCommand& secrets, const std::string& action, const std::string& help) {
    auto* command = parent.add_subcommand(action, help);
    add_address(command, secrets.address);
    command->add_option("--data-dir", secrets.data_dir, "A data folder whose node is stopped, instead");
    command->add_option("--config", secrets.config, "The configuration of a node that is stopped, instead")
        ->check(CLI::ExistingFile);
    command->add_flag("--json", secrets.json, "Print it as JSON");
    command->callback([&secrets, action] { secrets.action = action; });
    return command;
}

void add_secrets_commands(CLI::App& app, SecretsCommand& secrets) {
    auto* secrets_app = app.add_subcommand("secrets", "The key that seals what integrations are given");
    secrets_app->require_subcommand(1);
    add_secrets(*secrets_app, secrets, "status", "Which key seals, which open, and what is sealed under which");
    auto* rotate = add_secrets(*secrets_app, secrets, "rotate",
                               "Make a new key and seal everything under it; interrupted, it can be run again");
    rotate->add_flag("--keep-old-key", secrets.keep_old_key, "Leave the old key beside it, for backups made before");
    example(secrets_app,
            "  sluice secrets status\n"
            "  sluice secrets rotate\n"
            "  sluice secrets rotate --config sluice.yaml   # while it is stopped");
}

void add_store_commands(CLI::App& app, StoreCommand& store) {
    auto* store_app = app.add_subcommand("store", "Check, measure, back up and restore a data folder");
    store_app->require_subcommand(1);
    auto* verify =
        add_store(*store_app, store, "verify", "Read all of it; says what is wrong where, and what can be done");
    verify->add_flag("--json", store.json, "Print it as JSON");
    auto* stats = add_store(*store_app, store, "stats", "What is in it, and who wrote it");
    stats->add_flag("--json", store.json, "Print it as JSON");
    stats->add_option("--top", store.top, "How many streams to list")->capture_default_str();
    auto* backup = add_store(*store_app, store, "backup", "Copy it, also while a node runs on it");
    backup->add_option("FOLDER", store.folder, "Where to: a new folder")->required();
    backup->add_flag("--with-key", store.with_key, "The key that opens its secrets too: guard such a backup like one");
    auto* restore = add_store(*store_app, store, "restore", "Make a data folder of a backup");
    restore->add_option("BACKUP", store.folder, "The backup")->required()->check(CLI::ExistingDirectory);
    example(store_app,
            "  sluice store verify --data-dir /var/lib/sluice\n"
            "  sluice store backup --data-dir /var/lib/sluice /backup/monday\n"
            "  sluice store restore --data-dir /var/lib/sluice-again /backup/monday");
}

CLI::App* add_alert(CLI::App& parent, AlertsCommand& alerts, const std::string& action, const std::string& help) {
    auto* command = parent.add_subcommand(action, help);
    add_address(command, alerts.address);
    command->add_flag("--json", alerts.json, "Print the API's answer as it is");
    if (action != "list" && action != "create") command->add_option("ID", alerts.id, "The alert")->required();
    if (action == "create" || action == "replace" || action == "patch")
        command->add_option("FILE", alerts.file, "JSON; - is standard input")->required();
    command->callback([&alerts, action] { alerts.action = action; });
    return command;
}

void add_alert_commands(CLI::App& app, AlertsCommand& alerts) {
    auto* alerts_app = app.add_subcommand("alerts", "Who is told when an integration fails, blocks or recovers");
    alerts_app->require_subcommand(1);
    auto* list = add_alert(*alerts_app, alerts, "list", "All of them, and how sending goes");
    list->add_option("--limit", alerts.limit, "At most so many")->capture_default_str();
    list->add_option("--after", alerts.after, "Beyond this id");
    add_alert(*alerts_app, alerts, "show", "One, with why its receiver does not take messages");
    add_alert(*alerts_app, alerts, "create", "Make one from JSON; a secret that is left out is made, and shown once");
    add_alert(*alerts_app, alerts, "replace", "New settings; a secret left out or \"(redacted)\" is kept");
    add_alert(*alerts_app, alerts, "patch", "Change some settings with a JSON merge patch; null removes");
    add_alert(*alerts_app, alerts, "delete", "Nobody is told any more");
    add_alert(*alerts_app, alerts, "test", "Send a test message now, and say what became of it");
    example(alerts_app,
            "  echo '{\"id\":\"on-call\",\"url\":\"https://hooks.acme.com/x\"}' | sluice alerts create -\n"
            "  sluice alerts test on-call");
}

CLI::App* add_draft(CLI::App& parent, DraftsCommand& drafts, const std::string& action, const std::string& help) {
    auto* command = parent.add_subcommand(action, help);
    add_address(command, drafts.address);
    command->add_flag("--json", drafts.json, "Print the API's answer as it is");
    bool pasted = action == "recognise";
    command
        ->add_option("FILE", drafts.file, pasted ? "What was handed over" : "The settings as JSON; - is standard input")
        ->required();
    if (!pasted) command->add_option("--id", drafts.id, "New settings for this integration: secrets left out are its");
    command->callback([&drafts, action] { drafts.action = action; });
    return command;
}

void add_draft_commands(CLI::App& app, DraftsCommand& drafts) {
    auto* drafts_app = app.add_subcommand("drafts", "Try settings out before they are saved; nothing of them is kept");
    drafts_app->require_subcommand(1);
    add_draft(*drafts_app, drafts, "recognise", "Say which cloud's a console's text is, and which setting takes it");
    auto* check = add_draft(*drafts_app, drafts, "check", "All that is wrong with settings, and where events would go");
    check->add_option("--rectype", drafts.rec_types, "Where this recType would go (may be repeated)");
    add_draft(*drafts_app, drafts, "test", "Try them step by step; writes nothing at the provider");
    auto* preview = add_draft(*drafts_app, drafts, "preview", "Print exactly what would be sent of one event");
    preview->add_option("--sequence", drafts.sequence, "Of this event [a sample]");
    add_draft(*drafts_app, drafts, "sample", "Send one marked event, and say what became of it");
    add_draft(*drafts_app, drafts, "recent", "The recTypes of late, and which of them the filter asks for");
    example(drafts_app,
            "  sluice drafts recognise accessKeys.csv\n"
            "  sluice drafts check settings.json && sluice drafts test settings.json\n"
            "  sluice drafts preview settings.json --sequence 1042");
}

void add_node_commands(CLI::App& app, StatusCommand& status, HealthCommand& health) {
    auto* status_app = app.add_subcommand("status", "How a running Sluice is: events, disk, integrations by state");
    add_address(status_app, status.address);
    status_app->add_flag("--json", status.json, "Print the API's answer as it is");
    example(status_app, "  sluice status");

    auto* health_app = app.add_subcommand("health", "Exit 0 when a running Sluice is ready for writes: for containers");
    health.address.url.clear();
    health_app->add_option("--url", health.address.url, "Where it listens [as configured, on this machine]")
        ->envname("SLUICE_URL");
    health_app->add_option("--ca-file", health.address.ca_file, "A certificate to trust, with https")
        ->check(CLI::ExistingFile);
    health_app->add_option("--config", health.config, "The configuration file that says where it listens");
    health_app->add_flag("--live", health.live, "Only whether it runs");
    example(health_app, "  sluice health --config /etc/sluice/sluice.yaml");
}

int print_completion(const CLI::App& app, const std::string& shell) {
    auto script = completion_script(app, shell);
    if (script) std::cout << *script;
    return script ? 0 : kMisuse;
}

}  // namespace

int main(int argc, char** argv) {
    // A peer that has gone is told by the write that fails, not by a signal.
    std::signal(SIGPIPE, SIG_IGN);

    CLI::App app{"Sluice streams IoT events, durably and in order, into its users' own clouds."};
    app.name("sluice");
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string(kVersion));
    example(&app,
            "  sluice serve --config sluice.yaml\n"
            "  sluice check --config sluice.yaml\n"
            "  sluice test --config sluice.yaml acme-kinesis\n"
            "  sluice simulate --rate 50");

    ServeCommand serve;
    auto* serve_app = app.add_subcommand("serve", "Run Sluice");
    serve_app->add_option("--config", serve.config, "The configuration file (safe defaults without)");
    serve_app->add_option("--data-dir", serve.data_dir, "Where everything is kept [./data]");
    serve_app->add_option("--listen", serve.listen, "ADDRESS:PORT [127.0.0.1:8080]");
    serve_app->add_flag("--sandbox", serve.sandbox, "Stand-ins for the clouds too, on 127.0.0.1:4580");
    example(serve_app, "  sluice serve\n  sluice serve --config sluice.yaml --listen :8443");

    CheckCommand check;
    auto* check_app = app.add_subcommand("check", "Check a configuration file; says file, line and what is wrong");
    check_app->add_option("--config", check.config, "The configuration file")->required();
    example(check_app, "  sluice check --config sluice.yaml");

    TestCommand test;
    auto* test_app = app.add_subcommand("test", "Try each integration step by step; writes nothing at the provider");
    test_app->add_option("--config", test.config, "The configuration file")->required();
    test_app->add_option("ID", test.ids, "Only these integrations");
    example(test_app, "  sluice test --config sluice.yaml\n  sluice test --config sluice.yaml acme-kinesis");

    SendCommand send;
    auto* send_app = app.add_subcommand("send", "Store objects, one JSON object a line");
    add_address(send_app, send.address);
    send_app->add_option("--rectype", send.rec_type, "The stream to write to")->required();
    send_app->add_option("--tag", send.tags, "A tag for all of them (may be repeated)");
    send_app->add_option("--type", send.kind, "What they are")
        ->check(CLI::IsMember({"share", "device", "device-health"}))
        ->capture_default_str();
    send_app->add_option("--batch", send.batch, "Objects a request")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    send_app->add_option("FILE", send.file, "NDJSON; - is standard input")->capture_default_str();
    example(send_app,
            "  sluice send --rectype io.example.readings readings.ndjson\n"
            "  jq -c '.[]' array.json | sluice send --rectype io.example.readings");

    TailCommand tail;
    auto* tail_app = app.add_subcommand("tail", "Watch envelopes as they are stored");
    add_address(tail_app, tail.address);
    tail_app->add_option("--rectype", tail.rec_type, "Only what matches this pattern");
    tail_app->add_option("--count", tail.count, "Stop after so many [never]");
    example(tail_app, "  sluice tail\n  sluice tail --rectype 'io.microshare.**' | jq .obj.data");

    Manage manage;
    auto* integrations_app = app.add_subcommand("integrations", "List, show and steer integrations");
    integrations_app->require_subcommand(1);
    auto* list_app = add_manage(*integrations_app, manage, "list", "list", "All of them, with state and lag", false);
    list_app->add_option("--limit", manage.values.limit, "At most so many")->capture_default_str();
    list_app->add_option("--after", manage.values.after, "Where the page before said that there is more");
    list_app->add_option("--state", manage.values.state, "Only those: running, paused, throttled, failing, blocked");
    list_app->add_option("--type", manage.values.destination_type, "Only those to one kind of destination");
    list_app->add_option("--search", manage.values.search, "Only those with this in id, org, target or last error");
    list_app->add_option("--sort", manage.values.sort, "id, lag, state or last_error; -lag: the greatest first");
    example(list_app,
            "  sluice integrations list --state failing,blocked\n"
            "  sluice integrations list --sort -lag --limit 20");
    add_manage(*integrations_app, manage, "show", "show", "One, with its ledger and last error", true);
    auto* create_app = add_manage(*integrations_app, manage, "create", "create", "Make one from JSON", false);
    create_app->add_option("FILE", manage.values.file, "The settings as JSON; - is standard input")->required();
    auto* replace_app = add_manage(*integrations_app, manage, "replace", "replace",
                                   "New settings from JSON; secrets left out or \"(redacted)\" are kept", true);
    replace_app->add_flag("--force", manage.values.force, "Also when the provider refuses the new settings");
    replace_app->add_option("FILE", manage.values.file, "The settings as JSON; - is standard input")->required();
    auto* patch_app = add_manage(*integrations_app, manage, "patch", "patch",
                                 "Change some settings with a JSON merge patch; null removes", true);
    patch_app->add_flag("--force", manage.values.force, "Also when the provider refuses the new settings");
    patch_app->add_option("FILE", manage.values.file, "The patch as JSON; - is standard input")->required();
    add_manage(*integrations_app, manage, "delete", "delete", "Remove one that was made through the API", true);
    add_manage(*integrations_app, manage, "pause", "pause", "Stop sending; the backlog is kept", true);
    add_manage(*integrations_app, manage, "resume", "resume", "Go on sending", true);
    add_manage(*integrations_app, manage, "test", "test", "Try it step by step; writes nothing at the provider", true);
    add_manage(*integrations_app, manage, "sample", "sample", "Send one marked sample event, and say what became of it",
               true);
    auto* replay_app = add_manage(*integrations_app, manage, "replay", "replay",
                                  "Send a part of the log again, beside live events", true);
    replay_app->add_option("--from", manage.values.from, "A sequence, or a time like 2026-11-23T14:05:00Z")->required();
    replay_app->add_option("--to", manage.values.to, "The last wanted, likewise [now]");
    example(integrations_app,
            "  sluice integrations list\n"
            "  sluice integrations show acme-kinesis\n"
            "  echo '{\"batch\":{\"max_events\":100}}' | sluice integrations patch acme-kinesis -\n"
            "  sluice integrations replay acme-kinesis --from 2026-11-23T00:00:00Z --to 2026-11-23T06:00:00Z");

    auto* dead_app = app.add_subcommand("dead-letters", "What a destination will never accept, and why");
    dead_app->require_subcommand(1);
    auto choose = [&manage](CLI::App* command) {
        command->add_option("--rectype", manage.values.rec_type, "Only events of streams that match this pattern");
        command->add_option("--class", manage.values.error_class, "Only this error class");
        command->add_option("--code", manage.values.code, "Only the provider's code");
        command->add_option("--target", manage.values.target, "Only this stream, queue, topic or hub");
        command->add_option("--key", manage.values.key, "Only this key");
        command->add_option("--from", manage.values.from, "Dead since this time (RFC 3339)");
        command->add_option("--to", manage.values.to, "Dead until this time (RFC 3339)");
    };
    auto* letter_app = add_manage(*dead_app, manage, "show", "dead-letter", "One, with its payload", true);
    letter_app->add_option("SEQUENCE", manage.values.from, "Its sequence")->required();
    auto settle = [&](const std::string& name, const std::string& help) {
        auto* command = add_manage(*dead_app, manage, name, name, help, true);
        command->add_flag("--all", manage.values.all, "All of them");
        command->add_option("--sequence", manage.values.sequences, "This one (may be repeated)");
        choose(command);
    };
    auto* dead_list = add_manage(*dead_app, manage, "list", "dead-letters", "The dead letters of an integration", true);
    dead_list->add_option("--limit", manage.values.limit, "At most so many")->capture_default_str();
    dead_list->add_option("--after", manage.values.after, "Beyond this sequence");
    choose(dead_list);
    settle("redeliver", "Send them again, in order; what is accepted is a dead letter no more");
    settle("discard", "Throw them away");
    example(dead_app,
            "  sluice dead-letters list acme-kinesis --rectype 'io.acme.**' --class too_large\n"
            "  sluice dead-letters redeliver acme-kinesis --all\n"
            "  sluice dead-letters discard acme-kinesis --sequence 1042 --sequence 1077");

    auto* reload_app = app.add_subcommand("reload", "Have a running Sluice apply its changed configuration file");
    add_address(reload_app, manage.values.address);
    reload_app->add_flag("--json", manage.values.json, "Print the API's answer as it is");
    reload_app->callback([&manage] { manage.values.action = "reload"; });
    example(reload_app, "  sluice reload\n  kill -HUP $(pidof sluice)   # the same");

    AccessCommand access;
    add_access_commands(app, access);
    AlertsCommand alerts;
    add_alert_commands(app, alerts);
    StatusCommand status;
    HealthCommand health;
    add_node_commands(app, status, health);

    SandboxCommand sandbox;
    auto* sandbox_app = app.add_subcommand("sandbox", "Local stand-ins for the clouds, for trying out and for tests");
    sandbox_app->add_option("--listen", sandbox.listen, "ADDRESS:PORT")->capture_default_str();
    sandbox_app->add_option("--faults", sandbox.faults, "A JSON file of faults to inject");
    sandbox_app->add_flag("--tls", sandbox.tls, "Speak TLS with a certificate made at start");
    sandbox_app->add_option("--certificate", sandbox.certificate, "Write the certificate to trust here");
    sandbox_app->add_option("--credentials", sandbox.credentials, "Write the Google service account's key file here");
    example(sandbox_app,
            "  sluice sandbox\n"
            "  curl -s http://127.0.0.1:4580/_sandbox/received | jq .");

    SimulateCommand simulate;
    auto* simulate_app = app.add_subcommand("simulate", "A plausible building's sensors, written to a running Sluice");
    add_address(simulate_app, simulate.address);
    simulate_app->add_option("--buildings", simulate.buildings, "How many")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    simulate_app->add_option("--rate", simulate.rate, "Actions a second; 0: as quick as it goes")
        ->check(CLI::Range(0.0, 1'000'000.0))
        ->capture_default_str();
    simulate_app->add_option("--seed", simulate.seed, "The same seed gives the same building")->capture_default_str();
    simulate_app->add_option("--count", simulate.count, "Stop after so many actions [never]");
    simulate_app->add_flag("--print", simulate.print, "Print the actions and send nothing");
    example(simulate_app, "  sluice simulate --rate 50\n  sluice simulate --buildings 20 --rate 1000 --count 100000");

    StoreCommand store;
    add_store_commands(app, store);

    DraftsCommand drafts;
    add_draft_commands(app, drafts);

    SecretsCommand secrets;
    add_secrets_commands(app, secrets);

    app.add_subcommand("version", "Print the version");

    std::string shell;
    auto* completion_app = app.add_subcommand("completion", "Print completions for a shell")->group("");
    completion_app->add_option("SHELL", shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        if (auto meant = misspelt(app, {argv + 1, argv + argc})) {
            std::cerr << "sluice: " << *meant << '\n';
            return kMisuse;
        }
        return app.exit(wrong) == 0 ? 0 : kMisuse;
    }

    for (auto* address : {&send.address, &tail.address, &manage.values.address, &access.address, &simulate.address,
                          &secrets.address, &alerts.address, &status.address, &drafts.address})
        complete(*address);
    try {
        if (app.got_subcommand("serve")) return run_serve(serve);
        if (app.got_subcommand("check")) return run_check(check);
        if (app.got_subcommand("test")) return run_test(test);
        if (app.got_subcommand("send")) return run_send(send);
        if (app.got_subcommand("tail")) return run_tail(tail);
        if (app.got_subcommand("integrations") || app.got_subcommand("dead-letters") || app.got_subcommand("reload"))
            return run_integrations(manage.values);
        if (app.got_subcommand("tokens") || app.got_subcommand("orgs") || app.got_subcommand("audit"))
            return run_access(access);
        if (app.got_subcommand("alerts")) return run_alerts(alerts);
        if (app.got_subcommand("drafts")) return run_drafts(drafts);
        if (app.got_subcommand("status")) return run_status(status);
        if (app.got_subcommand("health")) return run_health(health);
        if (app.got_subcommand("completion")) return print_completion(app, shell);
        if (app.got_subcommand("sandbox")) return run_sandbox(sandbox);
        if (app.got_subcommand("store")) return run_store(store);
        if (app.got_subcommand("secrets")) return run_secrets(secrets);
        if (app.got_subcommand("simulate")) return run_simulate(simulate);
    } catch (const std::exception& failure) {
        std::cerr << "sluice: " << failure.what() << '\n';
        return 1;
    }
    std::cout << "sluice " << kVersion << '\n';
    return 0;
}
