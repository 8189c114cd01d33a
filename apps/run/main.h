#pragma once
#include <memory>

#include "kernels/runtime/communicator.h"

namespace apps {

/// The body of `main`: runs `program` and turns an exception into one line on stderr ("pretrain: error: ...") and its
/// ExitCode. The only catch-all of a program. A program that computes in one process: if a launcher started several,
/// it refuses to run.
int run_main(int argc, char** argv, int (*program)(int argc, char** argv));

/// The same for a program that computes on all the processes that a launcher started: `join` joins them. A program that
/// is stopped, or ends by a number that is not finite, must do so on all ranks; rank 0 then speaks for all. Any other
/// error of one rank ends them all.
int run_main(int argc, char** argv, std::unique_ptr<engine::Communicator> (*join)(),
             int (*program)(int argc, char** argv, engine::Communicator& ranks));

}  // namespace apps
