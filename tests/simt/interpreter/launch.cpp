#include "tests/simt/interpreter/launch.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>

#include "tests/simt/interpreter/access_checker.h"
#include "tests/simt/interpreter/faults.h"
#include "tests/simt/interpreter/fibers.h"
#include "tests/simt/interpreter/global_memory.h"
#include "tests/simt/interpreter/program_image.h"
#include "tests/simt/interpreter/publication.h"
#include "tests/simt/interpreter/reports.h"
#include "tests/simt/interpreter/scheduler.h"
#include "tests/simt/interpreter/set_up.h"
#include "tests/simt/interpreter/shared_memory.h"

extern uint3 blockIdx;
extern dim3 blockDim, gridDim;

namespace simt {
namespace {

const char* name(Order order) {
  switch (order) {
    case Order::forward: return "forward";
    case Order::reverse: return "reverse";
    case Order::random: return "random";
  }
  return "?";
}

/// The bytes of a kernel's __shared__ variables.
std::size_t static_bytes(const void* kernel) {
  static std::map<const void*, std::size_t> known;
  const auto [found, is_new] = known.try_emplace(kernel);
  if (is_new) found->second = static_shared_bytes(function_at(kernel));
  return found->second;
}

/// Why a device would refuse this launch; empty if it would not.
std::string refusal(dim3 grid, dim3 threads, std::size_t shared_bytes, const void* kernel) {
  const std::uint64_t count = std::uint64_t{threads.x} * threads.y * threads.z;
  if (block.current != nullptr) return "a kernel cannot launch a kernel";
  if (count == 0 || count > kMaxThreads || threads.z > 64) return "invalid block size";
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return "invalid grid size";
  if (grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) return "invalid grid size";
  if (shared_bytes + static_bytes(kernel) > options().largest_shared_bytes) return "too much shared memory";
  return "";
}

void start_threads(dim3 shape) {
  block.size = shape.x * shape.y * shape.z;
  for (Warp& warp : block.warps) {
    warp.exists = warp.exited = warp.clock_epoch = 0;
    warp.pending.clear();
  }
  block.barrier = {};
  for (unsigned i = 0; i < block.size; ++i) {
    Thread& thread = block.threads[i];
    thread.index = {i % shape.x, i / shape.x % shape.y, i / (shape.x * shape.y)};
    thread.rank = i;
    thread.lane = i % kLanes;
    thread.warp = i / kLanes;
    thread.wait = Wait::nothing;
    thread.fiber = -1;
    thread.fenced = false;
    thread.open_copies.clear();
    thread.committed_copies.clear();
    block.warps[thread.warp].exists |= 1u << thread.lane;
  }
}

/// Reports changed bytes around shared memory and stacks.
std::string damage() {
  if (const auto at = damaged_red_zone()) return "write outside shared memory: " + describe(at);
  if (a_stack_overflowed()) return "a thread's stack overflowed";
  return "";
}

/// Throws if the block was abandoned.
void run_block(std::uint64_t index) {
  blockIdx = {static_cast<unsigned>(index % gridDim.x), static_cast<unsigned>(index / gridDim.x % gridDim.y),
              static_cast<unsigned>(index / gridDim.x / gridDim.y)};
  block.index = static_cast<unsigned>(index);
  start_block_epoch();
  start_block_acquisitions();
  poison_shared_memory();
  start_threads(blockDim);
  forget_place_of_service();
  run_threads();
  std::string problem = block.fatal;
  if (problem.empty() && block.done == block.size) {
    problem = damage();
    if (!problem.empty()) problem += ", found after block " + std::to_string(index);
  }
  if (!problem.empty()) throw Error(problem);
}

std::vector<std::uint64_t> block_order(std::uint64_t blocks) {
  std::vector<std::uint64_t> order(blocks);
  std::iota(order.begin(), order.end(), 0);
  if (block.schedule.order == Order::reverse) std::reverse(order.begin(), order.end());
  if (block.schedule.order == Order::random) std::shuffle(order.begin(), order.end(), block.random);
  return order;
}

/// Runs all blocks in one schedule; returns the problems found.
std::string run_schedule(const Schedule& schedule) {
  block.schedule = schedule;
  block.random.seed(schedule.seed);
  start_launch_epoch();
  start_publications();
  clear_reports();
  std::string problems;
  const FaultHandlers handlers;
  try {
    for (const std::uint64_t index : block_order(std::uint64_t{gridDim.x} * gridDim.y * gridDim.z)) run_block(index);
    if (const auto at = damaged_gap()) problems = "write outside global memory: " + describe(at);
  } catch (const Error& error) { problems = error.what(); }
  for (const std::string& report : reports()) problems += (problems.empty() ? "" : "\n  also: ") + report;
  return problems;
}

/// Reports the first byte of memory that differs from the first schedule's result; empty if none differs.
std::string difference(const std::vector<std::vector<char>>& first) {
  for (std::size_t i = 0; i < first.size(); ++i) {
    const Allocation& now = allocations()[i];
    const auto at = std::mismatch(first[i].begin(), first[i].end(), now.begin).first;
    if (at == first[i].end()) continue;
    return "the result depends on the schedule: " +
           describe(reinterpret_cast<std::uintptr_t>(now.begin) + static_cast<std::size_t>(at - first[i].begin()));
  }
  return "";
}

}  // namespace

void set_up() {
  static const bool done = [] {
    make_stacks(kMaxThreads);
    read_program_image();
    make_shared_memory();
    make_global_memory();
    make_shadow_memory();
    return true;
  }();
  static_cast<void>(done);
}

Options& options() {
  static Options options;
  return options;
}

void run(dim3 grid, dim3 threads, std::size_t shared_bytes, void (*invoke)(void*), void* closure,
         std::size_t closure_bytes, const void* kernel) {
  set_up();
  const auto fail = [&](const std::string& why) { throw Error("kernel " + function_at(kernel) + ": " + why); };
  if (const std::string why = refusal(grid, threads, shared_bytes, kernel); !why.empty()) fail(why);
  block.invoke = invoke;
  block.closure = closure;
  block.closure_bytes = closure_bytes;
  blockDim = threads;
  gridDim = grid;
  size_dynamic_shared(shared_bytes);
  const std::vector<Schedule>& schedules = options().schedules;
  using Memory = std::vector<std::vector<char>>;
  const bool several = schedules.size() > 1;
  const Memory before = several ? copy_of_global_memory() : Memory();
  Memory first;
  for (std::size_t i = 0; i < schedules.size(); ++i) {
    if (i > 0) restore_global_memory(before);
    std::string problems = run_schedule(schedules[i]);
    if (problems.empty() && options().compare && i > 0) problems = difference(first);
    if (!problems.empty()) fail(problems + "\n  in schedule " + name(schedules[i].order));
    if (i == 0 && several) first = copy_of_global_memory();
  }
}

}  // namespace simt
