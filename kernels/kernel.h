#pragma once
#include "kernels/runtime/context.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/profile.h"
#include "kernels/runtime/rounding.h"
#include "kernels/runtime/views.h"

#if ENGINE_CUDA
#define ON_CUDA(function) function
#else
#define ON_CUDA(function) nullptr
#endif

namespace kernels {

using engine::bf16;
using engine::ceil_div;
using engine::ConstView;
using engine::Context;
using engine::Cost;
using engine::Destination;
using engine::Dtype;
using engine::round_up;
using engine::Shape;
using engine::View;

/// The implementation for the context's device. The only dispatch in the tree.
template <class Function>
Function* on_device_of(const Context& context, const char* name, Function* cpu, Function* cuda) {
  Function* run = context.on_cuda() ? cuda : cpu;
  EXPECTS(run, name, ": no ", context.device(), " kernel in this build; use --device cpu");
  return run;
}

/// One operation: a struct of named arguments and one implementation per device.
template <class Args>
struct Kernel {
  using Function = void(const Context&, const Args&);
  const char* name;
  Function *cpu, *cuda;  // cuda is null in a build without CUDA

  void operator()(const Context& context, const Args& args) const {
    Function* run = on_device_of(context, name, cpu, cuda);
    Cost cost;
    if constexpr (requires { args.cost(); }) {
      if (context.profiler().enabled()) cost = args.cost();
    }
    const engine::ProfileRange range(context, name, cost);
    run(context, args);
  }
};

/// A size that depends on the device, such as that of memory that only one device's kernels use.
template <class Args>
struct KernelSize {
  using Function = std::int64_t(const Args&);
  const char* name;
  Function *cpu, *cuda;  // cuda is null in a build without CUDA

  std::int64_t operator()(const Context& context, const Args& args) const {
    return on_device_of(context, name, cpu, cuda)(args);
  }
};

/// The bytes of a view, for `cost()`; 0 for an absent view.
inline std::int64_t bytes_of(const ConstView& view) {
  return view ? view.shape.elements() * static_cast<std::int64_t>(engine::size_of(view.dtype)) : 0;
}
/// The bytes a gradient moves: it is read and written when it accumulates.
inline std::int64_t bytes_of(const Destination& to) { return bytes_of(to.view) * (to.accumulate ? 2 : 1); }

}  // namespace kernels

/// Declares kernels::cpu::name and kernels::cuda::name, and the callable kernels::name. Use inside namespace kernels.
#define KERNEL(name, Args)                \
  namespace cpu {                         \
  void name(const Context&, const Args&); \
  }                                       \
  namespace cuda {                        \
  void name(const Context&, const Args&); \
  }                                       \
  inline constexpr Kernel<Args> name { #name, cpu::name, ON_CUDA(cuda::name) }
/// The same for a size.
#define KERNEL_SIZE(name, Args)   \
  namespace cpu {                 \
  std::int64_t name(const Args&); \
  }                               \
  namespace cuda {                \
  std::int64_t name(const Args&); \
  }                               \
  inline constexpr KernelSize<Args> name { #name, cpu::name, ON_CUDA(cuda::name) }
