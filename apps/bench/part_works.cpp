#include "apps/bench/part_works.h"

#include <fmt/format.h>

#include <functional>
#include <memory>

#include "apps/bench/buffers.h"
#include "apps/run/exit_code.h"
#include "engine/autograd.h"
#include "engine/optim/lars.h"
#include "engine/optim/training_status.h"
#include "losses/sigreg.h"
#include "losses/similarity.h"
#include "losses/sliced_wasserstein.h"
#include "losses/visreg.h"
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

/// A loss that draws, forward and backward on the same step's draw, of normally distributed rows of two views.
Work drawn_loss(const Context& context, const WorkOptions& options, const char* name,
                const std::function<Tensor(const Tensor& z, const losses::StepDraw& draw)>& loss) {
  if (options.rows % 2 != 0) {
    throw UsageError(fmt::format("--rows must be even, half of them for each view, got {}", options.rows));
  }
  const Tensor rows = Buffers(context, {}).random_f32({options.rows, options.dim});
  const Tensor step = Tensor::zeros(context, engine::Shape(), engine::Dtype::i32);
  return {.name = fmt::format("{} forward and backward, {} rows of {}", name, options.rows, options.dim),
          .run =
              [=] {
                const Tensor z = rows.requires_gradient();  // a new leaf: its gradient is written, not added to
                const Tensor value = loss(z, {.seed = 1, .step = step});
                engine::backward(value);
                return value;
              },
          .items = static_cast<double>(options.rows),
          .unit = "rows"};
}

}  // namespace

Work sigreg_work(const Context& context, const WorkOptions& options) {
  return drawn_loss(context, options, "sigreg",
                    [](const Tensor& z, const losses::StepDraw& draw) { return losses::sigreg(z, {}, draw); });
}

Work visreg_work(const Context& context, const WorkOptions& options) {
  return drawn_loss(context, options, "visreg",
                    [](const Tensor& z, const losses::StepDraw& draw) { return losses::visreg(z, {}, draw).loss; });
}

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

void require_two_views(const WorkOptions& options) {
  if (options.rows % 2 != 0)
    throw UsageError(fmt::format("--rows must be even, half of them for each view, got {}", options.rows));
}

losses::Products products_of(const WorkOptions& options) {
  return options.activations == engine::Dtype::f32 ? losses::Products::exact : losses::Products::bf16;
}

Work decoupled_work(const Context& context, const WorkOptions& options) {
  require_two_views(options);
  Buffers buffers(context, {});
  const Tensor rows = buffers.unit_rows(options.rows, options.dim, engine::Dtype::f32);
  return {.name = fmt::format("decoupled log-sum-exp forward and backward, {} rows of {}", options.rows, options.dim),
          .run =
              [rows, products = products_of(options)] {
                const Tensor u = rows.requires_gradient();
                const Tensor loss = losses::log_sum_exp_distribution(u, {.products = products, .unit_rows = true}).loss;
                engine::backward(loss);
                return loss;
              },
          .items = static_cast<double>(options.rows),
          .unit = "rows"};
}

Work queue_work(const Context& context, const WorkOptions& options) {
  Buffers buffers(context, {});
  const auto unit_rows = [&](std::int64_t rows) { return buffers.unit_rows(rows, options.dim, engine::Dtype::f32); };
  const std::int64_t length = 4 * options.rows;
  const Tensor rows = unit_rows(options.rows), keys = unit_rows(options.rows), queue = unit_rows(length);
  return {.name = fmt::format("queue forward and backward, {} rows of {} and a queue of {}", options.rows, options.dim,
                              length),
          .run =
              [rows, keys, queue, products = products_of(options)] {
                const Tensor q = rows.requires_gradient();
                const Tensor loss = losses::queue(q, keys, queue, {.products = products, .unit_rows = true}).loss;
                engine::backward(loss);
                return loss;
              },
          .items = static_cast<double>(options.rows),
          .unit = "rows"};
}

Work swd_work(const Context& context, const WorkOptions& options) {
  Buffers buffers(context, {.activations = options.activations});
  const Tensor rows = buffers.unit_rows(options.rows, options.dim, options.activations);
  const Tensor step = Tensor::zeros(context, engine::Shape(), engine::Dtype::i32);
  return {.name = fmt::format("swd forward and backward, {} rows of {}", options.rows, options.dim),
          .run =
              [rows, step] {
                const Tensor z = rows.requires_gradient();  // a new leaf: its gradient is written, not added to
                const Tensor loss = losses::sliced_wasserstein(z, {}, {.seed = 1, .step = step});
                engine::backward(loss);
                return loss;
              },
          .items = static_cast<double>(options.rows),
          .unit = "rows"};
}

}  // namespace apps
