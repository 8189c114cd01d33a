#include "apps/run/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "apps/run/exit_code.h"
#include "apps/run/limits.h"
#include "apps/run/nearest.h"
#include "kernels/runtime/context.h"

namespace apps {
namespace {

/// A divisor: anything below makes quotients that are noise.
constexpr double kSmallestEpsilon = 1e-20;
/// 1 - m is still a float above 0, for a mean m * mean + (1 - m) * value.
constexpr double kLargestDecay = 0.9999999;

constexpr Range at_least(double min) { return {.min = min}; }
constexpr Range above(double min) { return {.min = min, .min_excluded = true}; }
constexpr Range between(double min, double max) { return {.min = min, .max = max}; }
constexpr Range positive_float() { return between(kSmallestFloat, kLargestFloat); }
constexpr Range float_or_zero() { return {.min = kSmallestFloat, .max = kLargestFloat, .or_zero = true}; }
constexpr Range decay() { return {.min = kSmallestFloat, .max = kLargestDecay, .or_zero = true}; }

// The key is spelled by the member itself, so that the two cannot differ.
#define FIELD(member) .key = #member, .value = [](Config& c) -> Field::Value { return &c.member; }

const std::vector<Field>& table() {
  const Condition resnets{.key = "model.arch", .values = {"resnet18", "resnet34"}};
  const Condition adam{.key = "optim.name", .values = {"adam"}}, sgd{.key = "optim.name", .values = {"sgd"}},
      lars{.key = "optim.name", .values = {"lars"}}, sgd_or_lars{.key = "optim.name", .values = {"sgd", "lars"}};
  const Condition polynomial{.key = "optim.schedule", .values = {"polynomial"}};
  const Condition on_gpu{.key = "run.device", .values = {"cuda", "cuda:N"}};
  const Condition epochs{.key = "train.steps", .values = {"0"}};
  static const std::vector<Field> fields = {
      {FIELD(data.source), .flag = "--data",
       .help =
           "training images: digits: (built in) or mnist:DIR; a resumed run may read the same images from elsewhere",
       .on_resume = OnResume::change},
      {FIELD(data.bits), .flag = "--bits", .help = "random bits shared by both views, one constant plane each",
       .range = between(0, 64)},
      {FIELD(data.bits_per_fetch), .help = "draw the bits anew at every fetch instead of once per image"},
      {FIELD(data.shuffle), .flag = "--shuffle", .help = "visit the images in a new random order every epoch"},
      {FIELD(data.crop_area_min), .help = "smallest crop, as a fraction of the image's area (none below 0.1 is drawn)",
       .range = {.min = 0, .max = 1, .min_excluded = true}},
      {FIELD(data.crop_area_max), .help = "largest crop, as a fraction of the image's area", .range = between(0.1, 1)},
      {FIELD(data.workers), .flag = "--workers", .help = "threads that prepare batches", .range = between(1, 256),
       .on_resume = OnResume::change},

      {FIELD(model.arch), .flag = "--arch", .help = "encoder", .allowed = {"convn", "resnet18", "resnet34"}},
      {FIELD(model.variant), .help = "SimCLR's, or the one that torchvision loads",
       .allowed = {"simclr", "torchvision"}, .only_with = resnets},
      {FIELD(model.stem), .help = "3x3, or 7x7 and pooling; auto: cifar for images up to 32 pixels",
       .allowed = {"auto", "cifar", "imagenet"}, .only_with = resnets},
      {FIELD(model.zero_gamma), .help = "residual branches start as zero", .only_with = resnets},
      {FIELD(model.width), .flag = "--width", .help = "multiplies every channel count of the encoder",
       .range = between(1, 64)},
      {FIELD(model.proj_layers), .flag = "--proj-layers", .help = "linear layers of the projection head",
       .range = between(1, 4)},
      {FIELD(model.proj_dim), .flag = "--proj-dim", .help = "dimension the loss works in",
       .range = between(1, kMostDimensions)},
      {FIELD(model.proj_hidden), .help = "width of the head's hidden layers; 0: the encoder's",
       .range = between(0, kMostDimensions)},
      {FIELD(model.proj_output_bn), .help = "batch norm after the head's last layer"},
      {FIELD(model.bn_eps), .help = "added to the variance in batch norm",
       .range = between(kSmallestEpsilon, kLargestFloat)},
      {FIELD(model.bn_momentum), .help = "running = m * running + (1 - m) * batch (Keras; PyTorch's is 1 - m)",
       .range = decay()},
      {FIELD(model.bn_unbiased_variance),
       .help = "running variance takes n / (n - 1) times the batch variance, in batch norm after convolutions; after "
               "linear layers it never does, as in Keras"},
      {FIELD(model.bn_per_view), .help = "each view is a forward pass of its own, with its own batch statistics"},
      {FIELD(model.probe_views), .help = "views that the online probe trains on", .allowed = {"both", "first"}},

      {FIELD(loss.name), .flag = "--loss", .help = "contrastive loss", .allowed = {"nt-xent", "cross-view"}},
      {FIELD(loss.temperature), .flag = "--temperature", .help = "divides the cosine similarities",
       .range = between(1e-6, 1e6)},

      {FIELD(optim.name), .flag = "--optimizer", .help = "update rule", .allowed = {"adam", "sgd", "lars"}},
      {FIELD(optim.lr), .flag = "--lr", .help = "peak learning rate, before lr_scaling; after it, the same range holds",
       .range = positive_float()},
      {FIELD(optim.lr_scaling), .flag = "--lr-scaling", .help = "times 1, batch_size / 256, or sqrt(batch_size)",
       .allowed = {"none", "linear", "sqrt"}},
      {FIELD(optim.schedule), .flag = "--schedule", .help = "learning rate after warm-up; the last two end at 0",
       .allowed = {"constant", "polynomial", "cosine"}},
      {FIELD(optim.polynomial_power), .help = "exponent of the decay; 1: a straight line", .range = above(0),
       .only_with = polynomial},
      {FIELD(optim.warmup_epochs), .flag = "--warmup-epochs", .help = "epochs of linear growth from 0",
       .range = between(0, kMostSteps)},
      {FIELD(optim.beta1), .help = "decay of the first moment", .range = decay(), .only_with = adam},
      {FIELD(optim.beta2), .help = "decay of the second moment", .range = decay(), .only_with = adam},
      {FIELD(optim.eps), .help = "added to the root of the second moment",
       .range = between(kSmallestEpsilon, kLargestFloat), .only_with = adam},
      {FIELD(optim.momentum), .help = "decay of the velocity", .range = decay(), .only_with = sgd_or_lars},
      {FIELD(optim.nesterov), .help = "move by the velocity that the next step would have", .only_with = sgd},
      {FIELD(optim.sgd_form),
       .help = "pytorch: the velocity sums gradients and the rate multiplies it; keras: it sums "
               "rate times gradient, as SimCLR's code does; one and the same at a constant rate",
       .allowed = {"pytorch", "keras"}, .only_with = sgd},
      {FIELD(optim.trust_coefficient), .help = "a weight tensor's rate is lr * this * norm(w) / norm(gradient)",
       .range = positive_float(), .only_with = lars},
      {FIELD(optim.weight_decay), .flag = "--wd",
       .help = "d in the loss term d/2 * sum(w^2), over all but batch norm; lars: d * w joins the gradient of "
               "convolution and linear weights, and only the probe's are in the loss",
       .range = float_or_zero()},
      {FIELD(optim.l2), .help = "c in the loss term c * sum(w^2), over convolution and linear weights but the probe's",
       .range = float_or_zero()},

      {FIELD(train.batch_size), .flag = "--batch-size", .help = "images per step, each seen in two views",
       .range = between(2, kLargestBatch)},
      {FIELD(train.epochs), .flag = "--epochs", .help = "passes over the data; replaces steps",
       .range = between(0, kMostEpochs), .on_resume = OnResume::grow},
      {FIELD(train.steps), .flag = "--steps", .help = "optimizer steps; replaces epochs",
       .range = between(0, kMostSteps), .on_resume = OnResume::grow},
      {FIELD(train.steps_from_epochs),
       .help = "whole-batches: epochs * (images // batch_size); simclr: images * epochs // batch_size + 1",
       .allowed = {"whole-batches", "simclr"}, .only_with = epochs},
      {FIELD(train.seed), .flag = "--seed", .help = "of all random numbers", .range = at_least(0)},

      {FIELD(eval.every), .flag = "--eval-every", .help = "epochs between tests of the probe; 0: only at the end",
       .range = between(0, kMostSteps), .on_resume = OnResume::change},

      {FIELD(run.log_every), .flag = "--log-every", .help = "steps between records of metrics.jsonl",
       .range = between(1, kMostSteps), .on_resume = OnResume::change},
      {FIELD(run.ckpt_every), .flag = "--ckpt-every", .help = "epochs between checkpoints; 0: only at the end",
       .range = between(0, kMostSteps), .on_resume = OnResume::change},
      {FIELD(run.keep), .flag = "--keep", .help = "checkpoints kept, the newest", .range = between(1, kMostSteps),
       .on_resume = OnResume::change},
      {FIELD(run.device), .flag = "--device", .help = "where it is computed", .allowed = {"cpu", "cuda", "cuda:N"},
       .on_resume = OnResume::change},
      {FIELD(run.threads), .flag = "--threads",
       .help = "host threads of the kernels; 0: as OMP_NUM_THREADS says, or one for each processor that affinity, "
               "SLURM_CPUS_PER_TASK and the control group's quota leave",
       .range = between(0, engine::Context::kMostThreads)},
      {FIELD(run.precision), .flag = "--precision",
       .help = "of products: bf16 keeps activations and a copy of the weights in it, tf32 is a mode of GPUs; sums, "
               "parameters, gradients and losses are fp32",
       .allowed = {"fp32", "tf32", "bf16"}},
      {FIELD(run.cuda_graph), .flag = "--cuda-graph",
       .help = "capture a whole step once as a CUDA graph and launch that, instead of issuing its kernels one by one; "
               "changes no "
               "result",
       .on_resume = OnResume::change, .only_with = on_gpu},
      {FIELD(run.repeatable), .flag = "--repeatable",
       .help = "the same bits every time; off lets cuDNN add in a nondeterministic order where that is faster",
       .on_resume = OnResume::change, .only_with = on_gpu},
      {FIELD(run.plans), .flag = "--plans",
       .help =
           "algorithms that round differently: timed once and kept for this machine (timed); chosen by a fixed rule "
           "(off); or as another run's plans.json says, the rest by that rule (FILE)",
       .allowed = {"timed", "off", "FILE"}},
      {FIELD(run.report), .flag = "--report", .help = "at the end draw plots and report.html with tools/report",
       .on_resume = OnResume::change},
  };
  return fields;
}

#undef FIELD

/// The whole of `text` as a number; false when it is none, or none that T holds.
template <class T>
bool read_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

bool inside(const Range& range, double value) {
  const bool low = range.min_excluded ? value > range.min : value >= range.min;
  const bool high = range.max_excluded ? value < range.max : value <= range.max;
  return std::isfinite(value) && ((low && high) || (range.or_zero && value == 0));
}

/// Whether `text` is a value of this form: itself, a whole number for the N of "cuda:N", or some path for "FILE".
bool has_form(std::string_view text, std::string_view form) {
  if (form == "FILE") return !text.empty();
  if (!form.ends_with(":N")) return text == form;
  form.remove_suffix(1);
  unsigned number = 0;
  return text.starts_with(form) && read_number(text.substr(form.size()), number);
}

/// False when `text` is not a value of the member's type that `field` accepts; the member then stays as it was.
struct Assign {
  const Field& field;
  std::string_view text;

