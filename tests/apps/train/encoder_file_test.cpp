#include "apps/train/encoder_file.h"

#include <doctest/doctest.h>

#include <bit>
#include <cstring>
#include <list>
#include <memory>

#include "apps/objectives/make_encoder.h"
#include "apps/train/model.h"
#include "apps/train/parameter_files.h"
#include "engine/io/files.h"
#include "kernels/context.h"
#include "kernels/runtime/dtype.h"
#include "kernels/runtime/error.h"
#include "tests/apps/configured.h"
#include "tests/apps/memory_source.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;
using engine::DataError;
using engine::StoredTensor;
using engine::StoredType;

namespace {

namespace fs = std::filesystem;

const tests::MemorySource kImages(4);

Config resnet18(tests::Keys more = {}) {
  Config config = tests::configured({{"model.arch", "resnet18"},
                                     {"model.width", "0.25"},
                                     {"model.variant", "torchvision"},
                                     {"train.batch_size", "4"}});
  tests::configure(config, more);
  return config;
}

/// A file with an encoder and a classifier, whose tensors a test can change before it is written.
class Weights {
 public:
  explicit Weights(const Config& config = resnet18(), std::int64_t seed = 7) {
    Config seeded = config;
    seeded.train.seed = seed;
    const Model model = make_model(context_, seeded, kImages);
    for (std::size_t i = 0; i < model.parameters.states().size(); ++i) {  // statistics that are not the initial ones
      const engine::Tensor state = model.parameters.state(i);
      if (state.dtype() == engine::Dtype::i64) {
        state.upload<std::int64_t>(std::vector<std::int64_t>{5});
      } else {
        state.upload<float>(
            std::vector<float>(static_cast<std::size_t>(state.elements()), 0.5f + static_cast<float>(i)));
      }
    }
    sha256_ = encoder_sha256(model.parameters);
    export_groups(scratch_ / "made.safetensors", model.parameters, {"encoder", "probe"}, {});
    made_ = std::make_unique<engine::SafetensorsFile>(scratch_ / "made.safetensors");
    tensors_ = made_->tensors();
  }

  StoredTensor& at(const std::string& name) {
    for (StoredTensor& tensor : tensors_)
      if (tensor.name == name) return tensor;
    throw engine::Error("no tensor " + name);
  }
  void erase(const std::string& ending) {
    std::erase_if(tensors_, [&](const StoredTensor& tensor) { return tensor.name.ends_with(ending); });
  }
  void add(const StoredTensor& tensor) { tensors_.push_back(tensor); }
  /// Rewrites every f32 tensor as the result of `to_stored`, a number of bytes per element.
  template <class To>
  void convert(StoredType type, To (*to_stored)(float)) {
    for (StoredTensor& tensor : tensors_) {
      if (tensor.type != StoredType::f32) continue;
      std::vector<float> values(tensor.bytes.size() / sizeof(float));
      std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
      std::vector<std::byte>& bytes = converted_.emplace_back(values.size() * sizeof(To));
      for (std::size_t i = 0; i < values.size(); ++i) {
        const To value = to_stored(values[i]);
        std::memcpy(bytes.data() + i * sizeof(To), &value, sizeof(To));
      }
      tensor.type = type;
      tensor.bytes = bytes;
    }
  }
  fs::path write() const {
    engine::save_safetensors(path(), tensors_);
    return path();
  }
  fs::path path() const { return scratch_ / "weights.safetensors"; }
  const std::string& sha256() const { return sha256_; }

  /// The encoder of a new model that starts with this file.
  std::string loaded(const Config& config = resnet18()) const {
    return encoder_sha256(make_model(context_, config, kImages, path()).parameters);
  }
  std::string refusal(const Config& config = resnet18()) const {
    const std::string message = message_of<DataError>([&] { loaded(config); });
    REQUIRE(message.starts_with(path().string()));
    return message.substr(path().string().size());
  }

 private:
  engine::Context context_ = kernels::make_context();
  ScratchDirectory scratch_;
  std::unique_ptr<engine::SafetensorsFile> made_;
  std::vector<StoredTensor> tensors_;
  std::list<std::vector<std::byte>> converted_;
  std::string sha256_;
};

double to_double(float value) { return value; }
std::uint16_t to_bf16(float value) { return std::bit_cast<std::uint16_t>(engine::bf16(value)); }

}  // namespace

TEST_CASE("encoder file: weights and statistics come back exactly, and other tensors are left out") {
  Weights weights;
  weights.write();
  CHECK(weights.loaded() == weights.sha256());
  CHECK(EncoderFile(weights.path()).description() == weights.path().string() + " (left out: fc.bias, fc.weight)");
  weights.convert<double>(StoredType::f64, to_double);
  weights.write();
  CHECK(weights.loaded() == weights.sha256());
}

