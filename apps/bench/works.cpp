#include "apps/bench/works.h"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "apps/bench/buffers.h"
#include "apps/bench/canvas_works.h"
#include "apps/bench/part_works.h"
#include "apps/input/device_batch.h"
#include "apps/input/run_data.h"
#include "apps/run/config_layers.h"
#include "apps/run/exit_code.h"
#include "apps/run/recipes.h"
#include "apps/train/make_optimizer.h"
#include "apps/train/train_step.h"
#include "data/source.h"
#include "data/sources/digits.h"
#include "engine/autograd.h"
#include "engine/ops/linear.h"
#include "engine/ops/softmax_cross_entropy.h"
#include "engine/optim/sgd.h"
#include "engine/optim/training_status.h"
#include "kernels/convert.h"
#include "kernels/runtime/nearest.h"
#include "kernels/runtime/philox.h"
#include "losses/similarity.h"
#include "models/linear.h"
#include "models/resnet.h"

namespace apps {
namespace {

using engine::Context;
using engine::Tensor;

constexpr std::int64_t kClasses = 10;

Tensor uniform_numbers(const Context& context, engine::Shape shape) {
  std::vector<float> values(static_cast<std::size_t>(shape.elements()));
  engine::Philox random(1, engine::Purpose::initialization, 0, 0);
  for (float& value : values) value = random.uniform();
  return Tensor::from(context, shape, values);
}

/// A status for any number of steps at a constant rate: it is replaced before its ring of records is full. Steps that
/// are launched as a graph keep using the captured status.
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

/// The classification of one batch of noise images by torchvision's ResNet.
class Classification final : public Objective {
 public:
  Classification(engine::ParameterSet& parameters, const Tensor& images, int depth)
      : images_(images),
        network_{.encoder = std::make_unique<models::ResNet>(
                     engine::Scope(parameters, "encoder"),
                     models::ResNet::Options{.depth = depth, .variant = models::ResNet::Variant::torchvision}),
                 .projector = {}},
        classifier_(engine::Scope(parameters, "fc"), {.in = network_.encoder->features(),
                                                      .out = kClasses,
                                                      .kernel = engine::Initializer::normal(0.01),
                                                      .bias = true}) {}

  Outcome forward(const StepContext& step) override {
    const engine::Mode mode = engine::Mode::train;
    const Tensor logits = classifier_(network_.encoder->forward(images_, mode), mode, {.f32_output = true});
    const engine::LayerRange layer(logits.context(), "fc");
    const Tensor loss = engine::softmax_cross_entropy(logits, step.batch.labels()).loss;
    Outcome outcome{.loss = loss};
    outcome.record({.name = "loss", .axis = kLossAxis, .headline = true}, loss);
    return outcome;
  }
  const Network& network() const override { return network_; }

 private:
  Tensor images_;
  Network network_;
  models::Linear classifier_;
};

/// A model's training step on one batch, repeated.
class RepeatedBatch {
 public:
  using MakeOptimizer = std::function<std::unique_ptr<engine::Optimizer>(const engine::ParameterSet&)>;

  RepeatedBatch(const Context& context, const data::Source& source, std::int64_t batch_size, Model model,
                const MakeOptimizer& make_optimizer)
      : model_(std::move(model)),
        batch_(context, source, batch_size),
        optimizer_(make_optimizer(model_.parameters)),
        step_(model_, *optimizer_),
        status_(context) {
    batch_.upload(first_examples(source, batch_size));
  }

  Tensor run() { return step_.run(batch_, status_.next()); }

