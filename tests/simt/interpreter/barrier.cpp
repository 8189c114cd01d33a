#include "tests/simt/interpreter/access_checker.h"
#include "tests/simt/interpreter/reports.h"
#include "tests/simt/interpreter/scheduler.h"

namespace simt {
namespace {

int result(const BlockBarrier& barrier) {
  switch (barrier.kind) {
    case Barrier::plain: return 0;
    case Barrier::count: return barrier.held;
    case Barrier::all: return barrier.held == barrier.arrived;
    case Barrier::any: return barrier.held > 0;
  }
  return 0;
}

}  // namespace

void check_barrier() {
  BlockBarrier& barrier = block.barrier;
  if (static_cast<unsigned>(barrier.arrived) + block.done < block.size) return;
  // Before Volta, the hardware let a barrier pass when the other threads had returned; now that is undefined behaviour.
  if (block.done > 0) deadlock("__syncthreads not reached by all threads");
  static unsigned waiting[kMaxThreads];
  for (unsigned i = 0; i < block.size; ++i) {
    block.threads[i].barrier_result = result(barrier);
    waiting[i] = i;
  }
  barrier.arrived = 0;
  next_epoch();
  release(waiting, block.size);
}

int block_barrier(Barrier kind, int predicate, Place place) {
  observed = nullptr;
  Thread& self = *block.current;
  self.state = State::blocked;
  self.wait = Wait::barrier;
  self.wait_place = place;
  BlockBarrier& barrier = block.barrier;
  if (barrier.arrived == 0) {
    barrier = {kind, 0, 0, place};
  } else if (!(barrier.place == place)) {
    deadlock("divergent __syncthreads: threads meet at different source lines");
  }
  ++barrier.arrived;
  barrier.held += predicate != 0;
  check_barrier();
  suspend();
  return self.barrier_result;
}

}  // namespace simt
