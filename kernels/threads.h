#pragma once

namespace kernels {

/// Starts the OpenMP threads for all later parallel regions of the calling thread, and returns their number: `wanted`,
/// or fewer where OMP_THREAD_LIMIT or OMP_MAX_ACTIVE_LEVELS allow fewer. With a wrong number, a kernel that waits for a
/// missing thread would deadlock. Throws when the system cannot start so many threads, or only with too small stacks,
/// where OpenMP itself would end the program.
int make_team(int wanted);

}  // namespace kernels
