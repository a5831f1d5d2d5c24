#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/principal.hpp"
#include "base/result.hpp"
#include "control/integration_selection.hpp"
#include "control/sealed_records.hpp"
#include "control/settings_change.hpp"
#include "delivery/engine.hpp"
#include "delivery/integration_config.hpp"
#include "net/blocking_pool.hpp"
#include "store/control_store.hpp"
#include "store/cursor_store.hpp"

namespace sluice {

/// The integrations there are: those of the configuration file, which are the file's, and those made through the API,
/// which live in the control store, sealed. Knows who may see which, and keeps delivery's engine in step.
///
/// Thread: any; a lock guards the map, never held while waiting. Lifecycle: load() before serving; outlived by the
/// engine.
class IntegrationDirectory {
  public:
    struct Parts {
        DeliveryEngine& engine;
        ControlStore& store;
        SealedRecords& sealed;
        CursorStore& cursors;
        const DestinationRegistry& registry;
        BlockingPool& blocking;
        const Clock& clock;
    };
    IntegrationDirectory(Parts parts, bool allow_loopback_to_tenants);

    using Locate = std::function<Error(const Error&)>;
    /// Checks the file's integrations, all of them, without starting any.
    static Result<std::vector<IntegrationConfig>> check(const std::vector<boost::json::object>& file_integrations,
                                                        const DestinationRegistry& registry, const Locate& locate);
    /// Starts the file's integrations and those kept in the store. Cursors of integrations that the file has not had
    /// for seven days are forgotten; at once those whose deletion was cut short, and what another org's integration
    /// left under an id of the file's.
    boost::asio::awaitable<Result<void>> load(std::vector<boost::json::object> file_integrations, Locate locate);

    /// The same while running, to be called now and then. Those that are being changed are left alone.
    boost::asio::awaitable<Result<void>> forget_long_gone();

    struct Item {
        std::string id;
        std::string org;
        bool from_file = false;
        boost::json::object settings;  ///< redacted
        std::string revision;          ///< another one after each change of the settings
        IntegrationStatus status;
        std::string warning = {};  ///< of a change: what could not be made sure; empty: nothing
    };
    struct Page {
        std::vector<Item> items;  ///< without settings and revision unless `details`
        std::string next;         ///< what `after` is to be for the next page; empty on the last
        std::size_t total = 0;    ///< of the selection, on all pages
        /// Of the selection with any state, as in kIntegrationStates.
        std::array<std::size_t, kIntegrationStates.size()> states{};
    };
    /// Those of the selection that `caller` may see.
    boost::asio::awaitable<Page> list(Principal caller, IntegrationSelection selection, bool details);
    boost::asio::awaitable<Result<Item>> get(Principal caller, std::string id);
    /// Durable and running when it completes. Errc::conflict for an id in use. Whatever an earlier integration left
    /// under its id is erased first; when that fails nothing is made.
    boost::asio::awaitable<Result<Item>> create(Principal caller, boost::json::object settings);
    /// Settings that somebody tries out before they are kept.
    struct Draft {
        boost::json::object settings;             ///< complete with what is left to a default; has secrets
        IntegrationOrigin origin;                 ///< whose they are, and so what they may reach
        std::vector<Error> problems;              ///< all that is wrong with them, by part
        std::optional<IntegrationConfig> config;  ///< there when nothing but an id in use is wrong with them
    };
    /// What `settings` would be for `caller`: under the rules of create(); or, given the `id` of an integration, of
    /// change(), with the secrets that it keeps. Nothing is kept of it. Errc::not_found, conflict as in change().
    Result<Draft> draft(const Principal& caller, boost::json::object settings, const std::string& id) const;
    /// New settings in place of the old (`merge`: a merge patch onto them, RFC 7396), under the rules for secrets of
    /// settings_change.hpp; the cursor stays. Running and durable when it completes; when the new settings cannot
    /// start, the old go on. Settings that the provider has a say in are tried there first (settings_trial.hpp):
    /// Errc::unauthenticated when it refuses them; the old have gone on all the time.
    struct SettingsChange {
        boost::json::object settings;
        bool merge = false;
        std::string revision = {};  ///< refused with Errc::conflict when they are not of it any more; empty: any
        bool force = false;         ///< without a trial
    };
    /// Errc::conflict for one of the file's.
    boost::asio::awaitable<Result<Item>> change(Principal caller, std::string id, SettingsChange wanted);
    Result<std::string> revision(const Principal& caller, const std::string& id) const;
    /// How many each org has.
    std::map<std::string, std::size_t> count_by_org() const;
    /// Whose it is; nullopt when there is none of that id.
    std::optional<std::string> org_of(const std::string& id) const;
    /// `revision`: refused with Errc::conflict when the settings are not of it any more; empty: any. Errc::conflict for
    /// one of the file's.
    boost::asio::awaitable<Result<void>> erase(Principal caller, std::string id, std::string revision = {});
    /// Remembered across restarts.
    boost::asio::awaitable<Result<void>> pause(Principal caller, std::string id, std::string reason);
    boost::asio::awaitable<Result<void>> resume(Principal caller, std::string id);
    boost::asio::awaitable<Result<ProbeReport>> test(Principal caller, std::string id, Deadline deadline);
    boost::asio::awaitable<Result<DeadLetterPage>> dead_letters(Principal caller, std::string id,
                                                                DeadLetterFilter filter, LogPosition after,
                                                                std::size_t limit);
    /// One, with what sending it again would send.
    boost::asio::awaitable<Result<DeadLetterPreview>> dead_letter(Principal caller, std::string id,
                                                                  LogPosition position);
    boost::asio::awaitable<Result<DeadLetterOutcome>> redeliver(Principal caller, std::string id,
                                                                DeadLetterFilter filter, Deadline deadline);
    boost::asio::awaitable<Result<DeadLetterOutcome>> discard(Principal caller, std::string id,
                                                              DeadLetterFilter filter);
    boost::asio::awaitable<Result<std::optional<DeliveryError>>> send_sample(Principal caller, std::string id,
                                                                             Deadline deadline);
    boost::asio::awaitable<Result<ReplayStatus>> replay(Principal caller, std::string id, ReplayRequest request);

