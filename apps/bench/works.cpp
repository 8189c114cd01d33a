#include "apps/bench/works.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "apps/bench/part_works.h"
#include "apps/input/device_batch.h"
#include "apps/input/run_data.h"
#include "apps/run/config_layers.h"
#include "apps/run/exit_code.h"
#include "apps/run/nearest.h"
#include "apps/run/recipes.h"
#include "apps/train/contrastive_objective.h"
#include "apps/train/make_optimizer.h"
#include "apps/train/network.h"
#include "data/digits.h"
#include "data/source.h"
#include "engine/autograd.h"
#include "engine/ops/linear.h"
#include "engine/ops/softmax_cross_entropy.h"
#include "engine/optim/sgd.h"
#include "engine/optim/training_status.h"
#include "kernels/convert.h"
#include "kernels/runtime/philox.h"
#include "losses/contrastive.h"
#include "models/linear.h"
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

/// The status of any number of steps at a constant rate: a new one before the ring of records is used up. Steps that
/// are launched as a graph go on with that of the graph, round and round.
class EndlessStatus {
 public:
  explicit EndlessStatus(const Context& context) : context_(context) {}

  engine::TrainingStatus& next() {
    if (steps_++ % engine::TrainingStatus::kSlots == 0) {
      status_.emplace(
          context_, [](std::int64_t) { return 1e-3; }, 0);
    }
    return *status_;
  }

 private:
  const Context& context_;
  std::int64_t steps_ = 0;
  std::optional<engine::TrainingStatus> status_;
};

/// A supervised training step of torchvision's ResNet-18 with SGD: forward, backward, update.
class ResNetStep {
 public:
  ResNetStep(const Context& context, const WorkOptions& options)
      : encoder_(engine::Scope(parameters_, "encoder"), {.variant = models::ResNet::Variant::torchvision}),
        classifier_(
            engine::Scope(parameters_, "fc"),
            {.in = encoder_.features(), .out = kClasses, .kernel = engine::Initializer::normal(0.01), .bias = true}),
        images_(Tensor::empty(context, {options.batch_size, options.image_size, options.image_size, 3},
                              options.activations)),
        status_(context) {
    parameters_.allocate(context, 1, options.activations);
    kernels::convert(context, {.x = random_tensor(context, images_.shape(), false), .y = {images_}});
    std::vector<std::int32_t> labels(static_cast<std::size_t>(options.batch_size));
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % kClasses);
    labels_ = Tensor::from(context, {options.batch_size}, labels);
    optimizer_.emplace(parameters_, engine::SgdOptions{},
                       [](const engine::ParameterInfo&) { return engine::Treatment{.weight_decay = 1e-4}; });
  }

  Tensor run() {
    parameters_.zero_grad();
    const engine::Mode mode = engine::Mode::train;
    const Tensor logits = classifier_(encoder_.forward(images_, mode), mode, {.f32_output = true});
    const Tensor loss = classify(logits);
    engine::backward(loss);
    parameters_.finish_gradients();
    const engine::LayerRange layer(loss.context(), "optimizer");
    engine::TrainingStatus& status = status_.next();
    optimizer_->step(loss, status.clock());
    status.finish_step(std::array{loss});
    return loss;
  }

 private:
  Tensor classify(const Tensor& logits) const {
    const engine::LayerRange layer(logits.context(), "fc");
    return engine::softmax_cross_entropy(logits, labels_).loss;
  }

  engine::ParameterSet parameters_;
  models::ResNet encoder_;
  models::Linear classifier_;
  Tensor images_, labels_;
  std::optional<engine::Sgd> optimizer_;
  EndlessStatus status_;
};

Work resnet18_step(const Context& context, const WorkOptions& options) {
  const auto step = std::make_shared<ResNetStep>(context, options);
  return {.name = fmt::format("resnet18 step, {} images of {}x{}x3", options.batch_size, options.image_size,
                              options.image_size),
          .run = [step] { return step->run(); },
          .items = static_cast<double>(options.batch_size),
          .unit = "images"};
}

/// Pictures of noise, of any size and any number.
class Noise final : public data::Source {
 public:
  Noise(std::int64_t pictures, std::int64_t size) : pictures_(pictures), size_(size) {}
  std::int64_t size() const override { return pictures_; }
  engine::Shape image_shape() const override { return {size_, size_, 3}; }
  int classes() const override { return kClasses; }
  void image(std::int64_t i, std::uint8_t* out) const override {
    engine::Philox random(1, engine::Purpose::initialization, 1, static_cast<std::uint64_t>(i));
    for (std::int64_t k = 0; k < image_shape().elements(); ++k) out[k] = static_cast<std::uint8_t>(random.next() >> 24);
  }
  std::int32_t label(std::int64_t i) const override { return static_cast<std::int32_t>(i % kClasses); }
  std::string describe() const override { return "noise"; }

 private:
  std::int64_t pictures_, size_;
};

