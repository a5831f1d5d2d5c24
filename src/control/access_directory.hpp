#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/principal.hpp"
#include "base/result.hpp"
#include "control/access_record.hpp"
#include "control/token_directory.hpp"
#include "net/blocking_pool.hpp"
#include "store/control_store.hpp"

namespace sluice {

/// The orgs and tokens there are: those of the configuration file, which are the file's, those made through the API,
/// which live in the control store, and the operator's own. Knows who may see and change which. Each change is durable
/// first and in force everywhere with the next request: a new TokenDirectory takes the place of the old one.
///
/// Thread: any; a lock guards the maps, never held while waiting or writing. Changes run one after another on
/// `blocking`, which must have one thread. Lifecycle: load() before serving.
class AccessDirectory {
  public:
    struct Parts {
        ControlStore& store;
        BlockingPool& blocking;
        const Clock& clock;
    };
    /// What the configuration file says.
    struct FromFile {
        std::vector<TokenDefinition> tokens;  ///< pipe tokens too
        std::vector<OrgDefinition> orgs;
        RateLimit rate;  ///< of every token that has none of its own, except the operator's
    };
    explicit AccessDirectory(Parts parts) : parts_(parts) {}

    /// Reads what the store keeps. Blocking.
    Result<void> load(FromFile file, AdminToken admin);
    /// Whether each of the file's tokens, and the operator's (by digest), is a text of its own. Errc::conflict names
    /// two that are not.
    static Result<void> check_tokens(const std::vector<TokenDefinition>& definitions, const std::string& admin_sha256);
    /// Whether apply() would take this. Errc::conflict names the tokens that are the same text.
    Result<void> check(const FromFile& file) const;
    void apply(FromFile file);

    /// The tokens to know callers by; another one after each change, which version() tells at the cost of one load.
    std::shared_ptr<const TokenDirectory> tokens_in_force() const;
    std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }
    /// Whether a token, by its digest, may still be used: for what goes on after its request was let in.
    bool is_in_force(const std::string& sha256) const;

    struct TokenItem {
        std::string id;
        std::string source;  ///< file, api, environment (SLUICE_ADMIN_TOKEN), start (made at the first start)
        TokenRequest token;
        std::optional<Timestamp> created;  ///< nullopt: the file's
        std::string created_by;
        std::optional<Timestamp> last_used;
        std::optional<Timestamp> previous_until;  ///< the token that a rotation replaced works until then
    };
    struct Issued {
        TokenItem item;
        Secret token;  ///< shown this once, kept nowhere
    };
    /// Those `caller` may see, by id, after `after`; `org`: only that org's (empty: all).
    std::vector<TokenItem> tokens(const Principal& caller, const std::string& org, const std::string& after,
                                  std::size_t limit) const;
    Result<TokenItem> token(const Principal& caller, const std::string& id) const;
    /// Errc::forbidden for what the caller may not grant.
    boost::asio::awaitable<Result<Issued>> create_token(Principal caller, TokenRequest wanted);
    /// A new text for the same token; the one before it works on for `overlap`. Errc::conflict for one of the file's.
    boost::asio::awaitable<Result<Issued>> rotate_token(Principal caller, std::string id,
                                                        std::chrono::milliseconds overlap);
    /// Errc::conflict for one of the file's.
    boost::asio::awaitable<Result<void>> revoke_token(Principal caller, std::string id);

    struct OrgItem {
        OrgDefinition definition;
        std::string source;  ///< file, api, none (no record: tokens or integrations name it)
        std::optional<Timestamp> created;
        std::size_t tokens = 0;
        std::size_t integrations = 0;
        std::string revision;  ///< another one after each change; empty without a record
    };
    using CountByOrg = std::map<std::string, std::size_t>;
    /// Those `caller` may see, by id, after `after`, with those that only `integrations` or tokens name.
    std::vector<OrgItem> orgs(const Principal& caller, const CountByOrg& integrations, const std::string& after,
                              std::size_t limit) const;
    Result<OrgItem> org(const Principal& caller, const CountByOrg& integrations, const std::string& id) const;
    // Changes are the operator's: the caller has made sure. Errc::conflict for one of the file's, and where `revision`
    // is given and is not the org's any more.
    boost::asio::awaitable<Result<OrgItem>> create_org(OrgDefinition org);
    boost::asio::awaitable<Result<OrgItem>> change_org(OrgDefinition org, std::string revision);
    /// Errc::conflict while tokens or integrations name it.
    boost::asio::awaitable<Result<void>> erase_org(std::string id, CountByOrg integrations, std::string revision);

    /// The bytes that each org with a limit of its own may hold back.
    std::map<std::string, std::uint64_t, std::less<>> org_backlogs() const;
    /// Called after each change of an org's limits, on some thread. Set before serving.
    void on_orgs_changed(std::function<void()> listener) { orgs_changed_ = std::move(listener); }

    /// Writes down when tokens were last used, when that has changed. Blocking.
    Result<void> keep_last_used();

  private:
    struct FileToken {
        std::string id;
        TokenDefinition definition;
        std::string sha256;
    };
    static std::vector<FileToken> file_tokens_of(const std::vector<TokenDefinition>& definitions);
    // With the lock held.
    Result<std::shared_ptr<const TokenDirectory>> make_directory();
    Result<void> publish();
    std::shared_ptr<TokenUse> use_of(const std::string& id, RateLimit limit);
    std::shared_ptr<RequestRate> org_rate_of(const std::string& org);
    std::optional<OrgDefinition> definition_of(const std::string& id) const;
    TokenItem item_of(const FileToken& token) const;
    TokenItem item_of(const TokenRecord& record) const;
    TokenItem admin_item() const;
    std::optional<Timestamp> last_used_of(const std::string& id) const;
    /// All that `caller` may see, by id.
    std::map<std::string, TokenItem> visible_tokens(const Principal& caller) const;
    CountByOrg tokens_by_org() const;
    OrgItem org_item_of(const std::string& id, const CountByOrg& tokens, const CountByOrg& integrations) const;
    Result<TokenRecord> changeable(const Principal& caller, const std::string& id) const;
    // The steps of a change, on the blocking pool's thread.
    Result<Issued> create_now(const Principal& caller, TokenRequest wanted);
    Result<Issued> rotate_now(const Principal& caller, const std::string& id, std::chrono::milliseconds overlap);
    Result<Issued> rotate_admin_now(std::chrono::milliseconds overlap);
    Result<void> keep(const TokenRecord& record);
    Result<void> revoke_now(const Principal& caller, const std::string& id);
    Result<OrgItem> put_org_now(OrgDefinition org, bool must_be_new, const std::string& revision);
    Result<void> erase_org_now(const std::string& id, const CountByOrg& integrations, const std::string& revision);

    Parts parts_;
    std::function<void()> orgs_changed_;
    std::atomic<std::uint64_t> version_{1};

    mutable std::mutex mutex_;
    FromFile file_;
    std::vector<FileToken> file_tokens_;
    AdminToken admin_;
    std::map<std::string, TokenRecord> records_;
    std::map<std::string, OrgRecord> orgs_;
    // Kept by id, so that they go on when the directory is replaced.
    std::map<std::string, std::shared_ptr<TokenUse>> uses_;
    std::map<std::string, std::shared_ptr<RequestRate>> org_rates_;
    std::string kept_last_used_;

    /// Held for the look at one pointer only: nobody who is let in waits for a change.
    mutable std::mutex in_force_mutex_;
    std::shared_ptr<const TokenDirectory> in_force_;
};

}  // namespace sluice
