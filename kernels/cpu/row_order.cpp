#include "kernels/row_order.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/runtime/philox.h"

namespace kernels::cpu {

void random_order(const Context&, const RandomOrder& args) {
  const std::int64_t n = args.order.shape.elements(), first = *args.step.as<std::int32_t>() * n;
  std::vector<std::uint64_t> keys(static_cast<std::size_t>(n));  // the word above, the row below
  for (std::int64_t i = 0; i < n; ++i) {
    engine::Philox random(args.seed, engine::Purpose::key_order, 0, static_cast<std::uint64_t>(first + i));
    keys[static_cast<std::size_t>(i)] = std::uint64_t{random.next()} << 32 | static_cast<std::uint32_t>(i);
  }
  std::sort(keys.begin(), keys.end());
  std::transform(keys.begin(), keys.end(), args.order.as<std::int32_t>(),
                 [](std::uint64_t key) { return static_cast<std::int32_t>(key); });
}

void reorder_rows(const Context& context, const ReorderRows& args) {
  const std::int64_t n = args.y.shape[0];
  const auto row_bytes = static_cast<std::size_t>(bytes_of(ConstView(args.y)) / std::max<std::int64_t>(n, 1));
  const auto* x = static_cast<const std::byte*>(args.x.data);
  auto* y = static_cast<std::byte*>(args.y.data);
  const auto* order = args.order.as<std::int32_t>();
#pragma omp parallel for schedule(static) num_threads(context.threads()) if (bytes_of(ConstView(args.y)) >= 1 << 16)
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t from = args.inverse ? i : order[i], to = args.inverse ? order[i] : i;
    std::memcpy(y + static_cast<std::size_t>(to) * row_bytes, x + static_cast<std::size_t>(from) * row_bytes,
                row_bytes);
  }
}

}  // namespace kernels::cpu
