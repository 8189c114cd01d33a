#include "models/resnet.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "models/probe_head.h"
#include "tests/numeric.h"

using namespace engine;
using models::ResNet;
using tests::random_tensor;
using Options = models::ResNet::Options;

namespace {

struct Built {
  Built(const Context& context, const Options& options, Dtype layers = Dtype::f32)
      : encoder(Scope(parameters, "encoder"), options) {
    parameters.allocate(context, 1, layers);
  }
  ParameterSet parameters;
  ResNet encoder;
};

std::set<std::string> names(const ParameterSet& parameters) {
  std::set<std::string> result;
  for (const ParameterInfo& info : parameters.parameters()) result.insert(info.name);
  for (const StateInfo& info : parameters.states()) result.insert(info.name);
  return result;
}

}  // namespace

TEST_CASE("resnet: parameter counts of SimCLR's and torchvision's networks") {
  const auto count = [](const Options& options) {
    ParameterSet parameters;
    const ResNet encoder(Scope(parameters, "encoder"), options);
    return parameters.trainable("encoder");
  };
  CHECK(count({.depth = 18}) == 11180736);
  CHECK(count({.depth = 18, .stem = ResNet::Stem::cifar}) == 11173056);
  CHECK(count({.depth = 34}) == 21288896);
  // torchvision's 11689512 without the 513000 of its classifier
  CHECK(count({.depth = 18, .variant = ResNet::Variant::torchvision}) == 11176512);
  CHECK(count({.base_channels = 4, .width = 2}) == count({.base_channels = 8}));
  CHECK(count({.depth = 50}) == 23508032);
  CHECK(count({.depth = 50, .stem = ResNet::Stem::cifar}) == 23500352);
  CHECK(count({.depth = 50, .width = 2}) == 93907072);
  // torchvision's 25557032, 44549160 and 60192808 without the 2049000 of their classifiers; with bottlenecks, both
  // variants project in every group.
  CHECK(count({.depth = 50, .selective_kernels = true}) == 35215584);
  CHECK(count({.depth = 50, .width = 2, .selective_kernels = true}) == 140306048);
  for (const ResNet::Variant variant : {ResNet::Variant::simclr, ResNet::Variant::torchvision}) {
    CHECK(count({.depth = 50, .variant = variant}) == 23508032);
    CHECK(count({.depth = 101, .variant = variant}) == 42500160);
    CHECK(count({.depth = 152, .variant = variant}) == 58143808);
  }
}

TEST_CASE("resnet: tensors are torchvision's, and SimCLR's variant has a shortcut more") {
  const Context context = kernels::make_context();
  const auto built = [&](ResNet::Variant variant) {
    Built network(context, {.base_channels = 2, .variant = variant});
    return names(network.parameters);
  };
  const std::set<std::string> torchvision = built(ResNet::Variant::torchvision),
                              simclr = built(ResNet::Variant::simclr);
  CHECK(torchvision.size() == 120);
  for (const char* name : {"encoder.conv1.weight", "encoder.bn1.running_mean", "encoder.layer1.0.conv1.weight",
                           "encoder.layer1.1.bn2.num_batches_tracked", "encoder.layer2.0.downsample.0.weight",
                           "encoder.layer2.0.downsample.1.running_var", "encoder.layer4.1.conv2.weight"}) {
    CHECK_MESSAGE(torchvision.contains(name), name);
  }
  std::vector<std::string> more;
  std::set_difference(simclr.begin(), simclr.end(), torchvision.begin(), torchvision.end(), std::back_inserter(more));
  CHECK(more == std::vector<std::string>{
                    "encoder.layer1.0.downsample.0.weight", "encoder.layer1.0.downsample.1.bias",
                    "encoder.layer1.0.downsample.1.num_batches_tracked", "encoder.layer1.0.downsample.1.running_mean",
                    "encoder.layer1.0.downsample.1.running_var", "encoder.layer1.0.downsample.1.weight"});

  ParameterSet with_probe;
  const ResNet encoder(Scope(with_probe, "encoder"), {.base_channels = 2, .variant = ResNet::Variant::torchvision});
  const models::ProbeHead probe(Scope(with_probe, "probe"), encoder.features(), 10, Initializer::normal(0.01));
  with_probe.allocate(context, 1);
  CHECK(names(with_probe).size() == 122);
}

