#pragma once
#include <cstddef>

#include "tests/simt/interpreter/place.h"

/// What the device language (tests/simt/language) is built on. Called by the thread that is running.
namespace simt {

enum class Collective : unsigned char { shuffle, vote, match, reduce, sync_warp, mma, ldmatrix };
/// Completes a collective, once, for all lanes that take part: payloads[lane] is what each of them brought.
using Complete = void (*)(void* const* payloads, unsigned lanes);
/// Waits until all lanes of `mask` have come.
void collective(Collective kind, unsigned mask, void* payload, Complete complete, Place place);

enum class Barrier : unsigned char { plain, count, all, any };
/// Waits for the block; returns how many, whether all, or whether any predicates held.
int block_barrier(Barrier kind, int predicate, Place place);

int lane();
void* dynamic_shared_memory();
[[noreturn]] void trap(const char* what, Place place);
/// Lets all other threads that can go on run first.
void yield();
/// Makes this thread's later atomics order what it did before against other blocks.
void fence();

/// One atomic's check: bounds, alignment, races.
void touch_atomic(void* at, unsigned bytes, const Place& place);
/// The same for an access that the interpreter makes on a thread's behalf.
void touch(const void* at, unsigned bytes, bool write, const Place& place);

void copy_async(void* to, const void* from, unsigned bytes, unsigned from_bytes, Place place);
void commit_copies();
void wait_for_copies(unsigned pending);

}  // namespace simt
