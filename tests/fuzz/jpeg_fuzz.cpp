// JPEG files. The first byte chooses channels and scale.
#include "tests/fuzz/decoded_twice.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) decode_twice(bytes_of(data + 1, size - 1), data[0]);
  return 0;
}
