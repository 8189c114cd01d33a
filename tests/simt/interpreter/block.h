#pragma once
#include <vector_types.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/simt/interpreter/launch.h"
#include "tests/simt/interpreter/services.h"

/// The running block. Blocks run one at a time, so this state is global.
namespace simt {

inline constexpr unsigned kLanes = 32, kMaxThreads = 1024;

/// A cp.async that was issued: the bytes it read and their destination.
struct AsyncCopy {
  void* to;
  unsigned bytes;
  unsigned char data[16];
  Place place;
};

enum class State : std::uint8_t { fresh, ready, blocked, done };
enum class Wait : std::uint8_t { nothing, barrier, collective };

struct Thread {
  uint3 index;
  unsigned rank, lane, warp;
  State state;
  Wait wait;
  unsigned wait_mask;  // of the collective
  Place wait_place;
  int fiber;  // its stack; -1 before the thread starts
  void* stack_pointer;
  bool fenced;  // whether it has executed __threadfence()
  int barrier_result;
  std::vector<AsyncCopy> open_copies;                    // issued, not committed
  std::vector<std::vector<AsyncCopy>> committed_copies;  // by group
};

/// A warp collective that some of its lanes have reached.
struct Rendezvous {
  Collective kind;
  unsigned mask, arrived;
  Place place;
  Complete complete;
  void* payloads[kLanes];
};

struct Warp {
  unsigned exists, exited;  // lanes
  std::vector<Rendezvous> pending;
  std::uint32_t clock_epoch;
  std::uint16_t clock[kLanes][kLanes];  // [l][m]: the time of lane m up to which lane l has synchronised with it
};

struct BlockBarrier {
  Barrier kind;
  int arrived, held;  // threads that have arrived, and those with a true predicate
  Place place;
};

struct Block {
  std::vector<Thread> threads{kMaxThreads};
  std::vector<Warp> warps{kMaxThreads / kLanes};
  BlockBarrier barrier{};
  unsigned size = 0, done = 0;  // threads
  unsigned index = 0;           // of the block in the grid
  Thread* current = nullptr;    // null outside kernels
  std::vector<unsigned> ready;  // a stack: release() pushes in reverse order
  Schedule schedule{};
  std::mt19937 random;
  void (*invoke)(void*) = nullptr;
  void* closure = nullptr;
  std::size_t closure_bytes = 0;
  std::string fatal;  // why the block was abandoned
};
extern Block block;

/// The running thread while its own code runs; null while the interpreter itself accesses kernel memory. Only accesses
/// of this thread are checked.
extern Thread* observed;

/// Stops checking for a scope: standard library code that the interpreter calls may come from an instrumented file.
struct Unobserved {
  Thread* saved = observed;
  Unobserved() { observed = nullptr; }
  Unobserved(const Unobserved&) = delete;
  ~Unobserved() { observed = saved; }
};

}  // namespace simt
