#include "apps/train/fitting_batch.h"

#include <algorithm>
#include <exception>

#include "apps/input/run_data.h"

namespace apps {
namespace {

constexpr std::int64_t kSmallest = 2;  // a contrastive loss needs a second image

std::string found_by_trying(const engine::Context& context, TrainStep& step, const engine::StepClock& clock,
                            const data::Source& source, std::int64_t batch_size, const engine::OutOfMemory& error) {
  const engine::Pool& pool = context.pool();
  const std::size_t fixed = pool.used_bytes(), most = std::max(error.bytes().in_use + error.bytes().free, fixed);
  std::size_t taken = 0;
  const auto fits = [&](std::int64_t size) {
    try {
      context.pool().reset_peak();
      DeviceBatch batch(context, source, size);
      batch.upload(first_examples(source, size));
      step.gradients(batch, clock);
      taken = pool.peak_bytes() - fixed;
      return true;
    } catch (const engine::OutOfMemory&) { return false; }
  };

  std::int64_t size = batch_size / 2;
  while (size >= kSmallest && !fits(size)) size /= 2;
  if (size < kSmallest) return "no batch fits beside this network: lower --width or choose a smaller --arch";
  // Memory grows linearly with the batch, except for rounding: try the predicted size, and a slightly smaller one.
  const std::size_t each = taken / static_cast<std::size_t>(size) + 1;
  auto larger = std::min(static_cast<std::int64_t>((most - fixed) / each), batch_size - 1);
  while (larger > size && !fits(larger)) larger -= std::max<std::int64_t>(larger / 16, 1);
  return engine::concat("--batch-size ", std::max(larger, size), " would fit");
}

}  // namespace

std::string fitting_batch(const engine::Context& context, TrainStep& step, const engine::StepClock& clock,
                          const data::Source& source, std::int64_t batch_size, const engine::OutOfMemory& error) {
  try {
    return found_by_trying(context, step, clock, source, batch_size, error);
  } catch (const std::exception&) { return "use a smaller batch size, network or data set"; }
}

}  // namespace apps