 private:
  Model model_;
  DeviceBatch batch_;
  std::unique_ptr<engine::Optimizer> optimizer_;
  TrainStep step_;
  EndlessStatus status_;
};

Work training_step(const std::shared_ptr<RepeatedBatch>& step, std::int64_t batch_size, std::string name) {
  return {.name = std::move(name),
          .run = [step] { return step->run(); },
          .items = static_cast<double>(batch_size),
          .unit = "images"};
}

/// Any number of noise images of any size.
class Noise final : public data::Source {
 public:
  Noise(std::int64_t pictures, std::int64_t size)
      : pictures_(pictures),
        layout_{.channels = 3,
                .extent = data::Extent{size, size},
                .labels = {{.name = data::kClassLabel, .classes = kClasses}}} {}
  std::int64_t size() const override { return pictures_; }
  const data::InputLayout& layout() const override { return layout_; }
  void read(const data::Visit& visit, const data::DecodeHint&, data::Example& example) const override {
    engine::Philox random(1, engine::Purpose::initialization, 1, static_cast<std::uint64_t>(visit.example));
    example.resize(*layout_.extent, layout_.channels);
    for (std::uint8_t& pixel : example.pixels) pixel = static_cast<std::uint8_t>(random.next() >> 24);
    example.labels.assign(1, static_cast<std::int32_t>(visit.example % kClasses));
    example.bits = {};
  }
  std::string describe() const override { return "noise"; }

