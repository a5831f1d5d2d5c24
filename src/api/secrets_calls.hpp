#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "api/route_table.hpp"
#include "control/sealed_records.hpp"
#include "net/blocking_pool.hpp"

namespace sluice::api {

/// The operator's calls on the key for secrets. Thread: any. Lifecycle: outlives the server; what it is given outlives
/// it; `blocking` does nothing else, so that nobody waits behind a rotation.
class SecretsCalls {
  public:
    SecretsCalls(SealedRecords& records, BlockingPool& blocking) : records_(records), blocking_(blocking) {}
    std::vector<Route> routes();

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer status(Call call);
    Answer rotate(Call call);

    SealedRecords& records_;
    BlockingPool& blocking_;
};

}  // namespace sluice::api
