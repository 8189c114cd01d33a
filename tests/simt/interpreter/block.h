#pragma once
#include <vector_types.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/simt/interpreter/launch.h"
#include "tests/simt/interpreter/services.h"

/// The block that is running. There is one at a time, and so this state is the process's.
namespace simt {

inline constexpr unsigned kLanes = 32, kMaxThreads = 1024;

/// A cp.async that was issued: what it read, and where that will go.
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
  int fiber;  // whose stack it has; -1 before it starts
  void* stack_pointer;
  bool fenced;  // has executed __threadfence()
  int barrier_result;
  std::vector<AsyncCopy> open_copies;                    // issued, not committed
  std::vector<std::vector<AsyncCopy>> committed_copies;  // by group
};

/// A collective some of whose lanes have come.
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
  std::uint16_t clock[kLanes][kLanes];  // [l][m]: how much of lane m's past lane l has synchronised with
};

struct BlockBarrier {
  Barrier kind;
  int arrived, held;  // threads that have come, and whose predicate held
  Place place;
};

struct Block {
  std::vector<Thread> threads{kMaxThreads};
  std::vector<Warp> warps{kMaxThreads / kLanes};
  BlockBarrier barrier{};
  unsigned size = 0, done = 0;  // threads
  unsigned index = 0;           // of the block in the grid
  Thread* current = nullptr;    // null outside kernels
  std::vector<unsigned> ready;  // a stack: releases push in reverse of the wanted order
  Schedule schedule{};
  std::mt19937 random;
  void (*invoke)(void*) = nullptr;
  void* closure = nullptr;
  std::size_t closure_bytes = 0;
  std::string fatal;  // why the block was given up
};
extern Block block;

/// The running thread while its own code runs, and null while the interpreter touches kernel memory: only what this
/// thread does is checked.
extern Thread* observed;

/// The interpreter's use of the standard library may run code that the linker took from an instrumented file.
struct Unobserved {
  Thread* saved = observed;
  Unobserved() { observed = nullptr; }
  Unobserved(const Unobserved&) = delete;
  ~Unobserved() { observed = saved; }
};

}  // namespace simt
