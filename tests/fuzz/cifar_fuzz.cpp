// Files of CIFAR's binary version. The first byte says which set it is.
#include "data/sources/cifar.h"

#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool is_10 = data[0] % 2 == 0;
  const auto set = is_10 ? data::CifarSet::cifar10 : data::CifarSet::cifar100;
  const std::size_t labels = is_10 ? 1 : 2;
  const auto file = bytes_of(data + 1, size - 1);
  data::CifarImages images;
  try {
    data::parse_cifar(file, set, images);
  } catch (const engine::DataError& error) {
    must(std::string_view(error.what()).starts_with("has "), "an error says what the file has");
    return 0;
  }
  must(images.labels.size() * 3072 == images.pixels.size() * labels, "every image has its labels");
  must(images.pixels.size() / 3072 * (3072 + labels) == file.size(), "every byte is read");
  for (std::size_t i = 0; i < images.labels.size(); ++i) {
    const int classes = is_10 ? 10 : i % 2 == 0 ? 100 : 20;
    must(images.labels[i] >= 0 && images.labels[i] < classes, "a label is a class");
  }
  return 0;
}
