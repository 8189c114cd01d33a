// The tests that several ranks run together, started by mpirun: every rank runs the same cases in the same order.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "kernels/ranks/join.h"
#include "tests/ranks/ranks.h"

namespace {

engine::Communicator* joined = nullptr;

}  // namespace

engine::Communicator& tests::ranks() { return *joined; }

int main(int argc, char** argv) {
  const std::unique_ptr<engine::Communicator> communicator = kernels::join_ranks();
  joined = communicator.get();
  joined->set_patience(20);
  doctest::Context context(argc, argv);
  context.setOption("no-intro", true);
  // A rank that leaves a case early would leave the others alone in it: all stop.
  context.setOption("abort-after", 1);
  const int result = context.run();
  if (context.shouldExit()) return result;
  if (result != 0) {
    std::fprintf(stderr, "a case failed on rank %d of %d\n", joined->rank(), joined->ranks());
    joined->abort(1);
    return 1;
  }
  joined->leave();
  return 0;
}
