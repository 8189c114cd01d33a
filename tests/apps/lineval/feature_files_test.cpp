#include "apps/lineval/feature_files.h"

#include <doctest/doctest.h>

#include <cstring>

#include "engine/io/npy.h"
#include "kernels/context.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;
using engine::Tensor;

TEST_CASE("feature files: features and labels of a split, as NumPy reads them") {
  const engine::Context context = kernels::make_context();
  const ScratchDirectory scratch;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const std::vector<std::int32_t> labels{7, 8};
  const std::filesystem::path directory = scratch / "a/b";
  for (int i = 0; i < 2; ++i) {  // a second time, they are replaced
    write_features(directory, "train_features", Tensor::from<float>(context, {2, 3}, values));
    write_labels(directory, "train_labels", Tensor::from<std::int32_t>(context, {2}, labels));
  }
  const engine::NpyFile features(directory / "train_features.npy"), of_labels(directory / "train_labels.npy");
  CHECK(features.array().shape == std::vector<std::int64_t>{2, 3});
  CHECK(of_labels.array().shape == std::vector<std::int64_t>{2});
  std::vector<float> read(6);
  engine::to_floats(features.array().type, features.array().bytes, read);
  CHECK(read == values);
  std::vector<std::int64_t> numbers(2);
  engine::to_whole_numbers(of_labels.array().type, of_labels.array().bytes, numbers);
  CHECK(numbers == std::vector<std::int64_t>{7, 8});
}
