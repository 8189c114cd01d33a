#include "data/compositions/digit_source.h"

#include "kernels/runtime/error.h"

namespace data {

const LabelSet& digit_labels(const char* kind, const Source& digits) {
  const auto expect = [&](bool good, const auto&... what) {
    if (!good) throw engine::DataError(engine::concat(kind, ": ", what...));
  };
  const InputLayout& layout = digits.layout();
  expect(digits.size() > 0, digits.describe(), " holds no digits");
  expect(layout.channels == 1, "expected grey digits, but ", digits.describe(), " has ", layout.channels, " channels");
  expect(layout.extent.has_value(), "expected digits of one size, but the images of ", digits.describe(),
         " differ in size; resize them");
  expect(layout.bit_planes == 0, digits.describe(), " has random bits, which digits on a canvas would lose; add the ",
         "bits outside");
  expect(!layout.labels.empty() && layout.labels.front().per_example == 1, "expected digits with one label each, but ",
         digits.describe(), layout.labels.empty() ? " has no labels" : " has several per image");
  return layout.labels.front();
}

}  // namespace data
