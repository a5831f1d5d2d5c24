#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "delivery/condition.hpp"

namespace sluice {

/// What keeps an integration from delivering, as far as somebody should be told.
enum class Trouble {
    none,
    failing,  ///< some or all targets refuse
    blocked,  ///< nothing can move
    paused,   ///< by `on_dead_letter: pause`; a person's pause is no trouble
};
std::string_view to_string(Trouble trouble) noexcept;

/// How near a bound something is.
enum class BoundLevel { none, half, nine_tenths };
std::string_view to_string(BoundLevel level) noexcept;

/// How long something must hold before it is told, and how much is told of one integration.
struct TellingPace {
    std::chrono::seconds trouble{30};   ///< that trouble holds; a pause by a dead letter is told at once
    std::chrono::seconds recovery{30};  ///< that it is over
    std::size_t most_changes = 6;       ///< of trouble told within `window`; then one `flapping`
    std::chrono::minutes window{60};
    std::chrono::minutes quiet{10};       ///< what then must hold before the next is told
    std::chrono::seconds lost_every{60};  ///< losses are summed up meanwhile
};

/// Makes of what is seen of integrations, look after look, the few changes that somebody is told: a state must hold for
/// a while, one that comes and goes is told as such once, levels have to fall clearly before they are told again. Pure.
/// Thread: one.
class TransitionFilter {
  public:
    enum class Kind { failing, blocked, paused, recovered, flapping, backlog, dead_letters, lost };
    struct Change {
        std::string id;
        Kind kind = Kind::failing;
        std::optional<SteadyTime> since;      ///< that it holds; of troubles, `recovered` and `flapping`
        Trouble before = Trouble::none;       ///< what was told last
        BoundLevel level = BoundLevel::none;  ///< of `backlog` and `dead_letters`; none: it is clearly below half again
        double share = 0;                     ///< likewise, of the bound
        std::uint64_t lost = 0;               ///< of `lost`: events since it was told last
        std::size_t changes = 0;              ///< of `flapping`: told within the window
    };

    /// `told`: what was told in an earlier life of the process, so that its end is told in this one.
    explicit TransitionFilter(TellingPace pace, const std::map<std::string, Trouble>& told = {});

    /// `conditions` has those that are not quiet (IntegrationCondition::is_quiet). What to tell, in their order, then
    /// of those that are quiet again.
    std::vector<Change> look(std::span<const IntegrationCondition> conditions, SteadyTime now);

    /// Of how many integrations something is remembered.
    std::size_t remembered() const noexcept { return memory_.size(); }

  private:
    struct Memory {
        Trouble told = Trouble::none;
        Trouble seen = Trouble::none;
        std::optional<SteadyTime> since;  ///< of `seen`
        BoundLevel backlog = BoundLevel::none;
        BoundLevel dead_letters = BoundLevel::none;
        std::uint64_t lost = 0;  ///< told
        SteadyTime lost_told_at{};
        bool lost_ever_told = false;
        std::deque<SteadyTime> changes;  ///< when troubles and recoveries were told, within the window
        bool flapping = false;
        std::uint64_t look = 0;  ///< the last that it was seen in

        bool is_empty() const noexcept;
    };
    void look_at(Memory& memory, const IntegrationCondition& condition, SteadyTime now, std::vector<Change>& out);
    void look_at_trouble(Memory& memory, const IntegrationCondition& condition, SteadyTime now,
                         std::vector<Change>& out);

    TellingPace pace_;
    std::map<std::string, Memory> memory_;
    std::uint64_t looks_ = 0;
};
std::string_view to_string(TransitionFilter::Kind kind) noexcept;

}  // namespace sluice
