#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/fake_clock.hpp"
#include "control/access_directory.hpp"
#include "control/memory_control_store.hpp"

namespace sluice {

/// Orgs and tokens over a store in memory, with a clock that stands still.
class AccessTest : public testing::Test {
  protected:
    static constexpr std::string_view kAdminText = "admin-token-of-the-test";

    AccessTest() { load({}); }
    ~AccessTest() override { blocking_.stop(); }

    /// As after a restart with this configuration file.
    void load(AccessDirectory::FromFile file) {
        access_ = std::make_unique<AccessDirectory>(AccessDirectory::Parts{store_, blocking_, clock_});
        auto loaded = access_->load(std::move(file), admin_token(store_, Secret(std::string(kAdminText))).value());
        ASSERT_TRUE(loaded) << loaded.error().message;
    }

    template <class T>
    T run(boost::asio::awaitable<T> task) {
        boost::asio::io_context io;
        std::optional<T> result;
        boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr failure, T value) {
            if (failure) std::rethrow_exception(failure);
            result = std::move(value);
        });
        io.run();
        return std::move(*result);
    }

    static Principal operator_caller() {
        Principal caller;
        caller.token_id = caller.token_name = "admin";
        caller.org = "default";
        caller.scopes = static_cast<std::uint32_t>(Scope::all);
        caller.is_operator = true;
        return caller;
    }
    static Principal tenant(std::string org, Scope scopes = Scope::all) {
        Principal caller;
        caller.token_id = caller.token_name = org + "'s";
        caller.org = std::move(org);
        caller.scopes = static_cast<std::uint32_t>(scopes);
        return caller;
    }
    static TokenRequest wanted(std::string org, Scope scopes = Scope::share_read) {
        TokenRequest token;
        token.name = "reader";
        token.org = std::move(org);
        token.scopes = static_cast<std::uint32_t>(scopes);
        return token;
    }
    AccessDirectory::Issued create(TokenRequest token) {
        return run(access_->create_token(operator_caller(), std::move(token))).value();
    }
    const KnownToken* known(const std::string& text) {
        in_force_ = access_->tokens_in_force();
        const auto* found = in_force_->find(text);
        return found != nullptr && found->is_valid_at(clock_.now()) ? found : nullptr;
    }

    MemoryControlStore store_;
    BlockingPool blocking_{"changes", 1};
    FakeClock clock_;
    std::unique_ptr<AccessDirectory> access_;

  private:
    std::shared_ptr<const TokenDirectory> in_force_;
};

}  // namespace sluice