TEST_CASE("encoder file: without counters, as older files are, the counts are 0") {
  Weights weights;
  weights.erase("num_batches_tracked");
  weights.write();
  const engine::Context context = kernels::make_context();
  const Model model = make_model(context, resnet18(), kImages, weights.path());
  int counters = 0;
  for (std::size_t i = 0; i < model.parameters.states().size(); ++i) {
    if (model.parameters.states()[i].dtype != engine::Dtype::i64) continue;
    CHECK(model.parameters.state(i).to_host<std::int64_t>() == std::vector<std::int64_t>{0});
    ++counters;
  }
  CHECK(counters > 0);
}

TEST_CASE("encoder file: numbers of two bytes are converted") {
  Weights weights;
  weights.convert<std::uint16_t>(StoredType::bf16, to_bf16);
  weights.write();
  const engine::Context context = kernels::make_context();
  Config config = resnet18();
  config.train.seed = 7;
  const std::vector<float>
      exact = make_model(context, config, kImages).parameters.value(0).to_host<float>(),
      rounded = make_model(context, resnet18(), kImages, weights.path()).parameters.value(0).to_host<float>();
  REQUIRE(rounded.size() == exact.size());
  for (std::size_t i = 0; i < exact.size(); ++i) CHECK(rounded[i] == static_cast<float>(engine::bf16(exact[i])));
}

TEST_CASE("encoder file: momentum encoders start as a copy of it") {
  Weights weights;
  weights.write();
  const engine::Context context = kernels::make_context();
  for (const std::string_view objective : {"byol", "queue"}) {
    CAPTURE(objective);
    const Model model = make_model(context, resnet18({{"objective.name", objective}}), kImages, weights.path());
    CHECK(encoder_sha256(model.parameters) == weights.sha256());
    REQUIRE(model.state().size() == 2);
    const engine::ParameterSet& momentum = *model.state().back();
    CHECK(momentum.value(0).to_host<float>() == model.parameters.value(0).to_host<float>());
    CHECK(momentum.state(0).to_host<float>() == model.parameters.state(0).to_host<float>());
  }
}

TEST_CASE("encoder file: the shadow of bf16 layers follows") {
  Weights weights;
  weights.write();
  const engine::Context context = kernels::make_context();
  engine::ParameterSet parameters;
  const auto encoder = make_encoder(engine::Scope(parameters, "encoder"), resnet18().model.encoder, kImages);
  parameters.allocate(context, 1, engine::Dtype::bf16);
  EncoderFile(weights.path()).load(parameters, resnet18().model.encoder, kImages);
  const std::vector<float> values = parameters.values().to_host<float>();
  const std::vector<engine::bf16> shadow = parameters.shadow().to_host<engine::bf16>();
  for (std::size_t i = 0; i < values.size(); i += 97)
    CHECK(static_cast<float>(shadow[i]) == static_cast<float>(engine::bf16(values[i])));
}

TEST_CASE("encoder file: a checkpoint of ours is a file of weights, too") {
  const engine::Context context = kernels::make_context();
  const ScratchDirectory scratch;
  const Model model = make_model(context, resnet18({{"objective.name", "byol"}, {"train.seed", "3"}}), kImages);
  save_model(scratch / "model.safetensors", model.state(), {});
  const Model started = make_model(context, resnet18(), kImages, scratch / "model.safetensors");
  CHECK(encoder_sha256(started.parameters) == encoder_sha256(model.parameters));
  CHECK(started.initial_weights.find(" (left out: momentum.encoder.bn1.bias, ") != std::string::npos);
  CHECK(started.initial_weights.ends_with(" more)"));
}