TEST_CASE("resnet: every parameter gets a gradient, for any image size and number of channels") {
  const Context context = kernels::make_context();
  const struct {
    Options options;
    Shape images;
  } cases[] = {
      {{.in_channels = 3}, {3, 40, 33, 3}},
      {{.depth = 34, .in_channels = 21, .variant = ResNet::Variant::torchvision}, {2, 64, 64, 21}},
      {{.in_channels = 1, .stem = ResNet::Stem::cifar}, {3, 28, 28, 1}},
      {{.in_channels = 2, .width = 2, .variant = ResNet::Variant::torchvision, .stem = ResNet::Stem::cifar},
       {4, 9, 9, 2}},
      {{.in_channels = 5}, {8, 1, 1, 5}},
      {{.depth = 50, .in_channels = 3}, {2, 37, 45, 3}},
      {{.depth = 101, .variant = ResNet::Variant::torchvision, .stem = ResNet::Stem::cifar}, {4, 9, 7, 3}},
      {{.depth = 152}, {8, 1, 2, 3}},
      {{.selective_kernels = true}, {2, 45, 37, 3}},
      {{.depth = 50, .selective_kernels = true}, {2, 37, 45, 3}},
      {{.depth = 50, .variant = ResNet::Variant::torchvision, .stem = ResNet::Stem::cifar, .selective_kernels = true},
       {4, 9, 7, 3}},
      {{.depth = 50, .selective_kernels = true}, {8, 1, 1, 3}},
  };
  for (auto [options, images] : cases) {
    CAPTURE(images);
    options.base_channels = 3;
    options.zero_gamma = false;
    Built network(context, options);
    network.parameters.zero_grad();
    const Tensor h = network.encoder.forward(tests::random_tensor(context, images, 1), Mode::train);
    const std::int64_t features = (options.depth < 50 ? 24 : 96) * static_cast<std::int64_t>(options.width);
    CHECK(h.shape() == Shape{images[0], features});
    CHECK(network.encoder.features() == features);
    backward(h, tests::random_tensor(context, h.shape(), 2));
    for (std::size_t i = 0; i < network.parameters.parameters().size(); ++i) {
      CAPTURE(network.parameters.parameters()[i].name);
      const auto gradient = network.parameters.gradient(i).to_host<float>();
      CHECK(std::any_of(gradient.begin(), gradient.end(), [](float g) { return g != 0; }));
    }
  }
}

TEST_CASE("resnet: bottlenecks have torchvision's tensors") {
  const Context context = kernels::make_context();
  for (const ResNet::Variant variant : {ResNet::Variant::torchvision, ResNet::Variant::simclr}) {
    Built network(context, {.depth = 50, .base_channels = 2, .variant = variant, .stem = ResNet::Stem::cifar});
    CHECK(names(network.parameters).size() == 318);  // 320 with a classifier
    std::map<std::string, Shape> shapes;
    for (const ParameterInfo& info : network.parameters.parameters()) shapes[info.name] = info.shape;
    CHECK(shapes.at("encoder.layer2.0.conv1.weight") == Shape{4, 1, 1, 8});
    CHECK(shapes.at("encoder.layer2.0.conv2.weight") == Shape{4, 3, 3, 4});
    CHECK(shapes.at("encoder.layer2.0.conv3.weight") == Shape{16, 1, 1, 4});
    CHECK(shapes.at("encoder.layer2.0.bn3.weight") == Shape{16});
    CHECK(shapes.at("encoder.layer2.0.downsample.0.weight") == Shape{16, 1, 1, 8});
    CHECK(shapes.at("encoder.layer1.0.downsample.0.weight") == Shape{8, 1, 1, 2});
    CHECK_FALSE(shapes.contains("encoder.layer1.1.downsample.0.weight"));
  }
}

