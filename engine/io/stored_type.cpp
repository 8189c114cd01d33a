#include "engine/io/stored_type.h"

#include <bit>
#include <cstring>

#include "kernels/runtime/error.h"

namespace engine {
namespace {

/// IEEE half precision: a sign, 5 bits of exponent, 10 of fraction.
struct Half {
  std::uint16_t bits = 0;

  operator float() const {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16, exponent = bits >> 10 & 0x1fu,
                        fraction = bits & 0x3ffu;
    if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);  // infinite or NaN
    if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
    const float subnormal = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -subnormal : subnormal;
  }
};

struct Boolean {
  std::uint8_t byte = 0;
  operator std::int64_t() const { return byte != 0 ? 1 : 0; }
};

struct Traits {
  const char *safetensors, *numpy;
  std::size_t bytes;
};
Traits traits(StoredType type) {
  switch (type) {
    case StoredType::f16: return {"F16", "float16", 2};
    case StoredType::bf16: return {"BF16", "bfloat16", 2};
    case StoredType::f32: return {"F32", "float32", 4};
    case StoredType::f64: return {"F64", "float64", 8};
    case StoredType::i8: return {"I8", "int8", 1};
    case StoredType::i16: return {"I16", "int16", 2};
    case StoredType::i32: return {"I32", "int32", 4};
    case StoredType::i64: return {"I64", "int64", 8};
    case StoredType::u8: return {"U8", "uint8", 1};
    case StoredType::u16: return {"U16", "uint16", 2};
    case StoredType::u32: return {"U32", "uint32", 4};
    case StoredType::u64: return {"U64", "uint64", 8};
    case StoredType::boolean: return {"BOOL", "bool", 1};
  }
  return {"?", "?", 0};
}

template <class From, class To>
void convert(std::span<const std::byte> from, std::span<To> to) {
  EXPECTS(from.size() == to.size() * sizeof(From), "convert: ", from.size(), " bytes are not ", to.size(),
          " numbers of ", sizeof(From), " bytes");
  for (std::size_t i = 0; i < to.size(); ++i) {
    From value;
    std::memcpy(&value, from.data() + i * sizeof(From), sizeof(From));
    to[i] = static_cast<To>(+value);  // the sign makes an i8 a number, where it might be a character
  }
}

}  // namespace

StoredType stored_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return StoredType::f32;
    case Dtype::bf16: return StoredType::bf16;
    case Dtype::i32: return StoredType::i32;
    case Dtype::i64: return StoredType::i64;
    case Dtype::u8: return StoredType::u8;
    case Dtype::f64: return StoredType::f64;
  }
  throw Error("stored_type: there is no such dtype");
}

std::size_t size_of(StoredType type) { return traits(type).bytes; }
const char* name(StoredType type) { return traits(type).safetensors; }
const char* numpy_name(StoredType type) { return traits(type).numpy; }

bool is_floating_point(StoredType type) {
  return type == StoredType::f16 || type == StoredType::bf16 || type == StoredType::f32 || type == StoredType::f64;
}

void to_floats(StoredType type, std::span<const std::byte> from, std::span<float> to) {
  switch (type) {
    case StoredType::f16: return convert<Half>(from, to);
    case StoredType::bf16: return convert<bf16>(from, to);
    case StoredType::f32: return convert<float>(from, to);
    case StoredType::f64: return convert<double>(from, to);
    default: throw Error(concat("to_floats: ", name(type), " is not a floating-point type"));
  }
}

void to_whole_numbers(StoredType type, std::span<const std::byte> from, std::span<std::int64_t> to) {
  switch (type) {
    case StoredType::i8: return convert<std::int8_t>(from, to);
    case StoredType::i16: return convert<std::int16_t>(from, to);
    case StoredType::i32: return convert<std::int32_t>(from, to);
    case StoredType::i64: return convert<std::int64_t>(from, to);
    case StoredType::u8: return convert<std::uint8_t>(from, to);
    case StoredType::u16: return convert<std::uint16_t>(from, to);
    case StoredType::u32: return convert<std::uint32_t>(from, to);
    case StoredType::u64: return convert<std::uint64_t>(from, to);
    case StoredType::boolean: return convert<Boolean>(from, to);
    default: throw Error(concat("to_whole_numbers: ", name(type), " is a floating-point type"));
  }
}

}  // namespace engine
