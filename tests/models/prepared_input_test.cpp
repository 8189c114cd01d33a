#include "models/prepared_input.h"

#include <doctest/doctest.h>

#include "engine/ops/convert.h"
#include "kernels/context.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/numeric.h"

using namespace engine;
using namespace models;

namespace {

/// Keeps what it gets.
class Recorder final : public Encoder {
 public:
  explicit Recorder(Tensor& seen) : seen_(seen) {}
  Tensor forward(const Tensor& images, Mode, Taps* taps) const override {
    seen_ = images;
    if (taps) taps->offer("seen", images);
    return images;
  }
  std::int64_t features() const override { return 7; }
  std::vector<Tap> taps() const override { return {{.name = "seen", .channels = 3, .spatial = true}}; }

 private:
  Tensor& seen_;
};

std::vector<float> prepared(const Tensor& images, const InputOptions& options, const InputChannels& channels) {
  Tensor seen;
  const PreparedInput input(std::make_unique<Recorder>(seen), options, channels);
  CHECK(input.features() == 7);
  CHECK(input.taps().size() == 1);
  for (const Mode mode : {Mode::train, Mode::evaluate}) {
    Taps taps({"seen"});
    input.forward(images, mode, &taps);
    CHECK(taps.at("seen").shape() == seen.shape());
    CHECK_FALSE(seen.wants_gradient());
  }
  CHECK(seen.shape() ==
        Shape{images.shape()[0], images.shape()[1], images.shape()[2], prepared_channels(options, channels)});
  CHECK(seen.dtype() == images.dtype());
  return tests::to_floats(seen);
}

}  // namespace

TEST_CASE("prepared input: channels are normalised, bits are not") {
  const Context context = kernels::make_context();
  const Tensor images = tests::random_tensor(context, {2, 3, 5, 5}, 1);  // three colours, two bits
  const Normalization normal{.mean = {0.5, 0.25, -1}, .std = {0.5, 2, 0.3}};
  const std::vector<float> x = images.to_host<float>(),
                           y = prepared(images, {.normalization = normal}, {.image = 3, .planes = 2});
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % 5;
    const double expected = c < 3 ? (x[i] - normal.mean[c]) / normal.std[c] : x[i];
    CHECK(y[i] == doctest::Approx(expected).epsilon(1e-6));
    if (c >= 3) CHECK(y[i] == x[i]);
  }
}

TEST_CASE("prepared input: one number is for all channels") {
  const Context context = kernels::make_context();
  const Tensor images = Tensor::from<float>(context, {1, 1, 1, 2}, {0.5f, 1});
  CHECK(prepared(images, {.normalization = {.mean = {0.5}, .std = {0.25}}}, {.image = 2}) == std::vector<float>{0, 2});
}

TEST_CASE("prepared input: grey becomes three equal channels, each with its own normalisation") {
  const Context context = kernels::make_context();
  const Tensor images = Tensor::from<float>(context, {1, 2, 1, 2}, {0.5f, 1, 0.25f, 0});  // one colour, one bit
  const InputChannels channels{.image = 1, .planes = 1};
  CHECK(prepared_channels({.gray_as_rgb = true}, channels) == 4);
  CHECK(prepared(images, {.gray_as_rgb = true}, channels) ==
        std::vector<float>{0.5f, 0.5f, 0.5f, 1, 0.25f, 0.25f, 0.25f, 0});
  CHECK(prepared(images, {.normalization = {.mean = {0, 0.5, 0.25}, .std = {1, 0.5, 1}}, .gray_as_rgb = true},
                 channels) == std::vector<float>{0.5f, 0, 0.25f, 1, 0.25f, -0.5f, 0, 0});
  const Tensor coloured = tests::random_tensor(context, {1, 2, 2, 3}, 1);
  CHECK(prepared(coloured, {.gray_as_rgb = true}, {.image = 3}) == coloured.to_host<float>());
}

TEST_CASE("prepared input: bf16 images stay bf16") {
  if (!tests::computes_bf16()) return;
  const Context context = kernels::make_context();
  const Tensor images = convert(Tensor::from<float>(context, {1, 1, 2, 1}, {0.5f, 0.25f}), Dtype::bf16);
  CHECK(prepared(images, {.normalization = {.mean = {0.5}, .std = {0.5}}, .gray_as_rgb = true}, {.image = 1}) ==
        std::vector<float>{0, 0, 0, -0.5f, -0.5f, -0.5f});
}

TEST_CASE("prepared input: the numbers must be as many as the channels") {
  Tensor seen;
  CHECK(message_of<Error>([&] {
          PreparedInput(std::make_unique<Recorder>(seen), {.normalization = Normalization::imagenet()}, {.image = 1});
        }) == "normalization: imagenet is for 3 channels, and the images have 1");
}
