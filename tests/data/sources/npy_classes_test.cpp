#include "data/sources/npy_classes.h"

#include <doctest/doctest.h>

#include <span>

#include "engine/io/npy.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::read_npy_classes;
using engine::StoredType;

namespace {

template <class T, std::size_t kCount>
std::string write(const ScratchDirectory& scratch, StoredType type, const std::vector<std::int64_t>& shape,
                  const T (&values)[kCount]) {
  const std::filesystem::path path = scratch / "values.npy";
  engine::save_npy(path, {.type = type, .shape = shape, .bytes = std::as_bytes(std::span(values))});
  return path.string();
}

}  // namespace

TEST_CASE("npy classes: whole numbers of any width") {
  const ScratchDirectory scratch;
  const std::vector<std::int32_t> values{4, 0, 9};
  CHECK(read_npy_classes(write<std::uint8_t>(scratch, StoredType::u8, {3}, {4, 0, 9}), "w", "value", 10) == values);
  CHECK(read_npy_classes(write<std::int64_t>(scratch, StoredType::i64, {3}, {4, 0, 9}), "w", "value", 10) == values);
  CHECK(read_npy_classes(write<std::int16_t>(scratch, StoredType::i16, {3}, {4, 0, 9}), "w", "value", 10) == values);
}

TEST_CASE("npy classes: one sentence for what is missing, no row of whole numbers, or out of range") {
  const ScratchDirectory scratch;
  const auto refusal = [&](const std::string& path) {
    return message_of<engine::DataError>([&] { read_npy_classes(path, "planted", "value", 10); });
  };
  const std::string path = (scratch / "values.npy").string();
  CHECK(refusal(path) ==
        "planted: there is no file " + path + "; expected one of whole numbers [N], as numpy.save writes it");
  CHECK(refusal(write<float>(scratch, StoredType::f32, {2}, {1, 2})) ==
        "planted: " + path + " must hold whole numbers [N], got float32 of rank 1");
  CHECK(refusal(write<std::uint8_t>(scratch, StoredType::u8, {2, 1}, {1, 2})) ==
        "planted: " + path + " must hold whole numbers [N], got uint8 of rank 2");
  CHECK(refusal(write<std::int8_t>(scratch, StoredType::i8, {2}, {1, -2})) ==
        "planted: " + path + " has the value -2; values must be from 0 to 9");
  CHECK(refusal(write<std::uint8_t>(scratch, StoredType::u8, {2}, {10, 2})) ==
        "planted: " + path + " has the value 10; values must be from 0 to 9");
}
