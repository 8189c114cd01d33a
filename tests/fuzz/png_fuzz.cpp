// PNG files. The first byte chooses channels; from 128 on, checksums are set right, behind which the decoder begins.
#include <zlib.h>

#include <vector>

#include "data/image/byte_order.h"
#include "tests/fuzz/decoded_twice.h"

namespace {

void set_checksums(std::span<std::uint8_t> file) {
  constexpr std::size_t kSignature = 8, kFrame = 12;  // a chunk's length, type and checksum
  for (std::size_t at = kSignature; file.size() >= at + kFrame;) {
    const std::size_t length = data::big_endian_32(std::as_bytes(file).subspan(at));
    if (length > file.size() - at - kFrame) return;
    const auto sum = crc32(0, file.data() + at + 4, static_cast<uInt>(length + 4));
    for (std::size_t i = 0; i < 4; ++i) file[at + 8 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    at += kFrame + length;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::uint8_t> file(data + 1, data + size);
  if (data[0] >= 128) set_checksums(file);
  decode_twice(std::as_bytes(std::span(file)), data[0]);
  return 0;
}
