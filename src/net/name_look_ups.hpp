#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/deadline.hpp"

namespace sluice {

/// Looks names up with a call that blocks and cannot be ended, on threads of its own, so that the names of a zone whose
/// servers are silent keep no others waiting. Callers of one name share a look-up; one that nobody waits for any more
/// is not begun. How a name was last answered decides how many threads such names may hold together: one that came
/// quickly all of them, one not known yet most, one that was slow or that nobody could be asked for a few.
/// Thread: any. Lifecycle: outlives its callers; its end waits for what is being looked up.
class NameLookUps {
  public:
    using Addresses = std::vector<boost::asio::ip::address>;
    /// Blocks. Errc::unavailable when nobody could be asked.
    using LookUp = std::function<Result<Addresses>(const std::string& host)>;

    struct Options {
        std::size_t threads = 64;               ///< started when needed; most processes never have more than a few
        std::size_t threads_for_unproven = 48;  ///< of these, for names whose last answer was not quick
        std::size_t threads_for_slow = 16;      ///< of those again, for names whose last answer was slow or none
        std::size_t max_waiting = 4096;         ///< names of each of the three kinds
        std::size_t remembered = 16'384;        ///< names
        std::chrono::milliseconds slow_after{1'000};
    };

    explicit NameLookUps(LookUp look_up) : NameLookUps(std::move(look_up), Options()) {}
    NameLookUps(LookUp look_up, Options options);
    ~NameLookUps();
    NameLookUps(const NameLookUps&) = delete;
    NameLookUps& operator=(const NameLookUps&) = delete;

    /// What the call says of `host`; Errc::exhausted when too many names wait already, Errc::timeout, Errc::cancelled.
    boost::asio::awaitable<Result<Addresses>> resolve(std::string host, Deadline deadline);

    /// Names that are being looked up or wait for it.
    std::size_t under_way() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
