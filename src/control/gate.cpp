#include "control/gate.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"
#include "control/token_text.hpp"

namespace sluice {
namespace {

/// How exactly it is known when a token was last used: finer, and every request would write to what all shards share.
constexpr std::int64_t kLastUsedResolutionMs = 1000;

http::Response too_many(std::string_view code, std::string detail, std::chrono::nanoseconds wait) {
    auto response = http::plain_problem(429, code, detail);
    auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    response.headers.set("Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1)));
    return response;
}

std::string allowance(const RateLimit& limit) {
    return fmt::format("{} requests a second, {} at once", limit.per_second, limit.burst);
}

void note_use(TokenUse& use, Timestamp now) {
    auto ms = to_epoch_ms(now);
    if (ms - use.last_used_ms.load(std::memory_order_relaxed) >= kLastUsedResolutionMs)
        use.last_used_ms.store(ms, std::memory_order_relaxed);
}

}  // namespace

Gate::Gate(const AccessDirectory& access, const Clock& clock, std::size_t shards, std::uint32_t failures_per_minute)
    : access_(access), clock_(clock), seen_(shards), failures_(failures_per_minute) {}

const TokenDirectory& Gate::tokens_for(std::size_t shard) {
    SLUICE_ASSERT(shard < seen_.size(), "a request names a shard that there is");
    auto& seen = seen_[shard];
    auto version = access_.version();
    if (!seen.tokens || seen.version != version) {
        // The version first: what is fetched is at least as new.
        seen.version = version;
        seen.tokens = access_.tokens_in_force();
    }
    return *seen.tokens;
}

http::OrAnswer<Principal> Gate::admit(const http::Request& request, std::string_view token) {
    auto now = clock_.steady_now();
    bool made_here = is_token_text(token);
    if (!made_here) {
        if (auto wait = failures_.wait_of(request.remote_address, now))
            return too_many(
                "too_many_failures",
                fmt::format("more than {} requests a minute from {} had a token that is not known; what this "
                            "one has is not looked at",
                            failures_.per_minute(), request.remote_address),
                *wait);
    }
    const KnownToken* known = tokens_for(request.shard).find(token);
    auto wall = clock_.now();
    if (known == nullptr || !known->is_valid_at(wall)) return refuse(request, token, known, now);
    if (auto wait = known->use->rate.take(now))
        return too_many("rate_limited", fmt::format("this token may make {}", allowance(known->use->rate.limit())),
                        *wait);
    if (known->org_rate)
        if (auto wait = known->org_rate->take(now))
            return too_many(
                "org_rate_limited",
                fmt::format("the tokens of this org together may make {}", allowance(known->org_rate->limit())), *wait);
    note_use(*known->use, wall);
    return known->principal;
}

http::Response Gate::refuse(const http::Request& request, std::string_view token, const KnownToken* known,
                            SteadyTime now) {
    failures_.count(request.remote_address, now);
    if (known != nullptr && known->was_rotated)
        return http::unauthenticated("the token was rotated, and the time in which the one before worked too is over",
                                     true);
    if (known != nullptr)
        return http::unauthenticated(fmt::format("the token expired at {}", format_rfc3339(*known->until)), true);
    if (is_damaged_token_text(token))
        return http::unauthenticated("the token was not copied whole: its checksum is wrong", true);
    return http::unauthenticated("the token is not known here, or was revoked", true);
}

}  // namespace sluice
