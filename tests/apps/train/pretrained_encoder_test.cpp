#include "apps/train/pretrained_encoder.h"

#include <doctest/doctest.h>

#include <map>

#include "apps/objectives/make_encoder.h"
#include "apps/train/encoder_file.h"
#include "apps/train/parameter_files.h"
#include "engine/scope.h"
#include "kernels/context.h"
#include "kernels/runtime/error.h"
#include "tests/apps/configured.h"
#include "tests/apps/memory_source.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"
#include "tests/numeric.h"

using namespace apps;
using engine::DataError;
using Metadata = std::map<std::string, std::string>;

namespace {

const tests::MemorySource kImages(4);

models::EncoderOptions encoder(tests::Keys keys) {
  apps::Config config = tests::configured({{"model.width", "0.25"}});
  tests::configure(config, keys);
  return config.model.encoder;
}

/// An encoder in a file.
class File {
 public:
  explicit File(const models::EncoderOptions& options) : encoder_(make(options)) { parameters_.allocate(context_, 3); }
  PretrainedEncoder load(const Metadata& metadata, PretrainedOptions options = {}) {
    export_groups(path(), parameters_, {"encoder"}, metadata);
    options.file = path();
    return load_pretrained(context_, options, kImages);
  }
  std::string refusal(const Metadata& metadata, const PretrainedOptions& options = {}) {
    return message_of<DataError>([&] { load(metadata, options); });
  }
  std::filesystem::path path() const { return scratch_ / "weights.safetensors"; }
  const engine::Context& context() const { return context_; }
  const engine::ParameterSet& parameters() const { return parameters_; }
  const models::Encoder& original() const { return *encoder_; }

 private:
  std::unique_ptr<models::Encoder> make(const models::EncoderOptions& options) {
    return make_encoder(engine::Scope(parameters_, "encoder"), options, kImages);
  }

  engine::Context context_ = kernels::make_context();
  ScratchDirectory scratch_;
  engine::ParameterSet parameters_;
  std::unique_ptr<models::Encoder> encoder_;
};

}  // namespace

TEST_CASE("pretrained encoder: it is the file's, and computes the same") {
  for (const models::EncoderOptions& options :
       {encoder({}), encoder({{"model.arch", "resnet18"}, {"model.variant", "torchvision"}, {"model.bn_eps", "0.001"}}),
        encoder({{"model.arch", "resnet18"}, {"model.stem", "imagenet"}, {"model.normalize", "0.5/0.25"}})}) {
    File file(options);
    const Metadata metadata = describe_encoder(options, kImages);
    const PretrainedEncoder pretrained = file.load(metadata);
    CHECK(describe_encoder(pretrained.options, kImages) == metadata);
    CHECK(pretrained.description == file.path().string());
    CHECK(encoder_sha256(pretrained.parameters) == encoder_sha256(file.parameters()));
    const engine::Tensor images = tests::random_tensor(file.context(), {3, 28, 28, 1}, 1);
    CHECK(pretrained.encoder->forward(images, engine::Mode::evaluate).to_host<float>() ==
          file.original().forward(images, engine::Mode::evaluate).to_host<float>());
  }
}

TEST_CASE("pretrained encoder: the metadata decides what tensors leave open, flags what it leaves open") {
  File file(encoder({{"model.arch", "resnet50"}, {"model.stem", "imagenet"}, {"model.gray_as_rgb", "on"}}));
  const auto options = [&](const Metadata& metadata, const PretrainedOptions& given = {}) {
    return file.load(metadata, given).options;
  };
  const models::EncoderOptions foreign = options({});
  CHECK(foreign.resnet.variant == models::ResNet::Variant::torchvision);
  CHECK(foreign.input.normalization == models::Normalization::imagenet());
  CHECK(foreign.resnet.batch_norm.epsilon == 1e-5f);
  CHECK(options({{"variant", "simclr"}}).resnet.variant == models::ResNet::Variant::simclr);
  CHECK(options({{"bn_eps", "0.001"}}).resnet.batch_norm.epsilon == 1e-3f);
  CHECK(options({{"arch", "resnet50"}}).input.normalization == models::Normalization{});  // a checkpoint of ours
  CHECK(options({{"mean", "0"}, {"std", "1"}}).input.normalization == models::Normalization{});
  const models::Normalization half{.mean = {0.5, 0.5, 0.5}, .std = {0.25, 0.25, 0.25}};
  CHECK(options({{"mean", "0.5,0.5,0.5"}, {"std", "0.25,0.25,0.25"}}).input.normalization == half);
  CHECK(options({{"mean", "0"}, {"std", "1"}}, {.normalization = half}).input.normalization == half);
}

TEST_CASE("pretrained encoder: weights for three channels see grey images as three equal ones") {
  File file(encoder({{"model.arch", "resnet18"}, {"model.gray_as_rgb", "on"}}));
  const PretrainedEncoder pretrained = file.load({{"mean", "0"}, {"std", "1"}});
  CHECK(pretrained.options.input.gray_as_rgb);
  const engine::Tensor images = tests::random_tensor(file.context(), {3, 28, 28, 1}, 1);
  CHECK(pretrained.encoder->forward(images, engine::Mode::evaluate).to_host<float>() ==
        file.original().forward(images, engine::Mode::evaluate).to_host<float>());
}

TEST_CASE("pretrained encoder: what is not understood is refused in one sentence") {
  File file(encoder({{"model.arch", "resnet18"}}));
  const std::string path = file.path().string();
  CHECK(file.refusal({}, {.arch = models::Architecture::resnet34}).ends_with("; it fits --arch resnet18"));
  CHECK(file.refusal({{"bn_eps", "small"}}) ==
        path + ": its metadata has bn_eps = 'small', which is not understood; remove it");
  CHECK(file.refusal({{"bn_eps", "0"}}).find("bn_eps = '0'") != std::string::npos);
  CHECK(file.refusal({{"mean", "1,2"}, {"std", "1"}}).find("mean = '1,2 and std = 1'") != std::string::npos);
  CHECK(file.refusal({{"mean", "1"}}).find("mean = '1 and std = '") != std::string::npos);
  CHECK(file.load({}).options.input.normalization == models::Normalization{});  // of one channel
  CHECK(file.refusal({}, {.normalization = models::Normalization::imagenet()}) ==
        "--normalize imagenet is for images of 3 channels, and test images has 1; with --set "
        "model.gray_as_rgb=on it has three equal ones");
  File deep(encoder({{"model.arch", "resnet50"}}));
  CHECK(deep.refusal({{"variant", "other"}}).find("variant = 'other'") != std::string::npos);
}
