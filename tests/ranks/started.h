#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/apps/workbench.h"

/// Programs that mpirun starts, and what their runs recorded.
namespace tests {

Strings operator+(Strings all, const Strings& more);

/// The arguments of mpirun before the program: more ranks than processors, as any user.
Strings launch(int ranks);
/// Starts the ranks of a program one by one, as torchrun would: TCP connects them, at a free port of this machine.
std::vector<Ended> run_by_tcp(int ranks, const std::string& program, const Strings& arguments);
/// What the program itself said: mpirun adds paragraphs about ranks that end with another code than 0.
Strings said(const Ended& ended);
/// The process that mpirun started as a rank.
pid_t process_of(pid_t mpirun, int rank);
/// Files of /proc have no size that one could know before.
std::string text_of(const fs::path& file);
/// Waits until the program has written a checkpoint of the run: another one than `before`.
bool wait_for_checkpoint(Program& program, const fs::path& run, const std::string& before = {});

/// The largest difference of what the steps of two runs recorded under a name.
double largest_difference(const fs::path& run, const fs::path& other, const char* name);

}  // namespace tests
