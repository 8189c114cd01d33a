#include "apps/bench/works.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "apps/run/exit_code.h"
#include "apps/run/nearest.h"
#include "engine/autograd.h"
#include "engine/core/philox.h"
#include "engine/ops/linear.h"
#include "engine/ops/softmax_cross_entropy.h"
#include "engine/optim/sgd.h"
#include "losses/contrastive.h"
#include "models/resnet.h"

namespace apps {
namespace {

using engine::Context;
using engine::Tensor;

constexpr std::int64_t kClasses = 10;

Tensor random_tensor(const Context& context, engine::Shape shape, bool unit_rows) {
  std::vector<float> values(static_cast<std::size_t>(shape.elements()));
  engine::Philox random(1, engine::Purpose::initialization, 0, 0);
  for (float& value : values) value = unit_rows ? static_cast<float>(random.normal()) : random.uniform();
  const auto columns = static_cast<std::size_t>(shape.cols());
  for (std::size_t row = 0; unit_rows && row < values.size(); row += columns) {
    double squares = 0;
    for (std::size_t i = row; i < row + columns; ++i) squares += values[i] * values[i];
    for (std::size_t i = row; i < row + columns; ++i) values[i] /= static_cast<float>(std::sqrt(squares));
  }
  return Tensor::from(context, shape, values);
}

/// A supervised training step of torchvision's ResNet-18 with SGD: forward, backward, update.
class ResNetStep {
 public:
  ResNetStep(const Context& context, const WorkOptions& options)
      : encoder_(parameters_, {.variant = models::ResNet::Variant::torchvision}),
        weight_(parameters_.add("fc.weight", {kClasses, encoder_.features()}, engine::ParameterKind::kernel,
                                engine::Part::probe, engine::Initializer::normal(0.01))),
        bias_(parameters_.add("fc.bias", {kClasses}, engine::ParameterKind::bias, engine::Part::probe,
                              engine::Initializer::constant(0))),
        images_(random_tensor(context, {options.batch_size, options.image_size, options.image_size, 3}, false)) {
    parameters_.allocate(context, 1);
    std::vector<std::int32_t> labels(static_cast<std::size_t>(options.batch_size));
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % kClasses);
    labels_ = Tensor::from(context, {options.batch_size}, labels);
    optimizer_.emplace(parameters_, engine::SgdOptions{},
                       [](const engine::ParameterInfo&) { return engine::Treatment{.weight_decay = 1e-4}; });
    status_.emplace(context, std::vector<float>(kMostSteps, 0.01f), 0);
  }

  void run() {
    parameters_.begin_step();
    const engine::Mode mode = engine::Mode::train;
    const Tensor loss = classify(encoder_.forward(images_, mode), mode);
    engine::backward(loss);
    parameters_.finish_gradients();
    const engine::LayerRange layer(loss.context(), "optimizer");
    optimizer_->step(loss, *status_);
    status_->finish_step(std::array{loss});
  }

 private:
  Tensor classify(const Tensor& features, engine::Mode mode) const {
    const engine::LayerRange layer(features.context(), weight_.layer());
    const Tensor logits = engine::linear(features, weight_.tensor(mode), bias_.tensor(mode));
    return engine::softmax_cross_entropy(logits, labels_).loss;
  }

  static constexpr std::size_t kMostSteps = 100'000;
  engine::ParameterSet parameters_;
  models::ResNet encoder_;
  engine::Parameter weight_, bias_;
  Tensor images_, labels_;
  std::optional<engine::Sgd> optimizer_;
  std::optional<engine::TrainingStatus> status_;
};

Work resnet18_step(const Context& context, const WorkOptions& options) {
  const auto step = std::make_shared<ResNetStep>(context, options);
  return {.name = fmt::format("resnet18 step, {} images of {}x{}x3", options.batch_size, options.image_size,
                              options.image_size),
          .run = [step] { step->run(); },
          .items = static_cast<double>(options.batch_size),
          .unit = "images"};
}

Work nt_xent(const Context& context, const WorkOptions& options) {
  const Tensor u = random_tensor(context, {options.rows, options.dim}, true).requires_gradient();
  return {.name = fmt::format("nt-xent forward and backward, {} rows of {}", options.rows, options.dim),
          .run = [u] { engine::backward(losses::nt_xent(u, 0.1f).loss); },
          .items = static_cast<double>(options.rows),
          .unit = "rows"};
}

struct Entry {
  std::string_view name, what;
  Work (*make)(const Context&, const WorkOptions&);
};
constexpr std::array kWorks = {
    Entry{"resnet18", "a supervised training step of ResNet-18 (torchvision's variant) with SGD", resnet18_step},
    Entry{"nt-xent", "the NT-Xent loss and its gradient", nt_xent},
};

}  // namespace

Work make_work(const Context& context, const std::string& name, const WorkOptions& options) {
  std::vector<std::string_view> names;
  for (const Entry& entry : kWorks) {
    if (entry.name == name) return entry.make(context, options);
    names.push_back(entry.name);
  }
  throw UsageError(engine::concat("bench: '", name, "' is not known; did you mean ", nearest(name, names), "?"));
}

std::string list_works() {
  std::string text = "Works:";
  for (const Entry& entry : kWorks) text += fmt::format("\n  {:<10} {}", entry.name, entry.what);
  return text;
}

}  // namespace apps
