#pragma once

#include <memory>

#include "app/commands.hpp"
#include "base/result.hpp"
#include "sandbox/aws/key_ring.hpp"
#include "sandbox/sandbox.hpp"

namespace sluice::app {

/// Starts the stand-ins for the clouds as the command says; they run on threads of their own until they are stopped.
Result<std::unique_ptr<sandbox::Sandbox>> start_sandbox(const SandboxCommand& command);

}  // namespace sluice::app
