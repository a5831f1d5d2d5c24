#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "alerts/alert.hpp"
#include "base/principal.hpp"
#include "base/result.hpp"
#include "control/sealed_records.hpp"
#include "net/blocking_pool.hpp"

namespace sluice {

/// The alerts there are: those of the configuration file, which are the file's and the operator's, and those made
/// through the API, which live in the control store, sealed. Knows who may see which.
///
/// Thread: any; a lock guards the map, never held while waiting. Lifecycle: load() before serving.
class AlertDirectory {
  public:
    struct Parts {
        SealedRecords& sealed;
        const DestinationRegistry& registry;  ///< for what of a webhook is secret
        BlockingPool& changes;                ///< with one thread: changes are made one after the other
    };
    AlertDirectory(Parts parts, bool allow_loopback_to_tenants);

    /// An org's alerts through the API, at most.
    static constexpr std::size_t kMostOfOneOrg = 20;

    using Locate = std::function<Error(const Error&)>;
    struct FileAlert {
        Alert alert;
        boost::json::object settings;
    };
    /// Checks the file's alerts, all of them.
    static Result<std::vector<FileAlert>> check(const std::vector<boost::json::object>& file_alerts,
                                                const Locate& locate);
    /// The file's alerts and those kept in the store. One of the store's whose settings can be used no more (a node
    /// that allows less than before) is kept, tells nobody, and says why. Blocking.
    Result<void> load(std::vector<FileAlert> file_alerts);
    /// Whether reload() with these would work: Errc::conflict for an id that was made through the API.
    Result<void> check_reload(const std::vector<FileAlert>& file_alerts) const;
    /// Makes the file's alerts those given.
    void reload(std::vector<FileAlert> file_alerts);

    struct Item {
        std::string id;
        std::string org;
        bool from_file = false;
        boost::json::object settings;        ///< redacted
        std::string revision;                ///< another one after each change of the settings
        std::optional<Error> unusable = {};  ///< why it tells nobody any more
    };
    /// Those `caller` may see, by id, after `after`.
    std::vector<Item> list(const Principal& caller, const std::string& after, std::size_t limit) const;
    Result<Item> get(const Principal& caller, const std::string& id) const;
    struct Created {
        Item item;
        std::optional<Secret> secret;  ///< when none was given: made now, shown once
    };
    /// Durable when it completes. Errc::conflict for an id in use, Errc::exhausted when the org has too many.
    boost::asio::awaitable<Result<Created>> create(Principal caller, boost::json::object settings);
    /// New settings in place of the old (`merge`: RFC 7396), under the rules for secrets of settings_change.hpp.
    /// `revision`: refused with Errc::conflict when the settings are not of that revision any more; empty: any.
    /// Errc::conflict for one of the file's.
    boost::asio::awaitable<Result<Item>> change(Principal caller, std::string id, boost::json::object settings,
                                                bool merge, std::string revision);
    /// `revision` and Errc::conflict as in change().
    boost::asio::awaitable<Result<void>> erase(Principal caller, std::string id, std::string revision = {});

    /// Who wants to hear of this.
    std::vector<std::shared_ptr<const Alert>> interested(std::string_view org, std::string_view type) const;
    /// Null when it is gone.
    std::shared_ptr<const Alert> find(const std::string& id) const;

  private:
    struct Entry {
        std::shared_ptr<const Alert> alert;
        boost::json::object settings;
        bool from_file = false;
        bool operator_owned = true;
        std::string revision;
        std::optional<Error> unusable;  ///< `alert` then has its id and org only
    };
    static std::shared_ptr<const Alert> nobodys_alert(const std::string& id, const boost::json::object& settings);
    Result<Entry> visible(const Principal& caller, const std::string& id) const;
    Item item_of(const std::string& id, const Entry& entry) const;
    Result<Alert> parse(const boost::json::object& settings, const std::string& org, bool operator_owned) const;
    Result<void> keep(const std::string& id, const Entry& entry);
    // On the thread of `changes`.
    Result<Created> create_now(const Principal& caller, boost::json::object settings);
    Result<Item> change_now(const Principal& caller, const std::string& id, boost::json::object settings, bool merge,
                            const std::string& revision);
    Result<void> erase_now(const Principal& caller, const std::string& id, const std::string& revision);

    Parts parts_;
    bool allow_loopback_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

}  // namespace sluice
