#include "apps/train/parameter_files.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>

#include "apps/train/make_optimizer.h"
#include "engine/io/safetensors.h"
#include "engine/scope.h"
#include "kernels/context.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"
#include "tests/numeric.h"

using namespace apps;
using engine::ParameterKind;
using engine::ParameterSet;
using engine::Tensor;

namespace {

/// A number that does not fit into 32 bits.
constexpr std::int64_t kMany = std::int64_t{1} << 40;

/// One convolution, one counter and one linear layer, each in its own group; `out` is the convolution's number of
/// channels.
struct Parts {
  Parts(const engine::Context& context, std::uint64_t seed, std::int64_t out = 4) {
    const auto normal = engine::Initializer::normal(1);
    engine::Scope(set, "encoder").add("conv.weight", {out, 3, 5, 2}, ParameterKind::kernel, normal);
    engine::Scope(set, "projector").add("weight", {3, 7}, ParameterKind::kernel, normal);
    engine::Scope(set, "probe").add("bias", {3}, ParameterKind::bias, normal);
    engine::Scope(set, "encoder").add_state("bn.num_batches_tracked", {}, 0, engine::Dtype::i64);
    set.allocate(context, seed);
    set.state(0).upload<std::int64_t>(std::vector{kMany + static_cast<std::int64_t>(seed)});
  }
  ParameterSet set;
};

std::vector<float> floats(const engine::StoredTensor& tensor) {
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

}  // namespace

TEST_CASE("parameter files: a model comes back exactly") {
  const engine::Context context = kernels::make_context();
  const ScratchDirectory scratch;
  const Parts saved(context, 1), loaded(context, 2);
  save_model(scratch / "model.safetensors", {&saved.set}, {{"arch", "test"}});
  REQUIRE(saved.set.values().to_host<float>() != loaded.set.values().to_host<float>());
  load_model(scratch / "model.safetensors", {&loaded.set});
  CHECK(saved.set.values().to_host<float>() == loaded.set.values().to_host<float>());
  CHECK(loaded.set.state(0).to_host<std::int64_t>() == std::vector{kMany + 1});
}

TEST_CASE("parameter files: on disk convolutions are OIHW and counters i64") {
  const engine::Context context = kernels::make_context();
  const ScratchDirectory scratch;
  const Parts parts(context, 1);
  save_model(scratch / "model.safetensors", {&parts.set}, {{"arch", "test"}});
  const engine::SafetensorsFile file(scratch / "model.safetensors");
  CHECK(file.metadata() == std::map<std::string, std::string>{{"arch", "test"}, {"format", "pt"}});
  const engine::StoredTensor& conv = file.at("encoder.conv.weight");
  REQUIRE(conv.shape == std::vector<std::int64_t>{4, 2, 3, 5});
  const std::vector<float> krsc = parts.set.value(0).to_host<float>(), oihw = floats(conv);
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t s = 0; s < 5; ++s)
        for (std::size_t c = 0; c < 2; ++c)
          REQUIRE(oihw[((k * 2 + c) * 3 + r) * 5 + s] == krsc[((k * 3 + r) * 5 + s) * 2 + c]);
  CHECK(floats(file.at("projector.weight")) == parts.set.value(1).to_host<float>());
  const engine::StoredTensor& counter = file.at("encoder.bn.num_batches_tracked");
  CHECK(counter.type == engine::StoredType::i64);
  CHECK(counter.shape.empty());
}

TEST_CASE("parameter files: a file that does not fit is refused before anything is changed") {
  const engine::Context context = kernels::make_context();
  const ScratchDirectory scratch;
  const std::filesystem::path path = scratch / "model.safetensors";
  const Parts parts(context, 1);
  const std::vector<float> before = parts.set.values().to_host<float>();
  SUBCASE("another shape") {
    const Parts other(context, 2, 6);
    save_model(path, {&other.set}, {});
    CHECK(message_of<engine::DataError>([&] { load_model(path, {&parts.set}); }) ==
          path.string() + ": encoder.conv.weight must be F32 [4,2,3,5] for this network, got F32 [6,2,3,5]");
  }
  SUBCASE("a tensor is missing") {
    export_groups(path, Parts(context, 2).set, {"encoder"}, {});
    CHECK_THROWS_AS(load_model(path, {&parts.set}), engine::DataError);
  }
  SUBCASE("the last tensor has another type") {
    const Parts stored(context, 2);
    save_model(scratch / "good.safetensors", {&stored.set}, {});
    const engine::SafetensorsFile good(scratch / "good.safetensors");
    std::vector<engine::StoredTensor> tensors = good.tensors();
    const std::int32_t number = 7;
    for (engine::StoredTensor& tensor : tensors) {
      if (tensor.type != engine::StoredType::i64) continue;
      tensor.type = engine::StoredType::i32;
      tensor.bytes = std::as_bytes(std::span(&number, 1));
    }
    engine::save_safetensors(path, tensors);
    CHECK(message_of<engine::DataError>([&] { load_model(path, {&parts.set}); }) ==
          path.string() + ": encoder.bn.num_batches_tracked must be I64 [] for this network, got I32 []");
  }
  CHECK(parts.set.values().to_host<float>() == before);
}

