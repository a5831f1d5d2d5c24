#pragma once

#include <chrono>

namespace sluice::api {

/// How long a caller waits for what a provider has to say: about settings, and about one event.
inline constexpr auto kTestTimeout = std::chrono::seconds(30);
inline constexpr auto kSampleTimeout = std::chrono::seconds(30);

}  // namespace sluice::api
