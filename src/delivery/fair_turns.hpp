#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace sluice {

/// Whose turn it is at something that only a few can use at a time: orgs take turns, and within an org its
/// integrations, so that neither an integration with a long way to go nor an org with many of them keeps the others
/// waiting for longer than one turn of each. Everyone waits at most once at a time. Thread: its owner's.
class FairTurns {
  public:
    explicit FairTurns(std::size_t places) : free_(places) {}

    /// True when there is a place at once; else `who` waits, and is given one by release().
    bool ask(const std::string& org, std::uint32_t who);
    /// A place is free again: who has it now, if anybody waits.
    std::optional<std::uint32_t> release();
    /// No longer waits.
    void forget(std::uint32_t who);

    std::size_t waiting() const noexcept { return waiting_; }

  private:
    std::size_t free_;
    std::size_t waiting_ = 0;
    std::map<std::string, std::deque<std::uint32_t>> by_org_;
    std::deque<std::string> orgs_;  ///< those with somebody waiting, next first
};

}  // namespace sluice
