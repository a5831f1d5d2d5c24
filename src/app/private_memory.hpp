#pragma once

namespace sluice::app {

/// This process's memory holds secrets: from here on it leaves no core file, and no other process of the same user may
/// look into it (ptrace, /proc/PID/mem, its environment). `SLUICE_CORE_DUMPS=1` leaves things as the system has them,
/// for whoever wants a core.
void keep_memory_private();

}  // namespace sluice::app
