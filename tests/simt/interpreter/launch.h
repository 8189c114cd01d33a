#pragma once
#include <vector_types.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "tests/simt/interpreter/stream.h"

namespace simt {

enum class Order { forward, reverse, random };

/// The order in which ready threads are picked and blocks are started.
struct Schedule {
  Order order;
  unsigned seed = 0;
};

struct Options {
  /// A launch runs once per schedule, from the same contents of memory; any byte that differs afterwards is reported.
  std::vector<Schedule> schedules{{Order::forward}, {Order::reverse}, {Order::random, 1}};
  bool compare = true;  ///< off for kernels whose results may depend on the order, such as float atomics
  std::size_t largest_shared_bytes = 227 * 1024;  ///< shared memory of one block on an H100 or H200
  unsigned most_reports = 8, timeout_seconds = 120;
};

/// These apply to all later launches.
Options& options();

/// What was wrong with a launch: thrown when it was abandoned or has ended with reports.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Whether a kernel of this program was compiled with -fsanitize=thread, so that every access is checked.
bool instrumented();

/// Runs a kernel immediately: `invoke(closure)` once per thread. `kernel` is its address, for reports.
void run(dim3 grid, dim3 block, std::size_t shared_bytes, void (*invoke)(void*), void* closure,
         std::size_t closure_bytes, const void* kernel);

template <class... Parameters, class... Arguments>
void launch(Stream& stream, void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
            Arguments&&... arguments) {
  struct Closure {
    void (*kernel)(Parameters...);
    std::tuple<std::decay_t<Parameters>...> arguments;
  };
  const auto invoke = [](void* untyped) {
    auto* typed = static_cast<Closure*>(untyped);
    std::apply(typed->kernel, typed->arguments);
  };
  stream.issue([=, closure = Closure{kernel, {std::forward<Arguments>(arguments)...}}]() mutable {
    run(grid, block, shared_bytes, invoke, &closure, sizeof closure, reinterpret_cast<const void*>(kernel));
  });
}

}  // namespace simt
