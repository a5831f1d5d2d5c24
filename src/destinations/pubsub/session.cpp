#include "destinations/pubsub/session.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::pubsub {
namespace {

std::shared_ptr<const Failure> no_token(const Error& error) {
    Failure failure;
    bool refused = error.code == Errc::unauthenticated || error.code == Errc::forbidden;
    failure.error_class = refused ? ErrorClass::credentials : ErrorClass::transient;
    failure.code = refused ? "no_credentials" : "no_token";
    failure.message = error.message;
    failure.hint = !error.hint.empty() ? error.hint : refused ? "Check credentials." : "It is tried again by itself.";
    return std::make_shared<const Failure>(std::move(failure));
}

}  // namespace

Session::Session(boost::asio::io_context& io, Client::Options options,
                 std::unique_ptr<auth::GoogleTokenProvider> tokens, std::size_t most_calls)
    : tokens_(std::move(tokens)), client_(io, std::move(options)), runner_(io, client_, most_calls) {}

boost::asio::awaitable<Session::Ready> Session::ready(Deadline deadline) {
    Ready ready;
    if (tokens_) {
        auto token = co_await tokens_->get(deadline);
        if (token) {
            ready.token = std::move(*token);
        } else {
            ready.failure = no_token(token.error());
            co_return ready;
        }
    }
    ready.failure = co_await client_.prepare(deadline);
    co_return ready;
}

bool Session::replace_token(const std::string& date) {
    if (!tokens_) return false;
    if (!tokens_->learn_clock(date)) tokens_->invalidate();
    return true;
}

boost::asio::awaitable<Answer> Session::call(Call call, Deadline deadline) {
    for (bool replaced = false;; replaced = true) {
        Ready ready = co_await this->ready(deadline);
        if (ready.failure) {
            Answer answer;
            answer.not_begun = std::move(ready.failure);
            co_return answer;
        }
        CallRunner::Make make = [&call](std::size_t) { return call; };
        CallRunner::Options options;
        options.token = ready.token ? &*ready.token : nullptr;
        options.deadline = deadline;
        auto answers = co_await runner_.run(1, std::move(make), options);
        bool again = answers[0]->status == Status::unauthenticated && !replaced && replace_token(answers[0]->date);
        if (!again) co_return *answers[0];
    }
}

std::string Session::describe_credentials() const {
    if (!tokens_) return "none: an emulator asks for none";
    auto seconds = tokens_->clock_offset().count() / 1000;
    if (seconds == 0) return tokens_->describe();
    return fmt::format("{}; this machine's clock is off by {} s, which is made up for", tokens_->describe(), seconds);
}

}  // namespace sluice::pubsub
