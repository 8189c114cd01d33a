#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/runtime/dtype.h"

namespace engine {

/// The type of the numbers in a file. Files know more types than tensors (Dtype): a file of embeddings may be in half
/// precision, and labels are integers of any width.
enum class StoredType : std::uint8_t { f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean };

/// All of them, for tables.
inline constexpr StoredType kStoredTypes[] = {StoredType::f16,    StoredType::bf16, StoredType::f32, StoredType::f64,
                                              StoredType::i8,     StoredType::i16,  StoredType::i32, StoredType::i64,
                                              StoredType::u8,     StoredType::u16,  StoredType::u32, StoredType::u64,
                                              StoredType::boolean};

StoredType stored_type(Dtype dtype);
std::size_t size_of(StoredType type);
const char* name(StoredType type);        ///< as safetensors files have it: "F32", "BF16", "BOOL"
const char* numpy_name(StoredType type);  ///< as NumPy has it: "float32"; "bfloat16" is not one of NumPy's own

bool is_floating_point(StoredType type);

/// Converts numbers of a floating-point type to f32, rounding f64 to the nearest. `from` may be unaligned and has
/// `to.size()` elements of `type`.
void to_floats(StoredType type, std::span<const std::byte> from, std::span<float> to);
/// The same for whole numbers (all other types). A u64 above the largest i64 becomes negative: different numbers stay
/// different.
void to_whole_numbers(StoredType type, std::span<const std::byte> from, std::span<std::int64_t> to);

}  // namespace engine