 private:
  std::int64_t pictures_;
  data::InputLayout layout_;
};

Work resnet_step(const Context& context, const WorkOptions& options, int depth) {
  const std::int64_t n = options.batch_size, size = options.image_size;
  const Tensor images = Tensor::empty(context, {n, size, size, 3}, options.activations);
  kernels::convert(context, {.x = uniform_numbers(context, images.shape()), .y = {images}});
  Model model;
  model.objective = std::make_unique<Classification>(model.parameters, images, depth);
  model.parameters.allocate(context, 1, options.activations);
  const auto sgd = [](const engine::ParameterSet& parameters) {
    return std::make_unique<engine::Sgd>(parameters, engine::SgdOptions{}, [](const engine::ParameterInfo&) {
      return engine::Treatment{.weight_decay = 1e-4};
    });
  };
  return training_step(std::make_shared<RepeatedBatch>(context, Noise(n, size), n, std::move(model), sgd), n,
                       fmt::format("resnet{} step, {} images of {}x{}x3", depth, n, size, size));
}

Work resnet18_step(const Context& context, const WorkOptions& options) { return resnet_step(context, options, 18); }
Work resnet50_step(const Context& context, const WorkOptions& options) { return resnet_step(context, options, 50); }

/// A recipe changed by the command line and by more keys.
Config recipe_config(const char* recipe, const WorkOptions& options,
                     std::initializer_list<std::pair<const char*, const char*>> more = {}) {
  std::vector<Assignment> flags{{.field = config_table().find("train.batch_size"),
                                 .text = std::to_string(options.batch_size),
                                 .where = "--batch-size"},
                                {.field = config_table().find("run.precision"),
                                 .text = options.activations == engine::Dtype::bf16 ? "bf16" : "fp32",
                                 .where = "--precision"}};
  for (const auto& [key, value] : more)
    flags.push_back({.field = config_table().find(key), .text = value, .where = key});
  return with_layers({}, {.recipe = read_recipe(recipe), .set = {}, .flags = flags});
}

/// The training step of a recipe.
Work recipe_step(const Context& context, const Config& config, const data::Source& source, std::string name) {
  const std::int64_t batch_size = config.train.batch_size;
  const auto make = [&](const engine::ParameterSet& parameters) {
    return make_optimizer(config.optim.update, parameters);
  };
  return training_step(
      std::make_shared<RepeatedBatch>(context, source, batch_size, make_model(context, config, source), make),
      batch_size, std::move(name));
}

Work convn_step(const Context& context, const WorkOptions& options) {
  return recipe_step(context, recipe_config("randbits-mnist", options), data::Digits(data::Split::train),
                     fmt::format("convn step, {} images in two views", options.batch_size));
}

/// A step of another objective with the network and optimizer of recipe randbits-mnist.
Work objective_step(const Context& context, const WorkOptions& options, const char* objective) {
  const std::string queue = std::to_string(4 * options.batch_size);
  const bool queued = std::string_view(objective) == "queue";
  const Config config =
      queued ? recipe_config("randbits-mnist", options, {{"objective.name", objective}, {"queue.size", queue.c_str()}})
             : recipe_config("randbits-mnist", options, {{"objective.name", objective}});
  return recipe_step(context, config, data::Digits(data::Split::train),
                     fmt::format("{}-step, convn, {} images", objective, options.batch_size));
}
Work queue_step(const Context& context, const WorkOptions& options) {
  return objective_step(context, options, "queue");
}
Work byol_step(const Context& context, const WorkOptions& options) { return objective_step(context, options, "byol"); }
Work supervised_step(const Context& context, const WorkOptions& options) {
  return objective_step(context, options, "supervised");
}

Work vae_step(const Context& context, const WorkOptions& options) { return objective_step(context, options, "vae"); }

Work simclr_step(const Context& context, const WorkOptions& options) {
  const Config config = recipe_config("simclr-mnist", options, {{"model.stem", "imagenet"}});
  return recipe_step(context, config, Noise(options.batch_size, options.image_size),
                     fmt::format("simclr step, resnet18, {} images of {}x{}x3 in two views", options.batch_size,
                                 options.image_size, options.image_size));
}

Work nt_xent(const Context& context, const WorkOptions& options) {
  require_two_views(options);
  const Tensor rows = Buffers(context, {}).unit_rows(options.rows, options.dim, engine::Dtype::f32);
  return {.name = fmt::format("nt-xent forward and backward, {} rows of {}", options.rows, options.dim),
          .run =
              [rows, products = products_of(options)] {
                const Tensor u = rows.requires_gradient();  // a new leaf: its gradient is written, not added to
                const Tensor loss = losses::nt_xent(u, {.products = products, .unit_rows = true}).loss;
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
    Entry{"resnet50", "the same of ResNet-50", resnet50_step},
    Entry{"queue-step", "a training step of --objective queue: ConvN, a queue of four batches, Adam", queue_step},
    Entry{"byol-step", "the same of --objective byol", byol_step},
    Entry{"supervised-step", "the same of --objective supervised", supervised_step},
    Entry{"vae-step", "the same of --objective vae", vae_step},
    Entry{"nt-xent", "the NT-Xent loss and its gradient", nt_xent},
    Entry{"decoupled", "the log-sum-exp of the decoupled loss and its gradient", decoupled_work},
    Entry{"queue", "InfoNCE against a queue and its gradient", queue_work},
    Entry{"sigreg", "LeJEPA's distribution term with 1024 slices, and its gradient", sigreg_work},
    Entry{"visreg", "VISReg's distribution term with 4096 slices, and its gradient", visreg_work},
    Entry{"swd", "the sliced Wasserstein distance to a sphere and its gradient, with what it draws", swd_work},
    Entry{"batch-norm", "batch norm, a residual and a ReLU, with gradients", batch_norm_work},
    Entry{"canvases-2", "canvases of 2 digits, drawn by one thread", two_digits_work},
    Entry{"canvases-16", "canvases of 16 digits, drawn by one thread", sixteen_digits_work},
    Entry{"lars", "LARS over ResNet-50's parameters, with their norms", lars_work},
};

}  // namespace

std::vector<std::string_view> work_names() {
  std::vector<std::string_view> names;
  for (const Entry& entry : kWorks) names.push_back(entry.name);
  return names;
}

Work make_work(const Context& context, const std::string& name, const WorkOptions& options) {
  for (const Entry& entry : kWorks) {
    if (entry.name == name) return entry.make(context, options);
  }
  throw UsageError(fmt::format("there is no work '{}'; the nearest is {}", name, engine::nearest(name, work_names())));
}

std::string list_works() {
  std::string text =
      "Works:\n  kernels         every kernel, held against the device's own copy and matrix product"
      "\n  load            batches of a source of images, read by --threads workers"
      "\n  views           the same, augmented as a run does it: all input of a step, without its network"
      "\n  collectives     what the ranks that mpirun or srun started do together, with 8 bytes to 16 MiB";
  for (const Entry& entry : kWorks) text += fmt::format("\n  {:<15} {}", entry.name, entry.what);
  return text;
}

}  // namespace apps
