#pragma once
#include "kernels/kernel.h"

namespace kernels {

// What the ranks of a run do together (engine::Communicator), as kernels: timed and traced like others. Every rank must
// call them, in the same order. One rank has nothing to do.

// x = the sum of all ranks' x, f32 or f64: the same bytes on every rank
struct AllReduce {
  View x;
  Cost cost() const { return {.bytes = 2 * bytes_of(x), .operations = x.shape.elements()}; }
};
// The same, but it goes on beside what follows: x must not be touched until FinishAllReduces
struct BeginAllReduce {
  View x;
  Cost cost() const { return {.bytes = 2 * bytes_of(x), .operations = x.shape.elements()}; }
};
// Waits for what has begun. A profile shows the waiting as this kernel's time, and what went on unnoticed before as
// "all_reduce_hidden".
struct FinishAllReduces {
  Cost cost() const { return {}; }
};
// x has equal parts, one per rank: each rank wrote its own, and gets the others
struct AllGather {
  View x;
  Cost cost() const { return {.bytes = bytes_of(x)}; }
};
// x has parts as for AllGather, f32 or f64: the own part becomes the sum of all ranks' values of it; the others lose
// theirs
struct ReduceScatter {
  View x;
  Cost cost() const { return {.bytes = 2 * bytes_of(x), .operations = x.shape.elements()}; }
};

namespace ranks {
inline void all_reduce(const Context& context, const AllReduce& args) { context.communicator().all_reduce(args.x); }
inline void begin_all_reduce(const Context& context, const BeginAllReduce& args) {
  context.communicator().begin_all_reduce(args.x);
}
inline void finish_all_reduces(const Context& context, const FinishAllReduces&) {
  const double hidden_seconds = context.communicator().finish_all_reduces();
  if (context.profiler().enabled()) context.profiler().add_beside("all_reduce_hidden", hidden_seconds);
}
inline void all_gather(const Context& context, const AllGather& args) { context.communicator().all_gather(args.x); }
inline void reduce_scatter(const Context& context, const ReduceScatter& args) {
  context.communicator().reduce_scatter(args.x);
}
}  // namespace ranks

// A communicator knows its device, so there is one implementation for all.
inline constexpr Kernel<AllReduce> all_reduce{"all_reduce", ranks::all_reduce, ranks::all_reduce};
inline constexpr Kernel<BeginAllReduce> begin_all_reduce{"begin_all_reduce", ranks::begin_all_reduce,
                                                         ranks::begin_all_reduce};
inline constexpr Kernel<FinishAllReduces> finish_all_reduces{"finish_all_reduces", ranks::finish_all_reduces,
                                                             ranks::finish_all_reduces};
inline constexpr Kernel<AllGather> all_gather{"all_gather", ranks::all_gather, ranks::all_gather};
inline constexpr Kernel<ReduceScatter> reduce_scatter{"reduce_scatter", ranks::reduce_scatter, ranks::reduce_scatter};

}  // namespace kernels
