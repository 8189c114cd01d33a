#include "tests/apps/tiny_mnist.h"

#include <algorithm>

#include "data/sources/digits.h"
#include "tests/data/drawn_source.h"
#include "tests/data/sources/idx_files.h"

namespace tests {

void write_tiny_mnist(const std::filesystem::path& directory, int train_images) {
  constexpr std::size_t kImageBytes = 28 * 28;
  std::filesystem::create_directories(directory);
  const auto write = [&](data::Split split, const std::string& prefix, std::uint32_t count) {
    const data::Digits digits(split);
    std::string images(count * kImageBytes, '\0'), labels;
    for (std::uint32_t i = 0; i < count; ++i) {
      const data::Example example = read_example(digits, i);
      std::copy(example.pixels.begin(), example.pixels.end(), images.data() + i * kImageBytes);
      labels.push_back(static_cast<char>(example.labels[0]));
    }
    write_plain(directory / (prefix + "-images-idx3-ubyte"), idx_bytes(0x803, {count, 28, 28}, images));
    write_plain(directory / (prefix + "-labels-idx1-ubyte"), idx_bytes(0x801, {count}, labels));
  };
  write(data::Split::train, "train", static_cast<std::uint32_t>(train_images));
  write(data::Split::test, "t10k", kTestImages);
}

}  // namespace tests
