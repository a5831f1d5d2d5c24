#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/api_client.hpp"

namespace sluice::app {

/// The subcommands. Each returns the process's exit code: 0 done, 1 it did not work (said on standard error), 2 misuse.

struct ServeCommand {
    std::string config;
    std::string data_dir;  ///< empty: the configuration's
    std::string listen;    ///< empty: the configuration's
    bool sandbox = false;  ///< the stand-ins too, in the same process
};
int run_serve(const ServeCommand& command);

struct CheckCommand {
    std::string config;
};
int run_check(const CheckCommand& command);

struct TestCommand {
    std::string config;
    std::vector<std::string> ids;  ///< empty: all
    bool json = false;
};
int run_test(const TestCommand& command);

struct SendCommand {
    ApiAddress address;
    std::string rec_type;
    std::string file = "-";
    std::vector<std::string> tags;
    std::string kind = "share";  ///< share, device, device-health
    std::size_t batch = 100;
};
int run_send(const SendCommand& command);

struct TailCommand {
    ApiAddress address;
    std::string rec_type;     ///< pattern; empty: all
    std::uint64_t count = 0;  ///< stop after so many; 0: never
};
int run_tail(const TailCommand& command);

struct SimulateCommand {
    ApiAddress address;
    std::size_t buildings = 1;
    double rate = 10;  ///< actions a second; 0: as quick as it goes
    std::uint64_t seed = 1;
    std::uint64_t count = 0;  ///< stop after so many; 0: never
    bool print = false;       ///< print the actions instead of sending them
};
int run_simulate(const SimulateCommand& command);

struct SandboxCommand {
    std::string listen = "127.0.0.1:4580";
    std::string faults;
    std::string certificate;  ///< where to write the certificate to trust; with `tls`
    std::string credentials;  ///< where to write the Google service account's key file
    bool tls = false;
};
int run_sandbox(const SandboxCommand& command);

struct ManageCommand {
    ApiAddress address;
    std::string action;  ///< list, show, create, replace, patch, delete, pause, resume, test, sample, replay,
                         ///< dead-letters, redeliver, discard, reload
    std::string id;
    std::string file;    ///< create, replace, patch
    bool force = false;  ///< replace, patch: also when the provider refuses them
    std::string from;    ///< replay: a sequence or time; dead letters: a time
    std::string to;
    std::string state, destination_type, search, sort;  ///< list
    // Dead letters.
    std::string rec_type, error_class, code, target, key;
    std::vector<std::string> sequences;
    bool all = false;
    std::size_t limit = 100;
    std::string after;
    bool json = false;
};
int run_integrations(const ManageCommand& command);

struct AccessCommand {
    ApiAddress address;
    std::string kind;    ///< tokens, orgs, audit
    std::string action;  ///< list, show, create, change, rotate, delete
    std::string id;
    std::string name;
    std::vector<std::string> scopes, rec_types;
    std::string expires, lifetime, overlap;
    bool is_operator = false;
    std::optional<std::uint32_t> requests_per_second, request_burst;
    std::string backlog;
    std::size_t limit = 100;
    std::string after;
    bool json = false;
};
int run_access(const AccessCommand& command);

struct SecretsCommand {
    std::string action;  ///< status, rotate
    ApiAddress address;
    std::string config;    ///< with this or `data_dir`: of a folder whose node is stopped
    std::string data_dir;  ///< empty: the configuration's
    bool keep_old_key = false;
    bool json = false;
};
int run_secrets(const SecretsCommand& command);
struct AlertsCommand {
    ApiAddress address;
    std::string action;  ///< list, show, create, replace, patch, delete, test
    std::string id;
    std::string file;  ///< create, replace, patch
    std::size_t limit = 100;
    std::string after;
    bool json = false;
};
int run_alerts(const AlertsCommand& command);

struct DraftsCommand {
    ApiAddress address;
    std::string action;  ///< recognise, check, test, preview, sample, recent
    std::string file;    ///< settings as JSON; for recognise whatever a console handed over
    std::string id;      ///< of an integration whose new settings they are; empty: of none yet
    std::vector<std::string> rec_types;
    std::string sequence;  ///< preview: of this event instead of a sample
    bool json = false;
};
int run_drafts(const DraftsCommand& command);

struct StatusCommand {
    ApiAddress address;
    bool json = false;
};
int run_status(const StatusCommand& command);

struct HealthCommand {
    ApiAddress address;  ///< an empty URL: where the configuration says that this machine's Sluice listens
    std::string config;
    bool live = false;  ///< asks whether it runs, not whether it is ready
};
int run_health(const HealthCommand& command);

struct StoreCommand {
    std::string action;    ///< verify, stats, backup, restore
    std::string config;    ///< for its data_dir
    std::string data_dir;  ///< empty: the configuration's
    std::string folder;    ///< backup: where to; restore: where from
    bool with_key = false;
    bool json = false;
    std::size_t top = 20;
};
int run_store(const StoreCommand& command);

}  // namespace sluice::app