  bool operator()(bool* value) const {
    const bool on = text == "on" || text == "true";
    if (!on && text != "off" && text != "false") return false;
    *value = on;
    return true;
  }
  template <class Number>
  bool operator()(Number* value) const {
    Number number{};
    if (!read_number(text, number) || !inside(field.range, static_cast<double>(number))) return false;
    *value = number;
    return true;
  }
  bool operator()(std::string* value) const {
    const auto matches = [&](std::string_view form) { return has_form(text, form); };
    if (!field.allowed.empty() && std::none_of(field.allowed.begin(), field.allowed.end(), matches)) return false;
    *value = text;
    return true;
  }
};

/// A whole number without an upper bound of its own is one of 64 bits with a sign.
std::string whole_range_text(const Range& range) {
  if (std::isinf(range.max)) return fmt::format(" of at least {:.0f}, and below 2^63", range.min);
  return fmt::format(" from {:.0f} to {:.0f}", range.min, range.max);
}

std::string range_text(const Range& range) {
  if (std::isinf(range.max)) return fmt::format(" {} {}", range.min_excluded ? "above" : "of at least", range.min);
  return fmt::format("{} from {}{} to {}{}", range.or_zero ? ", 0 or" : "", range.min,
                     range.min_excluded ? " (excluded)" : "", range.max, range.max_excluded ? " (excluded)" : "");
}

/// Whether the field has an effect beside what else `config` says.
bool has_effect(const Field& field, const Config& config) {
  const auto& [key, values] = field.only_with;
  if (key.empty()) return true;
  const std::string value = value_text(*find_field(key), config);
  return std::any_of(values.begin(), values.end(), [&](std::string_view form) { return has_form(value, form); });
}

}  // namespace

std::span<const Field> fields() { return table(); }

const Field* find_field(std::string_view key) {
  const auto found = std::find_if(fields().begin(), fields().end(), [&](const Field& f) { return f.key == key; });
  return found == fields().end() ? nullptr : &*found;
}

std::string_view nearest_key(std::string_view key) {
  const bool has_section = key.find('.') != key.npos;
  std::vector<std::string_view> names;
  for (const Field& field : fields()) {
    names.push_back(has_section ? field.key : field.key.substr(field.key.find('.') + 1));
  }
  const std::string_view name = nearest(key, names);
  const auto index = std::find(names.begin(), names.end(), name) - names.begin();
  return fields()[static_cast<std::size_t>(index)].key;
}

std::string value_text(const Field& field, const Config& config) {
  // Field::value hands out a mutable member, and this only reads through it.
  const Field::Value value = field.value(const_cast<Config&>(config));
  if (const auto* flag = std::get_if<bool*>(&value)) return **flag ? "on" : "off";
  if (const auto* text = std::get_if<std::string*>(&value)) return **text;
  return std::visit(
      [](const auto* number) {
        if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(*number)>>) return fmt::format("{}", *number);
        return std::string();
      },
      value);
}

