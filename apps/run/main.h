#pragma once

namespace apps {

/// The body of `main`: runs `program` and turns an exception into one line on stderr ("pretrain: error: ...") and its
/// ExitCode. The only catch-all of a program.
int run_main(int argc, char** argv, int (*program)(int argc, char** argv));

}  // namespace apps
