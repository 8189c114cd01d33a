#pragma once

namespace apps {

/// The body of `main`: runs `program`, and turns what it throws into one line on stderr ("pretrain: error: ...") and
/// the ExitCode for it. The only catch-all of a program.
int run_main(int argc, char** argv, int (*program)(int argc, char** argv));

}  // namespace apps
