#pragma once

namespace kernels {

/// Makes the team of OpenMP threads that computes every parallel region that the calling thread comes to from now on,
/// and returns how many there are: `wanted`, or fewer where OMP_THREAD_LIMIT or OMP_MAX_ACTIVE_LEVELS allow no more.
/// A kernel that waits for threads which are not there would wait for ever. Throws when the system does not give so
/// many threads, or only with stacks that are too small: OpenMP itself would end the program.
int make_team(int wanted);

}  // namespace kernels
