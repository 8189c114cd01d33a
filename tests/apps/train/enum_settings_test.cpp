// Every value of every enumeration setting changes what is built.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "apps/evaluation/features.h"
#include "apps/evaluation/knn.h"
#include "apps/input/run_data.h"
#include "apps/objectives/network.h"
#include "apps/run/run_directory.h"
#include "apps/train/make_context.h"
#include "apps/train/trainer.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/scratch_directory.h"
#include "tests/numeric.h"

using namespace apps;

namespace {

using Keys = std::vector<std::pair<std::string, std::string>>;

/// Writes six training and two test images in MNIST's format; their contents do not matter.
void write_images(const std::filesystem::path& directory, std::uint32_t side) {
  std::filesystem::create_directories(directory);
  for (const auto& [split, count] : {std::pair("train", 6u), std::pair("t10k", 2u)}) {
    std::string pixels, labels;
    for (std::uint32_t i = 0; i < count * side * side; ++i) pixels.push_back(static_cast<char>(i * i / 7 + i / side));
    for (std::uint32_t i = 0; i < count; ++i) labels.push_back(static_cast<char>(i));
    const std::string prefix = (directory / split).string();
    write_plain(prefix + "-images-idx3-ubyte", idx_bytes(0x803, {count, side, side}, pixels));
    write_plain(prefix + "-labels-idx1-ubyte", idx_bytes(0x801, {count}, labels));
  }
}

std::string bytes_of(const engine::Tensor& tensor) {
  const std::vector<float> values = tensor.to_host<float>();
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

/// Which share of some points their neighbours classify correctly.
std::string classified(const engine::Context& context, const KnnOptions& options) {
  const auto labels = [&](std::int32_t step) {
    std::vector<std::int32_t> cycle;
    for (std::int32_t i = 0; i < 300; ++i) cycle.push_back(i * step % 7);
    return engine::Tensor::from(context, {300}, cycle);
  };
  const SplitLabels sets{labels(3), labels(5), 7};
  return std::to_string(knn_accuracies(tests::random_tensor(context, {300, 3}, 1),
                                       tests::random_tensor(context, {300, 3}, 2), {&sets, 1}, options)
                            .front());
}

/// The result of a run with these keys: its network and steps after training, and the features and neighbours for
/// lineval.
std::string trained(const std::filesystem::path& out, const Keys& keys) {
  RunArguments arguments{.layers = {}, .out = out.string(), .resume = "never"};
  for (const auto& [key, value] : keys) arguments.layers.set.push_back(read_set(key + "=" + value));
  const Config config = resolve(arguments);
  const engine::Context context = make_context(config.run.compute);
  Trainer trainer(context, config);
  RunDirectory directory(arguments);
  directory.begin({.train = "aa", .test = "bb"});
  trainer.run(directory, [](std::int64_t, std::string_view) {});
  const engine::ParameterSet& parameters = trainer.model().parameters;
  std::string result = std::to_string(trainer.step()) + " steps";
  for (const auto& parameter : parameters.parameters()) result += " " + parameter.name;
  result += bytes_of(parameters.values());

  Compute compute = config.run.compute;
  compute.precision = config.lineval.precision;
  const engine::Context evaluation = make_context(compute);
  const engine::Dtype activations = activation_dtype(compute.precision);
  engine::ParameterSet evaluated;
  const Network network = make_network(evaluated, config, trainer.test_data());
  evaluated.allocate(evaluation, 1, activations);
  return result + classified(evaluation, config.lineval.knn) +
         bytes_of(extract_features(evaluation, *network.encoder, trainer.test_data(), {.images = activations}).values);
}

/// The same; for a refused configuration, the message.
std::string built(const ScratchDirectory& scratch, Keys keys, const char* images) {
  static int runs = 0;
  keys.emplace_back("data.source", "mnist:" + (scratch / images).string());
  try {
    return trained(scratch / ("run" + std::to_string(++runs)), keys);
  } catch (const engine::Error& error) { return error.what(); }
}

/// Whether the setting is an enumeration: its choices are all its values, without patterns.
bool is_enumeration(const ConfigField& field) {
  const auto is_form = [](std::string_view choice) {
    return choice.ends_with(":N") || choice == "FILE" || choice == "MEAN/STD";
  };
  const Choices& choices = field.value.choices;
  return !choices.empty() && std::none_of(choices.begin(), choices.end(), is_form);
}

}  // namespace

TEST_CASE("enum settings: every allowed value changes what is built") {
  const ScratchDirectory scratch;
  write_images(scratch / "small", 28);
  write_images(scratch / "large", 33);
  int enumerations = 0;
  for (const ConfigField& field : config_table()) {
    if (!is_enumeration(field)) continue;
    if (field.key == "run.sent_gradients") continue;  // of several ranks: tests/ranks/pretrain_test.cpp
    ++enumerations;
    Keys keys{{"train.batch_size", "2"}, {"train.epochs", "1"}, {"optim.lr", "0.01"},  {"optim.schedule", "cosine"},
              {"run.threads", "1"},      {"run.plans", "off"},  {"run.report", "off"}, {"model.width", "0.25"}};
    for (const Requirement& requirement : field.only_with.all)
      keys.emplace_back(requirement.key, requirement.values.front());
    const auto with = [&](std::string_view value) {
      Keys all = keys;
      all.emplace_back(field.key, value);
      return all;
    };
    std::map<std::string, std::string_view> value_of;  // by the result
    for (const std::string_view value : field.value.choices) {
      const auto [other, fresh] = value_of.emplace(built(scratch, with(value), "small"), value);
      // "auto" equals one of the others, depending on the size of the images or on the augmentation.
      const auto with_simclr = [&](std::string_view same) {
        Keys all = with(same);
        all.emplace_back("augment.name", "simclr");
        return all;
      };
      const bool differs =
          fresh || built(scratch, with(value), "large") != built(scratch, with(other->second), "large") ||
          built(scratch, with_simclr(value), "large") != built(scratch, with_simclr(other->second), "large");
      CHECK_MESSAGE(differs, field.key, " = ", value, " builds what ", other->second, " does");
    }
  }
  CHECK(enumerations >= 10);
}