TEST_CASE("resnet: a ResNet-D's tensors are timm's, and a cifar stem stays as it is") {
  const Context context = kernels::make_context();
  const auto shapes = [&](const Options& options) {
    const Built network(context, options);
    std::map<std::string, Shape> result;
    for (const ParameterInfo& info : network.parameters.parameters()) result[info.name] = info.shape;
    return result;
  };
  const auto basic = shapes({.base_channels = 4, .selective_kernels = true});
  CHECK(basic.at("encoder.conv1.0.weight") == Shape{2, 3, 3, 3});
  CHECK(basic.at("encoder.conv1.1.weight") == Shape{2});
  CHECK(basic.at("encoder.conv1.3.weight") == Shape{2, 3, 3, 2});
  CHECK(basic.at("encoder.conv1.6.weight") == Shape{4, 3, 3, 2});
  CHECK(basic.at("encoder.bn1.weight") == Shape{4});
  CHECK(basic.at("encoder.layer1.0.downsample.1.weight") == Shape{4, 1, 1, 4});
  CHECK(basic.at("encoder.layer2.0.downsample.2.bias") == Shape{8});
  CHECK(basic.at("encoder.layer2.0.conv2.weight") == Shape{8, 3, 3, 8});  // basic blocks have no selective kernels
  const auto bottlenecks =
      shapes({.depth = 50, .base_channels = 4, .stem = ResNet::Stem::cifar, .selective_kernels = true});
  CHECK(bottlenecks.at("encoder.conv1.weight") == Shape{4, 3, 3, 3});
  CHECK(bottlenecks.at("encoder.layer2.0.conv2.weight") == Shape{16, 3, 3, 8});
  CHECK(bottlenecks.at("encoder.layer2.0.bn2.weight") == Shape{16});
  CHECK(bottlenecks.at("encoder.layer2.0.select.reduce.weight") == Shape{32, 8});
  CHECK(bottlenecks.at("encoder.layer2.0.select.bn.weight") == Shape{32});
  CHECK(bottlenecks.at("encoder.layer2.0.select.expand.weight") == Shape{16, 32});
  CHECK(bottlenecks.at("encoder.layer2.0.conv3.weight") == Shape{32, 1, 1, 8});
}

TEST_CASE("resnet: a fractional width gives multiples of 8") {
  const auto taps = [](const Options& options) {
    ParameterSet parameters;
    std::vector<std::int64_t> channels;
    for (const models::Tap& tap : ResNet(Scope(parameters, "encoder"), options).taps())
      channels.push_back(tap.channels);
    return channels;
  };
  using Channels = std::vector<std::int64_t>;
  CHECK(taps({.width = 0.25}) == Channels{16, 32, 64, 128});
  CHECK(taps({.width = 0.3}) == Channels{16, 40, 80, 152});
  CHECK(taps({.depth = 50, .width = 1.5}) == Channels{384, 768, 1536, 3072});
  CHECK(taps({.depth = 50, .base_channels = 4, .width = 0.5}) == Channels{32, 32, 32, 64});  // never below 8
}

TEST_CASE("resnet: with zero gammas the residual branches add nothing at first") {
  const Context context = kernels::make_context();
  const std::pair<int, std::string> cases[] = {{18, "bn2.weight"}, {50, "bn3.weight"}};
  for (const auto& [depth, last] : cases) {
    Built network(context, {.depth = depth, .base_channels = 2});
    int zeros = 0;
    for (std::size_t i = 0; i < network.parameters.parameters().size(); ++i) {
      const ParameterInfo& info = network.parameters.parameters()[i];
      if (info.kind != ParameterKind::gamma) continue;
      const bool zero = info.name.ends_with(last);
      CAPTURE(info.name);
      CHECK(network.parameters.value(i).to_host<float>()[0] == (zero ? 0.0f : 1.0f));
      zeros += zero;
    }
    CHECK(zeros == (depth == 18 ? 8 : 16));
  }
}

