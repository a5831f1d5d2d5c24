#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/principal.hpp"
#include "base/result.hpp"
#include "net/blocking_pool.hpp"
#include "store/control_store.hpp"

namespace sluice {

/// One change, or an attempt at one, as the audit log tells it. Names of members only, never their values.
struct AuditEntry {
    std::uint64_t number = 0;  ///< by time, without end
    Timestamp time;
    std::string token_id, token_name;
    std::string caller_org;  ///< that the caller acted for
    bool by_operator = false;
    std::string remote_address;
    std::string org;                   ///< whose thing it is; empty: nobody's in particular (a reload)
    std::string action;                ///< method and path as in the documentation: `PATCH /v1/integrations/{id}`
    std::string target;                ///< the path that was called
    int status = 0;                    ///< of the answer
    std::string code;                  ///< of the problem, when it was refused
    std::vector<std::string> members;  ///< that the request set: `batch.max_events`
};
std::string encode(const AuditEntry& entry);
Result<AuditEntry> decode_audit_entry(std::string_view text);

/// The paths of an object's members, so deep and so many as a person reads; nothing of their values.
std::vector<std::string> member_paths(const boost::json::object& object);

/// Who changed what, kept in the control store: an org's last 10,000 entries, 100,000 of all orgs, for 400 days. So an
/// org that makes many cannot have another's forgotten before their time.
///
/// Thread: any; a lock guards the index, never held while writing. Lifecycle: load() before serving.
class AuditLog {
  public:
    struct Bounds {
        std::size_t of_org = 10'000;
        std::size_t in_all = 100'000;
        std::chrono::hours age{400 * 24};
    };
    struct Parts {
        ControlStore& store;
        BlockingPool& blocking;  ///< with one thread: entries are written in their order
        const Clock& clock;
    };
    explicit AuditLog(Parts parts) : AuditLog(parts, Bounds()) {}
    AuditLog(Parts parts, Bounds bounds) : parts_(parts), bounds_(bounds) {}

    /// Reads which entries there are. Blocking.
    Result<void> load();

    /// Durable when it completes. Gives the entry its number and time.
    boost::asio::awaitable<Result<AuditEntry>> record(AuditEntry entry);

    /// Newest first, those before the one numbered `before` (0: from the newest). `org`: only that org's; nullopt: all.
    /// Blocking.
    Result<std::vector<AuditEntry>> read(const std::optional<std::string>& org, std::uint64_t before,
                                         std::size_t limit) const;
    /// The same from a coroutine.
    boost::asio::awaitable<Result<std::vector<AuditEntry>>> page(std::optional<std::string> org, std::uint64_t before,
                                                                 std::size_t limit) const;

  private:
    struct Kept {
        std::uint64_t number = 0;
        Timestamp time;
        const std::string* org = nullptr;  ///< a key of `of_org_`
    };
    Result<AuditEntry> record_now(AuditEntry entry);
    void add(const AuditEntry& entry);
    std::vector<std::uint64_t> take_what_goes();

    Parts parts_;
    Bounds bounds_;
    mutable std::mutex mutex_;
    std::uint64_t last_number_ = 0;
    std::deque<Kept> kept_;                      ///< by number
    std::map<std::string, std::size_t> of_org_;  ///< how many are kept
};

}  // namespace sluice
