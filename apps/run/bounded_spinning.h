#pragma once

namespace apps {

/// Makes OpenMP threads that wait for each other sleep soon instead of spinning for milliseconds. If other programs
/// need the processors, too, spinning threads displace the very threads that they wait for, and every wait takes a
/// scheduler's time slice. OMP_WAIT_POLICY and GOMP_SPINCOUNT have priority.
///
/// libgomp reads its environment while the program is loaded. So this function sets the environment and executes the
/// program again, in the same process and with the same arguments; it returns only in the new program. If it cannot do
/// so, it does nothing. Call it first in `main` with the arguments of `main`; other arguments are ignored.
void bound_spinning(char** argv);

}  // namespace apps
