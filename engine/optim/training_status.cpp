#include "engine/optim/training_status.h"

#include <algorithm>

namespace engine {

TrainingStatus::TrainingStatus(const Context& context, RateOf rate_of, std::int64_t first_step)
    : rate_of_(std::move(rate_of)),
      clock_{.status = Tensor::from(context, {kernels::kStatusSize},
                                    std::vector<std::int32_t>{static_cast<std::int32_t>(first_step), 0}),
             .learning_rates = Tensor::empty(context, {kSlots})},
      records_(Tensor::zeros(context, {kSlots * (kernels::kMostRecordScalars + 1)})),
      issued_(first_step),
      requested_(first_step),
      completed_(first_step),
      rated_(first_step) {
  send_rates();
}

void TrainingStatus::prepare_step() {
  if (issued_ == rated_) send_rates();
}

/// Overwrites old rates in the ring: all steps that use them have been issued, and the device copies after them.
void TrainingStatus::send_rates() {
  std::vector<float> rates(kSlots);
  for (std::int64_t t = rated_; t < rated_ + kSlots; ++t)
    rates[static_cast<std::size_t>(t % kSlots)] = static_cast<float>(rate_of_(t));
  clock_.learning_rates.upload<float>(rates);
  rated_ += kSlots;
}

void TrainingStatus::finish_step(std::span<const Tensor> scalars) {
  const auto count = static_cast<std::int64_t>(scalars.size());
  EXPECTS(count <= kernels::kMostRecordScalars, "step record: at most ", kernels::kMostRecordScalars, " scalars, got ",
          count);
  EXPECTS(!scalars_ || *scalars_ == count, "step record: expected ", *scalars_,
          " scalars, as in the steps before, got ", count);
  for (const Tensor& scalar : scalars) {
    EXPECTS(scalar.elements() == 1 && scalar.dtype() == Dtype::f32, "step record: a scalar must be one f32, got ",
            scalar.shape(), " of ", name(scalar.dtype()));
  }
  scalars_ = count;
  count_step();
  kernels::FinishStep args{
      .scalars = {}, .learning_rates = clock_.learning_rates, .ring = ring(), .status = clock_.status};
  std::copy(scalars.begin(), scalars.end(), args.scalars);
  kernels::finish_step(records_.context(), args);
}

Tensor TrainingStatus::ring() const { return records_.narrow(0, kSlots * columns()).view_as({kSlots, columns()}); }

void TrainingStatus::count_step() {
  EXPECTS(issued_ - requested_ < kSlots, "step record: ", kSlots, " steps without a request for their records");
  EXPECTS(issued_ < rated_, "learning rate: step ", issued_ + 1, " was not prepared");
  ++issued_;
}

void TrainingStatus::request() {
  Backend& backend = records_.context().backend();
  requests_.push_back({.first = requested_,
                       .end = issued_,
                       .status = backend.read(View(clock_.status).data, clock_.status.bytes()),
                       .ring = backend.read(View(ring()).data, ring().bytes())});
  requested_ = issued_;
}

std::optional<std::vector<StepRecord>> TrainingStatus::arrived() {
  // The ring was requested last, so it arrives last.
  if (requests_.empty() || !requests_.front().ring->arrived()) return std::nullopt;
  return awaited();
}

std::optional<std::vector<StepRecord>> TrainingStatus::awaited() {
  if (requests_.empty()) return std::nullopt;
  const Request request = std::move(requests_.front());
  requests_.pop_front();
  const auto* status = static_cast<const std::int32_t*>(request.status->wait());
  const auto* ring = static_cast<const float*>(request.ring->wait());
  completed_ = status[kernels::kStatusStep];
  nonfinite_ = status[kernels::kStatusNonfinite] != 0;
  // A non-finite step leaves its record in the slot after the completed ones.
  const std::int64_t last = std::min(request.end, completed_ + (nonfinite_ ? 1 : 0));
  std::vector<StepRecord> records;
  for (std::int64_t step = request.first; step < last; ++step) {
    const float *row = ring + step % kSlots * columns(), *rate = row + columns() - 1;
    records.push_back({.step = step + 1, .scalars = {row, rate}, .learning_rate = *rate});
  }
  return records;
}

std::vector<StepRecord> TrainingStatus::collect() {
  request();
  std::vector<StepRecord> all;
  while (const auto records = awaited()) all.insert(all.end(), records->begin(), records->end());
  return all;
}

}  // namespace engine