TEST_CASE("resnet: each variant draws its kernels from its distribution") {
  const Context context = kernels::make_context();
  const auto deviation = [&](ResNet::Variant variant) {
    Built network(context, {.base_channels = 8, .variant = variant});
    const auto& infos = network.parameters.parameters();
    const auto found = std::find_if(infos.begin(), infos.end(), [](const ParameterInfo& info) {
      return info.name == "encoder.layer3.0.conv1.weight";
    });
    double square = 0;
    const auto values = network.parameters.value(static_cast<std::size_t>(found - infos.begin())).to_host<float>();
    for (const float value : values) square += static_cast<double>(value) * value;
    return std::sqrt(square / static_cast<double>(values.size()));
  };
  // 3x3 from 16 to 32 channels has 4608 weights: 4 standard errors are 4%.
  CHECK(deviation(ResNet::Variant::simclr) == doctest::Approx(std::sqrt(1.0 / (9 * 16))).epsilon(0.04));
  CHECK(deviation(ResNet::Variant::torchvision) == doctest::Approx(std::sqrt(2.0 / (9 * 32))).epsilon(0.04));
}

TEST_CASE("resnet: evaluation keeps no graph and changes no running statistics") {
  const Context context = kernels::make_context();
  Built network(context, {.base_channels = 2, .stem = ResNet::Stem::cifar});
  const Tensor images = tests::random_tensor(context, {2, 8, 8, 3}, 1);
  const auto before = network.parameters.state(0).to_host<float>();
  CHECK_FALSE(network.encoder.forward(images, Mode::evaluate).wants_gradient());
  CHECK(network.parameters.state(0).to_host<float>() == before);
}

TEST_CASE("resnet: names depths and images that do not fit") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  CHECK_THROWS_WITH_AS(ResNet(Scope(parameters, "encoder"), {.depth = 20}),
                       "resnet: the depth must be 18, 34, 50, 101 or 152, got 20", Error);
  Built network(context, {.base_channels = 2});
  CHECK_THROWS_WITH_AS(network.encoder.forward(Tensor::zeros(context, {1, 32, 32, 4}), Mode::train),
                       "resnet: images must be [N,H,W,3] with at least one pixel, got [1,32,32,4]", Error);
  CHECK_THROWS_AS(network.encoder.forward(Tensor::zeros(context, {1, 0, 32, 3}), Mode::train), Error);
}

TEST_CASE("resnet: in bf16 features and gradients point where those of f32 do") {
  if (!tests::computes_bf16()) return;
  const Context context = kernels::make_context();
  const Shape shape{8, 32, 32, 3};
  for (const ResNet::Stem stem : {ResNet::Stem::cifar, ResNet::Stem::imagenet}) {
    const auto run = [&](Dtype dtype) {
      Built network(context, {.base_channels = 16, .stem = stem, .zero_gamma = false}, dtype);
      const Tensor y = network.encoder.forward(random_tensor(context, shape, 1, dtype), Mode::train);
      CHECK(y.dtype() == dtype);
      network.parameters.zero_grad();
      backward(y, random_tensor(context, y.shape(), 2, dtype));
      return std::pair(tests::to_floats(y), network.parameters.gradients().to_host<float>());
    };
    const auto cosine = [](const std::vector<float>& a, const std::vector<float>& b) {
      double aa = 0, ab = 0, bb = 0;
      for (std::size_t i = 0; i < a.size(); ++i) {
        aa += static_cast<double>(a[i]) * a[i], ab += static_cast<double>(a[i]) * b[i];
        bb += static_cast<double>(b[i]) * b[i];
      }
      return ab / std::sqrt(aa * bb);
    };
    const auto expected = run(Dtype::f32), actual = run(Dtype::bf16);
    // Each of 18 layers rounds, and signs of ReLU inputs change: PyTorch's autocast gives 0.9999 and 0.946 for such a
    // network.
    CHECK(cosine(actual.first, expected.first) > 0.997);
    CHECK(cosine(actual.second, expected.second) > 0.88);
  }
}