TEST_CASE("encoder file: what does not fit is refused in one sentence that says what would") {
  Weights weights;
  SUBCASE("other settings") {
    weights.write();
    CHECK(weights.refusal(resnet18({{"model.variant", "simclr"}})) ==
          " does not fit resnet18: missing are layer1.0.downsample.0.weight, layer1.0.downsample.1.weight, "
          "layer1.0.downsample.1.bias and 2 more; it fits --set model.variant=torchvision");
    CHECK(weights.refusal(resnet18({{"model.stem", "imagenet"}})) ==
          " does not fit resnet18: of another shape are conv1.weight [16,1,3,3] instead of [16,1,7,7]; it fits --set "
          "model.stem=cifar");
    CHECK(weights.refusal(resnet18({{"model.width", "0.5"}})).ends_with("; it fits --width 0.25"));
    const std::string deeper = weights.refusal(resnet18({{"model.arch", "resnet34"}}));
    CHECK(deeper.starts_with(" does not fit resnet34: missing are layer1.2.conv1.weight, "));
    CHECK(deeper.ends_with("; it fits --arch resnet18"));
    CHECK(weights.refusal({}).ends_with(
        "; it fits --arch resnet18 --width 0.25 --set model.variant=torchvision --set model.stem=cifar"));
  }
  SUBCASE("other images") {
    weights.write();
    const engine::Context context = kernels::make_context();
    CHECK(
        message_of<DataError>([&] { make_model(context, resnet18(), tests::MemorySource(4, 2), weights.path()); })
            .ends_with(
                "conv1.weight [16,1,3,3] instead of [16,3,3,3]; it takes images of 1 channels, and test images has 3"));
  }
  SUBCASE("a missing tensor") {
    weights.erase("layer2.0.bn1.running_var");
    weights.write();
    CHECK(weights.refusal() ==
          " does not fit resnet18: missing are layer2.0.bn1.running_var; it is for other images or of another network");
  }
  SUBCASE("a tensor too much") {
    const float one = 1;
    weights.add({.name = "layer1.0.se.weight", .shape = {1}, .bytes = std::as_bytes(std::span(&one, 1))});
    weights.write();
    CHECK(weights.refusal() ==
          " does not fit resnet18: not in the network are layer1.0.se.weight; it is for other images or of another "
          "network");
  }
  SUBCASE("a wrong shape") {
    weights.at("layer1.0.bn1.weight").shape = {4, 4};
    weights.write();
    CHECK(weights.refusal() ==
          " does not fit resnet18: of another shape are layer1.0.bn1.weight [4,4] instead of [16]; it is for other "
          "images or of "
          "another network");
  }
  SUBCASE("no encoder at all") {
    weights.erase("conv1.weight");
    weights.write();
    CHECK(
        weights.refusal().ends_with("; it is of no encoder that is known here: names must be torchvision's, as "
                                    "tools/import_checkpoint writes them"));
  }
}

TEST_CASE("encoder file: numbers that are none are refused") {
  Weights weights;
  SUBCASE("an infinite one in half precision") {
    weights.convert<std::uint16_t>(StoredType::f16, [](float) { return std::uint16_t{0x3c00}; });
    const std::uint16_t infinite[16] = {0x7c00};
    weights.at("bn1.weight").bytes = std::as_bytes(std::span(infinite));
    weights.write();
    CHECK(weights.refusal() ==
          ": bn1.weight holds a number that is infinite or NaN; such weights compute nothing, so export them again "
          "from a network that works");
  }
  SUBCASE("one too large for f32") {
    const double large[16] = {1e40};
    weights.at("bn1.weight").type = StoredType::f64;
    weights.at("bn1.weight").bytes = std::as_bytes(std::span(large));
    weights.write();
    CHECK(weights.refusal().starts_with(": bn1.weight holds a number that is infinite or NaN or too large for F32; "));
  }
  SUBCASE("whole numbers where weights belong, and the other way round") {
    const std::int8_t small[16] = {};
    weights.at("bn1.weight").type = StoredType::i8;
    weights.at("bn1.weight").bytes = std::as_bytes(std::span(small));
    weights.write();
    CHECK(weights.refusal() == ": bn1.weight holds I8, and weights must be F32, F64, F16 or BF16");
  }
  SUBCASE("a counter with a fraction") {
    const float half = 0.5f;
    weights.at("bn1.num_batches_tracked").type = StoredType::f32;
    weights.at("bn1.num_batches_tracked").bytes = std::as_bytes(std::span(&half, 1));
    weights.write();
    CHECK(weights.refusal() == ": bn1.num_batches_tracked holds F32, and it must be a whole number");
  }
}

TEST_CASE("encoder file: a file that is none is refused in one sentence") {
  const ScratchDirectory scratch;
  const auto refusal = [&](const std::string& name) {
    return message_of<engine::Error>([&] { EncoderFile(scratch / name); });
  };
  CHECK(refusal("nowhere") ==
        "there is no file " + (scratch / "nowhere").string() + "; the weights must be in a safetensors file");
  CHECK(refusal("") == "cannot read " + (scratch / "").string() + ": it is a directory, not a regular file");
  Weights weights;
  const std::string whole = engine::read_file(weights.write());
  engine::atomic_write_file(scratch / "cut", whole.substr(0, whole.size() - 1));
  CHECK(refusal("cut").starts_with((scratch / "cut").string() + ": tensor '"));
  CHECK(refusal("cut").ends_with("; the file is damaged or not a safetensors file"));
}
