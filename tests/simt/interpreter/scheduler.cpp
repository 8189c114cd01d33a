#include "tests/simt/interpreter/scheduler.h"

#include <map>
#include <sstream>

#include "tests/simt/interpreter/fibers.h"
#include "tests/simt/interpreter/reports.h"

// Declared const in the device language, because they are constant for each thread: the compiler may keep them in
// registers and their accesses are not checked. This file alone rewrites them, at every switch.
uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace simt {

Block block;
Thread* observed = nullptr;

namespace {

void* launcher_stack = nullptr;
std::vector<int> free_fibers;

Thread* pick() {
  std::vector<unsigned>& ready = block.ready;
  if (ready.empty()) return nullptr;
  if (block.schedule.order == Order::random) std::swap(ready[block.random() % ready.size()], ready.back());
  Thread* next = &block.threads[ready.back()];
  ready.pop_back();
  return next;
}

void make_current(Thread* thread) {
  block.current = thread;
  threadIdx = thread->index;
}

[[noreturn]] void leave_for(void* stack_pointer) {
  void* never_resumed = nullptr;
  simt_switch(&never_resumed, stack_pointer);
  __builtin_unreachable();
}

void end_current() {
  Thread& thread = *block.current;
  if (!thread.open_copies.empty() || !thread.committed_copies.empty()) {
    const AsyncCopy& copy = thread.open_copies.empty() ? thread.committed_copies[0][0] : thread.open_copies[0];
    report("cp.async still in flight at thread exit: " + name_current() + ", issued at " + name(copy.place), nullptr,
           ReportKind::other);
  }
  thread.state = State::done;
  ++block.done;
  Warp& warp = block.warps[thread.warp];
  warp.exited |= 1u << thread.lane;
  if (!warp.pending.empty()) check_collectives(warp);
  if (block.barrier.arrived > 0) check_barrier();
}

void fiber_entry() {
  for (;;) {
    observed = block.current;
    block.invoke(block.closure);
    observed = nullptr;
    end_current();
    Thread* next = pick();
    if (next == nullptr) {
      if (block.done < block.size) deadlock("deadlock");
      leave_for(launcher_stack);
    }
    const int own = block.current->fiber;
    make_current(next);
    if (next->state == State::fresh) {  // a kernel without barriers stays in this loop
      next->fiber = own;
      next->state = State::ready;
    } else {
      free_fibers.push_back(own);
      leave_for(next->stack_pointer);
    }
  }
}

void switch_to(void** save, Thread* next) {
  make_current(next);
  if (next->state == State::fresh) {
    next->fiber = free_fibers.back();
    free_fibers.pop_back();
    next->state = State::ready;
    next->stack_pointer = fresh_stack(next->fiber, fiber_entry);
  }
  simt_switch(save, next->stack_pointer);
}

/// "0-3,7,9-31"
std::string ranges(const std::vector<unsigned>& ranks) {
  std::ostringstream out;
  for (std::size_t i = 0, shown = 0; i < ranks.size(); ++shown) {
    if (shown == 6) {
      out << "...";
      break;
    }
    std::size_t last = i;
    while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1) ++last;
    out << ranks[i];
    if (last > i) out << '-' << ranks[last];
    if (last + 1 < ranks.size()) out << ',';
    i = last + 1;
  }
  return out.str();
}

std::string doing(const Thread& thread) {
  if (thread.state == State::done) return "returned from the kernel";
  if (thread.state != State::blocked) return "still running";
  if (thread.wait == Wait::barrier) return "wait at the barrier in " + name(thread.wait_place);
  std::ostringstream out;
  out << "wait at the warp collective with mask 0x" << std::hex << thread.wait_mask << " in "
      << name(thread.wait_place);
  return out.str();
}

}  // namespace

void run_threads() {
  observed = nullptr;
  block.fatal.clear();
  block.done = 0;
  free_fibers.clear();
  for (int i = static_cast<int>(kMaxThreads); i-- > 0;) free_fibers.push_back(i);
  block.ready.clear();
  std::vector<unsigned> all(block.size);
  for (unsigned i = 0; i < block.size; ++i) all[i] = i;
  release(all.data(), all.size());
  for (unsigned i = 0; i < block.size; ++i) block.threads[i].state = State::fresh;
  switch_to(&launcher_stack, pick());
  block.current = nullptr;
  observed = nullptr;
}

void abandon(std::string why) {
  observed = nullptr;
  block.fatal = std::move(why);
  leave_for(launcher_stack);
}

void deadlock(const char* why) {
  std::map<std::string, std::vector<unsigned>> groups;
  for (unsigned i = 0; i < block.size; ++i) groups[doing(block.threads[i])].push_back(i);
  std::ostringstream out;
  out << why << " in block " << block.index << ':';
  for (const auto& [what, ranks] : groups)
    out << "\n    threads " << ranges(ranks) << " (" << ranks.size() << ") " << what;
  abandon(out.str());
}

void suspend() {
  Thread* self = block.current;
  observed = nullptr;
  Thread* next = pick();  // may be this thread itself, if it arrived last
  if (next == nullptr) deadlock("deadlock");
  if (next != self) switch_to(&self->stack_pointer, next);
  observed = block.current;
}

void release(const unsigned* ranks, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) {
    const unsigned rank = block.schedule.order == Order::reverse ? ranks[count - 1 - i] : ranks[i];
    block.threads[rank].state = State::ready;
    block.ready.push_back(rank);
  }
}

void yield() {
  Thread* self = block.current;
  observed = nullptr;
  self->state = State::ready;
  block.ready.insert(block.ready.begin(), self->rank);
  Thread* next = pick();
  if (next != self) switch_to(&self->stack_pointer, next);
  observed = block.current;
}

int lane() { return static_cast<int>(block.current->lane); }

void trap(const char* what, Place place) {
  observed = nullptr;
  abandon(std::string(what) + " in " + name(place) + ", " + name_current());
}

}  // namespace simt
