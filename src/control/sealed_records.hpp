#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "control/key_source.hpp"
#include "control/sealer.hpp"
#include "store/control_store.hpp"

namespace sluice {

/// The control store's records that hold secrets (kSealedKinds of record_kinds.hpp), sealed under their own names; and
/// the rotation of the key that seals them.
///
/// A rotation writes the new key beside the old one first, then seals record after record anew, then takes the old key
/// away. Interrupted anywhere, every record opens with the keys that are written down, and rotating again completes
/// what was begun. Records may be read and written meanwhile.
///
/// Blocking. Thread: any. Lifecycle: outlived by the store.
class SealedRecords {
  public:
    /// Reads the keys.
    static Result<std::unique_ptr<SealedRecords>> open(ControlStore& store, std::unique_ptr<KeySource> source);

    Result<void> put(std::string_view kind, const std::string& name, std::string_view plain);
    /// All records of a kind, opened. The error names the first that cannot be.
    Result<std::vector<std::pair<std::string, std::string>>> list(std::string_view kind) const;
    Result<void> erase(std::string_view kind, const std::string& name);

    struct Status {
        std::string source;             ///< where the keys are
        std::vector<std::string> keys;  ///< ids, the one that seals first
        /// How many records are sealed under which key; under `` those of before keys had ids.
        std::map<std::string, std::size_t> records;
        std::optional<std::string> warning;
    };
    Result<Status> status() const;

    struct Rotation {
        std::string key;  ///< the id of the one that seals now
        std::size_t resealed = 0;
        bool resumed = false;           ///< no new key was made: one that waited was put to use everywhere
        std::vector<std::string> kept;  ///< older keys that still stand where the keys are
        std::vector<std::string> dropped;
        std::optional<std::string> warning;  ///< what is left for the operator to do
    };
    /// Seals everything under a new key. `keep_old`: the old ones stay behind it, for backups made before.
    /// Errc::conflict while another rotation is under way; Errc::unsupported where the keys come from the environment
    /// and there is no newer one; Errc::corrupt when a record cannot be opened: then no key is taken away.
    Result<Rotation> rotate(bool keep_old);

  private:
    SealedRecords(ControlStore& store, std::unique_ptr<KeySource> source, Sealer keys)
        : store_(store), source_(std::move(source)), keys_(std::make_shared<const Sealer>(std::move(keys))) {}
    std::shared_ptr<const Sealer> keys() const;
    void use(Sealer keys);
    Result<std::size_t> count_not_under(std::string_view key_id) const;
    Result<std::size_t> seal_all_anew();

    ControlStore& store_;
    std::unique_ptr<KeySource> source_;
    std::mutex rotating_;
    std::mutex writing_;  ///< a record is not sealed under one key and written after it was sealed under the next
    mutable std::mutex keys_mutex_;
    std::shared_ptr<const Sealer> keys_;
};

}  // namespace sluice
