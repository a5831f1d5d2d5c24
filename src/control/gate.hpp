#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "control/access_directory.hpp"
#include "control/request_rate.hpp"
#include "http/access.hpp"
#include "http/message.hpp"

namespace sluice {

/// The way in for every request that brings a token: whom it stands for, whether it is still good, and whether it may
/// ask now. Counts a request each time it is called: once a request.
///
/// Thread: any shard's; what a shard needs it has of its own, so that callers do not wait for each other.
/// Lifecycle: outlived by `access` and `clock`, outlives the server.
class Gate {
  public:
    /// `failures_per_minute`: how often an address may fail to authenticate; 0: any number of times.
    Gate(const AccessDirectory& access, const Clock& clock, std::size_t shards, std::uint32_t failures_per_minute);

    /// 401 for a token that is not good (any more), 429 with Retry-After for one that asks too often, and for an
    /// address that has failed too often. A token that Sluice made cannot be guessed, so it is let through even then:
    /// those who share an address with whoever guesses go on working (ADR 0101).
    http::OrAnswer<Principal> admit(const http::Request& request, std::string_view token);

  private:
    struct alignas(64) Seen {
        std::uint64_t version = 0;
        std::shared_ptr<const TokenDirectory> tokens;
    };
    const TokenDirectory& tokens_for(std::size_t shard);
    http::Response refuse(const http::Request& request, std::string_view token, const KnownToken* known,
                          SteadyTime now);

    const AccessDirectory& access_;
    const Clock& clock_;
    std::vector<Seen> seen_;  ///< by shard
    FailureBound failures_;
};

}  // namespace sluice
