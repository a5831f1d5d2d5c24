#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log_position.hpp"
#include "destination/destination.hpp"
#include "event/text_template.hpp"
#include "store/cursor_store.hpp"

namespace sluice {

/// Which of an integration's dead letters: all of them, unless something is asked for; what is asked for holds
/// together. Plain value.
struct DeadLetterFilter {
    std::vector<LogPosition> positions = {};     ///< only these
    std::vector<std::string> rec_types = {};     ///< patterns: any of these
    std::optional<ErrorClass> error_class = {};  ///< why
    std::string code = {};                       ///< the provider's
    std::string target = {};
    std::optional<std::string> key = {};  ///< what the integration keeps in order
    std::optional<Timestamp> from = {};   ///< became a dead letter at or after…
    std::optional<Timestamp> to = {};     ///< … and at or before

    static DeadLetterFilter at(std::vector<LogPosition> positions);

    bool is_everything() const noexcept;
    /// `key_template`: the integration's. A letter whose event cannot be read has no recType and no key.
    bool wants(const DeadLetter& letter, const TextTemplate& key_template) const;
    /// Where the next wanted letter beyond `after` can stand at the earliest: reading goes on from here. nullopt when
    /// there is none.
    std::optional<LogPosition> skip_to(LogPosition after) const;
};

}  // namespace sluice
