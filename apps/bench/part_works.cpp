#include "apps/bench/part_works.h"

#include <fmt/format.h>

#include <memory>

#include "apps/bench/buffers.h"
#include "engine/autograd.h"
#include "engine/optim/lars.h"
#include "engine/optim/training_status.h"
#include "models/batch_norm.h"

namespace apps {
namespace {

using engine::Context;
using engine::Tensor;

class NormStep {
 public:
  NormStep(const Context& context, const WorkOptions& options)
      : norm_(engine::Scope(parameters_, "norm"), kChannels, {}) {
    Buffers buffers(context, {.activations = options.activations});
    const engine::Shape shape{options.batch_size, 56, 56, kChannels};
    x_ = buffers.random(shape).requires_gradient();
    residual_ = buffers.random(shape).requires_gradient();
    dy_ = buffers.random(shape);
    parameters_.allocate(context, 1, options.activations);
  }

  Tensor run() {
    parameters_.zero_grad();
    const Tensor y = norm_(x_, engine::Mode::train, {.residual = residual_, .relu = true});
    engine::backward(y, dy_);
    return y.narrow(0, 1);
  }

 private:
  static constexpr std::int64_t kChannels = 64;
  engine::ParameterSet parameters_;
  models::BatchNorm norm_;
  Tensor x_, residual_, dy_;
};

class LarsStep {
 public:
  explicit LarsStep(const Context& context) {
    add({64, 7, 7, 3}, true);
    std::int64_t channels = 64;
    const struct {
      std::int64_t width;
      int blocks;
    } groups[] = {{64, 3}, {128, 4}, {256, 6}, {512, 3}};
    for (const auto& [k, blocks] : groups) {
      for (int block = 0; block < blocks; ++block) {
        add({k, 1, 1, channels}, true);
        add({k, 3, 3, k}, true);
        add({4 * k, 1, 1, k}, true);
        if (block == 0) add({4 * k, 1, 1, channels}, true);
        channels = 4 * k;
      }
    }
    add({1000, 2048}, false);
    engine::Scope(parameters_, "encoder")
        .add("bias", {1000}, engine::ParameterKind::bias, engine::Initializer::constant(0));
    parameters_.allocate(context, 1);
    optimizer_.emplace(parameters_, engine::LarsOptions{}, [](const engine::ParameterInfo& parameter) {
      const bool adapts = parameter.kind == engine::ParameterKind::kernel;
      return engine::Treatment{.weight_decay = adapts ? 1e-4 : 0, .adapts = adapts};
    });
    loss_ = Tensor::zeros(context, engine::Shape());
    status_.emplace(
        context, [](std::int64_t) { return 1e-3; }, 0);
    parameters_.finish_gradients();  // zeros: the time does not depend on the values
  }

  Tensor run() {
    optimizer_->step(loss_, status_->clock());  // always step 1, since no step is finished
    return loss_;
  }

 private:
  void add(engine::Shape shape, bool normalised) {
    using engine::Initializer;
    const engine::Scope scope(parameters_, "encoder");
    const std::string name = std::to_string(kernels_++);
    scope.add("kernel" + name, shape, engine::ParameterKind::kernel, Initializer::he_normal(shape[0]));
    if (!normalised) return;
    scope.add("gamma" + name, {shape[0]}, engine::ParameterKind::gamma, Initializer::constant(1));
    scope.add("beta" + name, {shape[0]}, engine::ParameterKind::beta, Initializer::constant(0));
  }

  engine::ParameterSet parameters_;
  int kernels_ = 0;
  std::optional<engine::Lars> optimizer_;
  std::optional<engine::TrainingStatus> status_;
  Tensor loss_;
};

}  // namespace

Work batch_norm_work(const Context& context, const WorkOptions& options) {
  const auto step = std::make_shared<NormStep>(context, options);
  return {.name = fmt::format("batch-norm + add + ReLU and gradients, {}x56x56x64", options.batch_size),
          .run = [step] { return step->run(); },
          .items = static_cast<double>(options.batch_size),
          .unit = "images"};
}

Work lars_work(const Context& context, const WorkOptions&) {
  const auto step = std::make_shared<LarsStep>(context);
  return {.name = "lars step of ResNet-50's parameters",
          .run = [step] { return step->run(); },
          .items = 1,
          .unit = "steps"};
}

}  // namespace apps
