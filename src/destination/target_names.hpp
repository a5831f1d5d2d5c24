#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// The targets that one integration has taken up at one place, first come, first served: whether one more may be, where
/// there can be too many of them, and where a service does not tell names apart that differ in case only.
///
/// A name is *taken* when events ask for it and there is room, and *kept* once something was delivered to it: those are
/// what is remembered over restarts and changed settings. What is sent in passing (Message::in_passing) has to fit
/// beside both, and hinders neither.
///
/// Ownership: the destination, which asks admit(). The runtime tells it what came before, and keeps what is new.
/// Thread: the integration's shard. At most two names a place that there is are in memory.
class TargetNames {
  public:
    enum class LetterCase { told_apart, ignored };
    /// `place`: what the names are names in, and how they come about. With another, those of before say nothing.
    TargetNames(std::string place, std::size_t most, LetterCase letter_case);

    struct Admission {
        enum class Kind { admitted, clashes, one_too_many };
        Kind kind = Kind::admitted;
        std::string_view other = {};  ///< of what clashes, the name that was first; valid until the next call
    };
    Admission admit(std::string_view name, bool in_passing);

    /// Something was delivered to `name`, or may have been. Nothing when it was only admitted in passing.
    void keep(std::string_view name);
    /// Those kept, in the order in which they came to be; never less than before.
    const std::vector<std::string>& kept() const noexcept { return kept_; }
    /// Begins with what was kept before. Where that is more than may be, the first of them stand.
    void recall(std::vector<std::string> names);

    const std::string& place() const noexcept { return place_; }

  private:
    enum class Hold { passing, taken, kept };
    struct Entry {
        std::string name;
        Hold hold;
        std::size_t order;  ///< among those taken and kept
    };
    using Entries = std::map<std::string, Entry, std::less<>>;

    Entries::iterator find(std::string_view name);
    Admission take(Entry& entry, std::string_view name);

    const std::string place_;
    const std::size_t most_;
    const LetterCase letter_case_;
    Entries entries_;        ///< by the name as the service tells it apart
    std::size_t taken_ = 0;  ///< kept ones among them
    std::vector<std::string> kept_;
};

}  // namespace sluice
