#include "kernels/convert.h"

#include "kernels/cpu/loops.h"

namespace kernels::cpu {

void convert(const Context&, const Convert& args) {
  with_float_type(args.x.dtype, [&]<class From>(From*) {
    with_float_type(args.y.view.dtype, [&]<class To>(To*) {
      const From* x = args.x.as<From>();
      write_elements<To>(args.y, [=](std::int64_t i) { return static_cast<float>(x[i]); });
    });
  });
}

}  // namespace kernels::cpu
