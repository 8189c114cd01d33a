#include "apps/bench/canvas_works.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "data/compositions/multi_digits.h"
#include "data/compositions/resident.h"
#include "data/sources/digits.h"

namespace apps {
namespace {

/// The built-in digits, all in memory: what is timed is the drawing of canvases, not of digits.
std::shared_ptr<const data::Source> drawn_digits() {
  auto digits = std::make_shared<data::Resident>(std::make_shared<data::Digits>(data::Split::train),
                                                 data::Resident::Fingerprint::of_images);
  data::fingerprint(*digits);  // reads every image
  return digits;
}

/// Draws the canvases of one epoch after the other.
class Canvases {
 public:
  explicit Canvases(int digits) : source_(drawn_digits(), {.digits = digits}, data::Role::pretrain, 1) {}

  /// Returns the number of pixels of the last one that show a digit.
  float draw(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i, ++fetch_) source_.read({.example = 0, .fetch = fetch_}, {}, canvas_);
    return static_cast<float>(canvas_.pixels.size() - std::ranges::count(canvas_.pixels, 0));
  }

 private:
  data::MultiDigits source_;
  data::Example canvas_;
  std::uint64_t fetch_ = 0;
};

Work canvases(const engine::Context& context, const WorkOptions& options, int digits) {
  return {
      .name = fmt::format("canvases-{}, {} canvases of 112x112x3 with {} digits", digits, options.batch_size, digits),
      .run =
          [&context, source = std::make_shared<Canvases>(digits), count = options.batch_size] {
            return engine::Tensor::from(context, {1}, std::vector<float>{source->draw(count)});
          },
      .items = static_cast<double>(options.batch_size),
      .unit = "images"};
}

}  // namespace

Work two_digits_work(const engine::Context& context, const WorkOptions& options) {
  return canvases(context, options, 2);
}
Work sixteen_digits_work(const engine::Context& context, const WorkOptions& options) {
  return canvases(context, options, 16);
}

}  // namespace apps
