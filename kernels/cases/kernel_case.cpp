#include "kernels/cases/kernel_case.h"

#include <cstring>

namespace kernels {

std::vector<std::byte> contents_of(const CaseBuffer& buffer) {
  const auto as = [&]<class T>(T value) {
    std::vector<std::byte> bytes(buffer.values.size() * sizeof(T));
    std::byte* to = bytes.data();
    for (const double x : buffer.values) {
      if constexpr (std::is_same_v<T, bf16>) {
        value = bf16(static_cast<float>(x));
      } else {
        value = static_cast<T>(x);
      }
      std::memcpy(to, &value, sizeof(T));
      to += sizeof(T);
    }
    return bytes;
  };
  switch (buffer.dtype) {
    case Dtype::f32: return as(0.0f);
    case Dtype::bf16: return as(bf16());
    case Dtype::i32: return as(std::int32_t{});
    case Dtype::i64: return as(std::int64_t{});
    case Dtype::u8: return as(std::uint8_t{});
    case Dtype::f64: return as(0.0);
  }
  return {};
}

}  // namespace kernels
