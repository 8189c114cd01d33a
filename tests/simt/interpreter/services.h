#pragma once
#include <cstddef>

#include "tests/simt/interpreter/place.h"

/// The functions that the device language (tests/simt/language) calls on behalf of the running thread.
namespace simt {

enum class Collective : unsigned char { shuffle, vote, match, reduce, sync_warp, mma, ldmatrix };
/// Completes a collective once for all its lanes: payloads[lane] is the data of that lane.
using Complete = void (*)(void* const* payloads, unsigned lanes);
/// Waits until all lanes of `mask` have arrived.
void collective(Collective kind, unsigned mask, void* payload, Complete complete, Place place);

enum class Barrier : unsigned char { plain, count, all, any };
/// Waits for all threads of the block; returns how many predicates are true, or whether all or any are.
int block_barrier(Barrier kind, int predicate, Place place);

int lane();
void* dynamic_shared_memory();
[[noreturn]] void trap(const char* what, Place place);
/// Lets all other ready threads run first.
void yield();
/// Makes later atomics of this thread order its earlier accesses before those of other blocks.
void fence();

/// Checks one atomic access: bounds, alignment, races.
void touch_atomic(void* at, unsigned bytes, const Place& place);
/// The same check for an access that the interpreter makes on behalf of a thread.
void touch(const void* at, unsigned bytes, bool write, const Place& place);

void copy_async(void* to, const void* from, unsigned bytes, unsigned from_bytes, Place place);
void commit_copies();
void wait_for_copies(unsigned pending);

}  // namespace simt
