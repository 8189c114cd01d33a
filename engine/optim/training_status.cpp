#include "engine/optim/training_status.h"

#include <algorithm>

namespace engine {
namespace {
constexpr std::int64_t kColumns = kernels::kRecordScalars + 1;
}

TrainingStatus::TrainingStatus(const Context& context, const std::vector<float>& learning_rates,
                               std::int64_t first_step)
    : status_(Tensor::from(context, {kernels::kStatusSize},
                           std::vector<std::int32_t>{static_cast<std::int32_t>(first_step), 0})),
      learning_rates_(Tensor::from(context, {static_cast<std::int64_t>(learning_rates.size())}, learning_rates)),
      ring_(Tensor::zeros(context, {kSlots, kColumns})),
      issued_(first_step),
      collected_(first_step),
      completed_(first_step) {}

void TrainingStatus::finish_step(std::span<const Tensor> scalars) {
  EXPECTS(scalars.size() <= kernels::kRecordScalars, "step record: at most ", kernels::kRecordScalars, " scalars, got ",
          scalars.size());
  EXPECTS(issued_ - collected_ < kSlots, "step record: ", kSlots, " steps without collect()");
  kernels::FinishStep args{.scalars = {}, .learning_rates = learning_rates_, .ring = ring_, .status = status_};
  std::copy(scalars.begin(), scalars.end(), args.scalars);
  kernels::finish_step(status_.context(), args);
  ++issued_;
}

std::vector<StepRecord> TrainingStatus::collect() {
  const std::vector<std::int32_t> status = status_.to_host<std::int32_t>();
  completed_ = status[kernels::kStatusStep];
  nonfinite_ = status[kernels::kStatusNonfinite] != 0;
  std::vector<StepRecord> records;
  if (issued_ == collected_) return records;
  const std::vector<float> ring = ring_.to_host<float>();
  // A non-finite step leaves its record in the slot after the completed ones.
  const std::int64_t last = std::min(issued_, completed_ + (nonfinite_ ? 1 : 0));
  for (std::int64_t step = collected_; step < last; ++step) {
    const float* row = ring.data() + step % kSlots * kColumns;
    StepRecord record{.step = step + 1, .scalars = {}, .learning_rate = row[kernels::kRecordScalars]};
    std::copy_n(row, kernels::kRecordScalars, record.scalars.begin());
    records.push_back(record);
  }
  collected_ = issued_;
  return records;
}

}  // namespace engine