    /// What a reload did, by id.
    struct Reloaded {
        std::vector<std::string> added, changed, removed;
        std::size_t unchanged = 0;
    };
    /// Makes the file's integrations those given, all of them or, when one is wrong or cannot start, none: the others
    /// go on undisturbed, those removed stop and keep their cursor for seven days. One whose org is another now is
    /// removed and added: what the other org left under its id is erased. The error's place in the file is told by
    /// `locate`. Errc::conflict while another reload is under way.
    boost::asio::awaitable<Result<Reloaded>> reload(std::vector<boost::json::object> file_integrations, Locate locate);

    /// What DeliveryOptions::on_paused is given: `on_dead_letter: pause` outlives a restart too.
    void remember_paused(const std::string& id, const std::string& reason);
    /// What DeliveryOptions::on_replay is given: a replay that a restart ended is told of afterwards.
    void remember_replay(const std::string& id, const ReplayStatus& replay);

  private:
    struct Entry {
        std::string org;
        bool from_file = false;
        boost::json::object settings;
        bool operator_owned = true;
        bool of_other_orgs = false;  ///< gets events of others than its org: they are in its dead letters too
        std::string revision;
        std::string files;     ///< digest of the files that the settings name
        std::string searched;  ///< lower-case text that a list's `q` is looked for in
    };
    /// Holds an id while a request that changes it waits; the second such request is refused, not queued.
    class Change {
      public:
        Change(IntegrationDirectory& directory, std::string id);
        ~Change();
        Change(const Change&) = delete;
        Change& operator=(const Change&) = delete;
        Result<void> held() const;

      private:
        IntegrationDirectory& directory_;
        std::string id_;
        bool held_ = false;
    };

    static bool may_see(const Principal& caller, const Entry& entry);
    Result<Entry> visible(const Principal& caller, const std::string& id) const;
    static Error id_in_use(const std::string& id);
    Item item_of(const std::string& id, const Entry& entry, IntegrationStatus status) const;
    static Entry make_entry(const IntegrationConfig& config, bool from_file, boost::json::object settings);
    boost::asio::awaitable<Result<void>> start(Entry entry, IntegrationConfig config,
                                               std::optional<std::string> paused_reason);
    static bool is_about_settings(const Error& error);
    boost::asio::awaitable<Result<void>> start_kept(Entry entry, IntegrationConfig config,
                                                    std::optional<std::string> paused_reason);
    Result<void> forget_long_gone(const std::set<std::string>& present);
    // integration_leftovers.cpp
    Result<void> erase_stored(const std::string& id);
    /// Ids with the orgs that they have in the file.
    Result<void> take_for_the_file(const std::vector<std::pair<std::string, std::string>>& taken);
    Result<void> take_for_the_api(const std::string& id);
    Result<void> disown(const std::string& id);
    Result<bool> is_nobodys(const std::string& id) const;
    std::set<std::string> present() const;
    boost::asio::awaitable<Result<void>> tell_of_ended_replays();
    Result<IntegrationConfig> parse_kept(const Entry& entry) const;
    boost::asio::awaitable<Result<void>> keep(std::string id, Entry entry);
    boost::asio::awaitable<Result<std::string>> try_out(Entry before, Entry after);
    boost::asio::awaitable<Result<void>> check_patched_state(std::string id, const boost::json::object& patch);
    // integration_reload.cpp
    struct Step;
    struct Plan;
    Result<Plan> plan_reload(std::vector<boost::json::object> file_integrations, const Locate& locate);
    boost::asio::awaitable<Result<void>> take_step(Step step);
    boost::asio::awaitable<void> take_back(std::vector<Step> steps);

    Parts parts_;
    bool allow_loopback_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
    std::set<std::string> changing_;
    bool reloading_ = false;
};

}  // namespace sluice
