#include "tests/golden/training_steps.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/io/safetensors.h"
#include "kernels/runtime/error.h"
#include "tests/apps/workbench.h"
#include "tests/data/sources/idx_files.h"

using engine::SafetensorsFile;
using engine::StoredTensor;

namespace tests {
namespace {

// The tolerance: f32's rounding per term, for sums of up to 9 * 64 products, whose roundings mostly cancel, through 8
// layers forward and backward. The second step adds its errors to those that it spreads: four times that. The worst of
// all tensors has a third of it, with AVX-512, AVX2 or SSE4.1.
constexpr double kRounding = 0x1p-23;
const double kTolerance = kRounding * std::sqrt(9.0 * 64.0) * 8 * 2 * 4;

nlohmann::json about(const SafetensorsFile& golden) { return nlohmann::json::parse(golden.metadata().at("about")); }

std::string text(const StoredTensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()};
}

std::vector<float> floats(const StoredTensor& tensor) {
  REQUIRE(tensor.type == engine::StoredType::f32);
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

/// The elements that the golden file stores: element i * 7919 % size, for i below `count`.
std::vector<float> samples(const StoredTensor& tensor, std::size_t count) {
  const std::vector<float> all = floats(tensor);
  std::vector<float> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(all[i * 7919 % all.size()]);
  return some;
}

/// Writes the images of the golden file as a data set.
void write_data(const SafetensorsFile& golden, const fs::path& directory) {
  fs::create_directories(directory);
  for (const auto& [split, prefix] : {std::pair{"train", "train"}, std::pair{"test", "t10k"}}) {
    const StoredTensor &images = golden.at(std::string(split) + "_images"),
                       &labels = golden.at(std::string(split) + "_labels");
    const auto count = static_cast<std::uint32_t>(images.shape[0]);
    const std::string name(prefix);
    write_plain(directory / (name + "-images-idx3-ubyte"), idx_bytes(0x803, {count, 28, 28}, text(images)));
    write_plain(directory / (name + "-labels-idx1-ubyte"), idx_bytes(0x801, {count}, text(labels)));
  }
}

/// Runs the case: every step is an epoch of the whole set and writes a checkpoint.
fs::path train(const SafetensorsFile& golden, const std::string& name, int steps, const fs::path& scratch) {
  const std::string examples = std::to_string(golden.at("train_images").shape[0]);
  const fs::path run = scratch / name;
  Strings arguments{"--data",      "mnist:" + (scratch / "mnist").string(),
                    "--out",       run.string(),
                    "--epochs",    std::to_string(steps),
                    "--shuffle",   "off",
                    "--log-every", "1",
                    "--plans",     "off",
                    "--report",    "off",
                    "--threads",   "2"};
  arguments.insert(arguments.end(), {"--batch-size", examples, "--ckpt-every", "1"});
  for (const std::string& assignment : about(golden).at("cases").at(name).get<Strings>()) {
    arguments.insert(arguments.end(), {"--set", assignment});
  }
  result(Workbench::plain_pretrain(arguments));
  return run;
}

void check_metrics(const SafetensorsFile& golden, const std::string& name, std::size_t steps, const fs::path& run) {
  const Strings keys = about(golden).at("metrics").at(name);
  const std::vector<float> expected = floats(golden.at(name + "/metrics"));
  const std::vector<nlohmann::json> records = metrics(run);
  REQUIRE(records.size() == steps + 1);
  REQUIRE(expected.size() == steps * keys.size());
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      CAPTURE(step);
      CAPTURE(keys[i]);
      const double actual = records[step].at(keys[i]), wanted = static_cast<double>(expected[step * keys.size() + i]);
      CHECK(std::abs(actual - wanted) <= kTolerance * (1 + std::abs(wanted)));
    }
  }
  CHECK(records.back().at("probe_acc").get<float>() == floats(golden.at(name + "/probe_test_accuracy")).front());
}

/// Errors are relative to the largest change since the start; for weights this change comes from the gradient and the
/// optimizer.
void check_tensors(const SafetensorsFile& golden, const std::string& prefix, const std::string& start,
                   const SafetensorsFile& model) {
  std::size_t compared = 0;
  for (const StoredTensor& stored : golden.tensors()) {
    if (!stored.name.starts_with(prefix)) continue;
    const std::string name = stored.name.substr(prefix.size());
    CAPTURE(name);
    const std::vector<float> expected = floats(stored), before = floats(golden.at(start + name)),
                             actual = samples(model.at(name), expected.size());
    double change = 0, largest = 0, error = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double e = static_cast<double>(expected[i]);
      change = std::max(change, std::abs(e - static_cast<double>(before[i])));
      largest = std::max(largest, std::abs(e));
      const double off = std::abs(static_cast<double>(actual[i]) - e);
      if (!(off <= error)) error = off;
    }
    CHECK(change > 1e-3 * largest);
    CHECK(error <= kTolerance * change + kRounding * largest);
    ++compared;
  }
  const auto trained = [](const StoredTensor& tensor) { return !tensor.name.ends_with("num_batches_tracked"); };
  CHECK(static_cast<std::ptrdiff_t>(compared) ==
        std::count_if(model.tensors().begin(), model.tensors().end(), trained));
}

}  // namespace

void check_training_steps(const std::string& file, const std::string& name) {
  const SafetensorsFile golden(std::string(GOLDEN_DIR "/") + file);
  const int steps = about(golden).at("steps").at(name);
  const ScratchDirectory scratch;
  write_data(golden, scratch / "mnist");
  const fs::path run = train(golden, name, steps, scratch / "");
  check_metrics(golden, name, static_cast<std::size_t>(steps), run);
  for (int step = 1; step <= steps; ++step) {
    CAPTURE(step);
    const std::string number = std::to_string(step);
    const SafetensorsFile model(run / "checkpoints" / ("step_0000000" + number) / "model.safetensors");
    const std::string after = engine::concat(name, "/step", step, "/");
    check_tensors(golden, after, name + "/start/", model);
  }
}

}  // namespace tests