/// The step of a recipe, on always the same images and crops.
class ContrastiveStep {
 public:
  ContrastiveStep(const Context& context, const WorkOptions& options, const Config& config, const data::Source& source)
      : config_(config),
        network_(context, config_, source),
        batch_(context, source, options.batch_size),
        optimizer_(make_optimizer(config_.optim, network_.parameters)),
        status_(context) {
    batch_.upload(read_examples(source, 0, options.batch_size));
  }

  Tensor run() {
    network_.parameters.zero_grad();
    const ObjectiveOutcome outcome = contrastive_objective(config_, network_, batch_);
    engine::backward(outcome.total);
    network_.parameters.finish_gradients();
    const engine::LayerRange layer(outcome.total.context(), "optimizer");
    engine::TrainingStatus& status = status_.next();
    optimizer_->step(outcome.total, status.clock());
    status.finish_step(std::array{outcome.loss});
    return outcome.total;
  }

 private:
  Config config_;
  Network network_;
  DeviceBatch batch_;
  std::unique_ptr<engine::Optimizer> optimizer_;
  EndlessStatus status_;
};

/// A recipe with what the command line says, and more keys.
Config recipe_config(const char* recipe, const WorkOptions& options,
                     std::initializer_list<std::pair<const char*, const char*>> more = {}) {
  std::vector<Assignment> flags{
      {.field = find_field("train.batch_size"), .text = std::to_string(options.batch_size), .where = "--batch-size"},
      {.field = find_field("run.precision"),
       .text = options.activations == engine::Dtype::bf16 ? "bf16" : "fp32",
       .where = "--precision"}};
  for (const auto& [key, value] : more) flags.push_back({.field = find_field(key), .text = value, .where = key});
  return with_layers({}, {.recipe = read_recipe(recipe), .set = {}, .flags = flags});
}

Work contrastive_step(const Context& context, const WorkOptions& options, const Config& config,
                      const data::Source& source, std::string name) {
  const auto step = std::make_shared<ContrastiveStep>(context, options, config, source);
  return {.name = std::move(name),
          .run = [step] { return step->run(); },
          .items = static_cast<double>(options.batch_size),
          .unit = "images"};
}

Work convn_step(const Context& context, const WorkOptions& options) {
  return contrastive_step(context, options, recipe_config("randbits-mnist", options), data::Digits(data::Split::train),
                          fmt::format("convn step, {} images in two views", options.batch_size));
}

Work simclr_step(const Context& context, const WorkOptions& options) {
  const Config config = recipe_config("simclr-mnist", options, {{"model.stem", "imagenet"}});
  return contrastive_step(context, options, config, Noise(options.batch_size, options.image_size),
                          fmt::format("simclr step, resnet18, {} images of {}x{}x3 in two views", options.batch_size,
                                      options.image_size, options.image_size));
}

Work nt_xent(const Context& context, const WorkOptions& options) {
  if (options.rows % 2 != 0)
    throw UsageError(fmt::format("--rows must be even, half of them for each view, got {}", options.rows));
  const Tensor rows = random_tensor(context, {options.rows, options.dim}, true);
  const bool exact = options.activations == engine::Dtype::f32;
  const losses::Products products = exact ? losses::Products::exact : losses::Products::bf16;
  return {.name = fmt::format("nt-xent forward and backward, {} rows of {}", options.rows, options.dim),
          .run =
              [rows, products] {
                const Tensor u = rows.requires_gradient();  // a new leaf, whose gradient is written and not added to
                const Tensor loss = losses::nt_xent(u, 0.1f, products).loss;
                engine::backward(loss);
                return loss;
              },
          .items = static_cast<double>(options.rows),
          .unit = "rows"};
}

struct Entry {
  std::string_view name, what;
  Work (*make)(const Context&, const WorkOptions&);
};
constexpr std::array kWorks = {
    Entry{"convn", "a training step of recipe randbits-mnist: contrastive loss, probe and Adam", convn_step},
    Entry{"simclr", "a training step of recipe simclr-mnist, ResNet-18, on pictures: crops, loss, probe and LARS",
          simclr_step},
    Entry{"resnet18", "a supervised training step of ResNet-18 (torchvision's variant) with SGD", resnet18_step},
    Entry{"nt-xent", "the NT-Xent loss and its gradient", nt_xent},
    Entry{"batch-norm", "batch norm, a residual and a ReLU, with gradients", batch_norm_work},
    Entry{"lars", "LARS over ResNet-50's parameters, with their norms", lars_work},
};

}  // namespace

Work make_work(const Context& context, const std::string& name, const WorkOptions& options) {
  std::vector<std::string_view> names;
  for (const Entry& entry : kWorks) {
    if (entry.name == name) return entry.make(context, options);
    names.push_back(entry.name);
  }
  throw UsageError(fmt::format("there is no work '{}'; the nearest is {}", name, nearest(name, names)));
}

std::string list_works() {
  std::string text = "Works:\n  kernels    every kernel, held against the device's own copy and matrix product";
  for (const Entry& entry : kWorks) text += fmt::format("\n  {:<10} {}", entry.name, entry.what);
  return text;
}

}  // namespace apps