std::string expectation(const Field& field) {
  Config config;
  const Field::Value value = field.value(config);
  if (std::holds_alternative<bool*>(value)) return "on or off";
  if (std::holds_alternative<std::int64_t*>(value)) return "a whole number" + whole_range_text(field.range);
  if (std::holds_alternative<double*>(value)) return "a number" + range_text(field.range);
  if (field.allowed.empty()) return "text";
  return fmt::format("{}{}", field.allowed.size() > 1 ? "one of " : "", fmt::join(field.allowed, ", "));
}

void set_value(Config& config, const Field& field, std::string_view text, std::string_view where) {
  if (!std::visit(Assign{field, text}, field.value(config))) {
    throw UsageError(fmt::format("{} must be {}, got '{}'", where, expectation(field), text));
  }
}

void check(const Config& config) {
  if (config.train.epochs == 0 && config.train.steps == 0) {
    throw UsageError("how long to train is not said: give --epochs N or --steps N, or a --recipe that does");
  }
  if (config.train.epochs != 0 && config.train.steps != 0) {
    throw UsageError(fmt::format("train.epochs = {} and train.steps = {} exclude each other: set one of them to 0",
                                 config.train.epochs, config.train.steps));
  }
  if (config.data.crop_area_min > config.data.crop_area_max) {
    throw UsageError(fmt::format("data.crop_area_min = {} must not be above data.crop_area_max = {}",
                                 config.data.crop_area_min, config.data.crop_area_max));
  }
  for (const Field& field : fields()) {
    const std::string value = value_text(field, config), unset = value_text(field, Config{});
    if (value == unset || has_effect(field, config)) continue;
    const auto& [key, values] = field.only_with;
    throw UsageError(fmt::format("{} = {} does nothing while {} is {}: leave it at {}, or set {} to {}", field.key,
                                 value, key, value_text(*find_field(key), config), unset, key,
                                 fmt::join(values, " or ")));
  }
}

std::string fields_table() {
  const auto code = [](std::string_view text) { return text.empty() ? std::string() : fmt::format("`{}`", text); };
  std::string text = "| key | flag | default | accepts | on resume | meaning |\n|---|---|---|---|---|---|\n";
  for (const Field& field : fields()) {
    const char* resume = field.on_resume == OnResume::fixed  ? "fixed"
                         : field.on_resume == OnResume::grow ? "may grow"
                                                             : "may change";
    const auto& [key, values] = field.only_with;
    const std::string condition = key.empty() ? "" : fmt::format("with `{}` {}: ", key, fmt::join(values, " or "));
    text += fmt::format("| `{}` | {} | {} | {} | {} | {}{} |\n", field.key, code(field.flag),
                        code(value_text(field, Config{})), expectation(field), resume, condition, field.help);
  }
  return text;
}

}  // namespace apps
