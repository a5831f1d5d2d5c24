#include "auth/refreshing_credentials.hpp"

#include <utility>

namespace sluice::auth {

RefreshingCredentials::RefreshingCredentials(std::unique_ptr<AwsCredentialsSource> source, const Clock& clock)
    : refreshing_(std::move(source), clock, {kAdvisory, kMandatory}) {}

RefreshingCredentials::~RefreshingCredentials() = default;

boost::asio::awaitable<Result<AwsCredentials>> RefreshingCredentials::get(Deadline deadline) {
    return refreshing_.get(deadline);
}

bool RefreshingCredentials::invalidate() {
    refreshing_.invalidate();
    return true;
}

std::string RefreshingCredentials::describe() const {
    return refreshing_.describe();
}

StaticCredentials::StaticCredentials(AwsCredentials credentials) : credentials_(std::move(credentials)) {}

boost::asio::awaitable<Result<AwsCredentials>> StaticCredentials::get(Deadline) {
    co_return credentials_;
}

std::string StaticCredentials::describe() const {
    return credentials_.origin;
}

}  // namespace sluice::auth
