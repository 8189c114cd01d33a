#pragma once

namespace apps {

/// Makes threads that wait for each other in an OpenMP team go to sleep soon instead of keeping their processor busy
/// for milliseconds: where other programs want the processors too, those that spin keep off those that are waited for,
/// and every wait takes as long as a slice of the scheduler. OMP_WAIT_POLICY and GOMP_SPINCOUNT go before this.
///
/// libgomp reads its environment while the program is loaded, so this starts the program once more, in the same process
/// with the same arguments, and returns only there. Where it cannot, it does nothing. Call it first thing in `main`,
/// with the arguments given there; others are passed over.
void bound_spinning(char** argv);

}  // namespace apps