TEST_CASE("parameter files: a group alone can be taken from a model, and the encoder's hash follows it") {
  const engine::Context context = kernels::make_context();
  const ScratchDirectory scratch;
  const Parts saved(context, 1), loaded(context, 2);
  const std::vector<float> projector = loaded.set.value(1).to_host<float>();
  save_model(scratch / "model.safetensors", {&saved.set}, {});
  CHECK(encoder_sha256(saved.set) != encoder_sha256(loaded.set));
  load_groups(scratch / "model.safetensors", loaded.set, {"encoder"});
  CHECK(encoder_sha256(saved.set) == encoder_sha256(loaded.set));
  CHECK(loaded.set.value(1).to_host<float>() == projector);
  loaded.set.state(0).upload<std::int64_t>(std::vector<std::int64_t>{9});  // states count, too
  CHECK(encoder_sha256(saved.set) != encoder_sha256(loaded.set));
}

TEST_CASE("parameter files: groups are exported under the names that other programs know") {
  const engine::Context context = kernels::make_context();
  const ScratchDirectory scratch;
  const Parts parts(context, 1);
  const auto exported = [&](const std::vector<std::string>& chosen) {
    export_groups(scratch / "part.safetensors", parts.set, chosen, {});
    std::vector<std::string> names;
    const engine::SafetensorsFile file(scratch / "part.safetensors");
    for (const engine::StoredTensor& tensor : file.tensors()) names.push_back(tensor.name);
    return names;
  };
  CHECK(exported({"encoder"}) == std::vector<std::string>{"bn.num_batches_tracked", "conv.weight"});
  CHECK(exported({"projector"}) == std::vector<std::string>{"weight"});
  CHECK(exported({"probe"}) == std::vector<std::string>{"fc.bias"});
  CHECK(exported({"encoder", "probe"}) == std::vector<std::string>{"bn.num_batches_tracked", "conv.weight", "fc.bias"});
}

TEST_CASE("parameter files: an optimizer's state comes back exactly") {
  const engine::Context context = kernels::make_context();
  const ScratchDirectory scratch;
  const Parts parts(context, 1);
  for (const auto name : {engine::OptimizerName::adam, engine::OptimizerName::sgd, engine::OptimizerName::lars}) {
    CAPTURE(name);
    const auto saved = make_optimizer({.name = name}, parts.set), loaded = make_optimizer({.name = name}, parts.set);
    const std::size_t count = saved->state().size();
    CHECK(count == (saved->state()[0].name == "velocity" ? 1 : 2));
    for (std::size_t i = 0; i < count; ++i) {
      const Tensor tensor = saved->state()[i].tensor;
      tensor.upload<float>(tests::random_values(tensor.elements(), i));
    }
    save_optimizer(scratch / "optimizer.safetensors", *saved);
    load_optimizer(scratch / "optimizer.safetensors", *loaded);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(loaded->state()[i].tensor.to_host<float>() == saved->state()[i].tensor.to_host<float>());
    }
  }
  const auto adam = make_optimizer({}, parts.set);
  CHECK_THROWS_AS(load_optimizer(scratch / "optimizer.safetensors", *adam), engine::DataError);
}

TEST_CASE("parameter files: a number that is not finite is found wherever it is") {
  const engine::Context context = kernels::make_context();
  Parts parts(context, 1);
  const auto optimizer = make_optimizer({.name = engine::OptimizerName::adam}, parts.set);
  CHECK_FALSE(nonfinite_tensor({&parts.set}, *optimizer));
  const float largest = std::numeric_limits<float>::max(), infinity = std::numeric_limits<float>::infinity(),
              nan = std::numeric_limits<float>::quiet_NaN();
  const auto set = [](const Tensor& tensor, std::int64_t i, float value) {
    std::vector<float> values = tensor.to_host<float>();
    values[static_cast<std::size_t>(i)] = value;
    tensor.upload<float>(values);
  };
  for (std::size_t i = 0; i < 3; ++i) {
    const Tensor tensor = parts.set.value(i);
    for (const std::int64_t at : {std::int64_t{0}, tensor.elements() - 1}) {
      set(tensor, at, -largest);
      CHECK_FALSE(nonfinite_tensor({&parts.set}, *optimizer));
      for (const float value : {infinity, -infinity, nan}) {
        set(tensor, at, value);
        CHECK(nonfinite_tensor({&parts.set}, *optimizer) == parts.set.parameters()[i].name);
      }
      set(tensor, at, 0);
    }
  }
  const auto moments = optimizer->state();
  REQUIRE_FALSE(moments.empty());
  const auto& [name, tensor] = moments.back();
  set(tensor, tensor.elements() - 1, nan);
  CHECK(nonfinite_tensor({&parts.set}, *optimizer) == name);
}
