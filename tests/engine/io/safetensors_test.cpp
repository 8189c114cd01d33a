#include "engine/io/safetensors.h"

#include <doctest/doctest.h>

#include <cstring>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/file_size_limit.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using engine::SafetensorsFile;
using engine::save_safetensors;
using engine::StoredTensor;
using engine::StoredType;

namespace {

/// The bytes of a file: header length (by default the correct one), header, data.
std::string file_image(const std::string& header, const std::string& data = "", std::int64_t length = -1) {
  const std::uint64_t claimed = length < 0 ? header.size() : static_cast<std::uint64_t>(length);
  std::string image(8, '\0');
  std::memcpy(image.data(), &claimed, 8);
  return image + header + data;
}

std::vector<std::byte> as_bytes(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("safetensors: every dtype and shape comes back, aligned to its elements") {
  const ScratchDirectory scratch;
  const auto one = as_bytes("x"), bf16 = as_bytes("abcdef"), f32 = as_bytes("0123456789abcdef01234567"),
             i32 = as_bytes("wxyz"), i64 = as_bytes("12345678"), f64 = as_bytes("0123456789abcdef");
  const std::vector<StoredTensor> tensors = {
      {"bytes", StoredType::u8, {1, 1}, one},
      {"half", StoredType::bf16, {3}, bf16},
      {"ieee half", StoredType::f16, {3, 1}, bf16},
      {"truth", StoredType::boolean, {1}, one},
      {"labels", StoredType::i16, {3}, bf16},
      {"ids", StoredType::u64, {1}, i64},
      {"weight \"q\" \xC3\xA9", StoredType::f32, {2, 3, 1}, f32},
      {"empty", StoredType::f32, {0, 7}, {}},
      {"count", StoredType::i32, {1}, i32},
      {"bn1.num_batches_tracked", StoredType::i64, {}, i64},
      {"moments", StoredType::f64, {2}, f64},
  };
  const std::map<std::string, std::string> metadata = {{"format", "pt"}, {"arch", "convn"}};
  save_safetensors(scratch / "a.safetensors", tensors, metadata);

  const SafetensorsFile file(scratch / "a.safetensors");
  CHECK(file.metadata() == metadata);
  REQUIRE(file.tensors().size() == tensors.size());
  for (const StoredTensor& expected : tensors) {
    CAPTURE(expected.name);
    const StoredTensor& got = file.at(expected.name);
    CHECK(got.type == expected.type);
    CHECK(got.shape == expected.shape);
    REQUIRE(got.bytes.size() == expected.bytes.size());
    CHECK(std::equal(got.bytes.begin(), got.bytes.end(), expected.bytes.begin()));
    CHECK(reinterpret_cast<std::uintptr_t>(got.bytes.data()) % size_of(got.type) == 0);
  }
  CHECK(file.find("absent") == nullptr);
  CHECK(message_of<engine::DataError>([&] { file.at("absent"); }) ==
        (scratch / "a.safetensors").string() + ": there is no tensor 'absent' among its 11");
}

TEST_CASE("safetensors: the bytes on disk are the format's") {
  const ScratchDirectory scratch;
  const auto data = as_bytes("abcd");
  save_safetensors(scratch / "a", std::vector<StoredTensor>{{"w", StoredType::f32, {1}, data}}, {{"format", "pt"}});
  const std::string header = R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  CHECK(engine::read_file(scratch / "a") == file_image(header + std::string(-header.size() % 8, ' '), "abcd"));

  save_safetensors(scratch / "none", {});
  CHECK(engine::read_file(scratch / "none") == file_image("{}      "));
  CHECK(SafetensorsFile(scratch / "none").tensors().empty());
}

TEST_CASE("safetensors: what cannot be written is refused") {
  const ScratchDirectory scratch;
  const std::string path = scratch / "a";
  const auto data = as_bytes("abcdefgh");
  const auto refusal = [&](std::vector<StoredTensor> tensors) {
    return message_of<engine::Error>([&] { save_safetensors(path, tensors); });
  };
  CHECK(refusal({{"w", StoredType::f32, {2}, data}, {"w", StoredType::f32, {2}, data}}) ==
        path + ": tensor name 'w' is reserved or given twice; every tensor needs a name of its own");
  CHECK(refusal({{"__metadata__", StoredType::f32, {2}, data}}) ==
        path + ": tensor name '__metadata__' is reserved or given twice; every tensor needs a name of its own");
  CHECK(refusal({{"w", StoredType::f32, {3}, data}}) == path + ": tensor 'w' has 8 bytes, which does not fit F32 [3]");
  CHECK(refusal({{"w", StoredType::u8, {-8, -1}, data}}) ==
        path + ": tensor 'w' has 8 bytes, which does not fit U8 [-8,-1]");
  CHECK_FALSE(exists(scratch / "a"));
}

TEST_CASE("safetensors: a full disk leaves the earlier file") {
  const ScratchDirectory scratch;
  const std::vector<std::byte> small(4), large(100'000);
  save_safetensors(scratch / "a", std::vector<StoredTensor>{{"w", StoredType::u8, {4}, small}});
  const FileSizeLimit limit(50'000);
  CHECK_THROWS_AS(save_safetensors(scratch / "a", std::vector<StoredTensor>{{"w", StoredType::u8, {100'000}, large}}),
                  engine::Error);
  CHECK(SafetensorsFile(scratch / "a").at("w").bytes.size() == 4);
}

TEST_CASE("safetensors: malformed files are refused, each with its reason") {
  struct Malformed {
    std::string image;
    std::string reason;
  };
  const auto entry = [](const std::string& fields) { return R"({"w":{)" + fields + "}}"; };
  const std::string good = R"("dtype":"F32","shape":[1],"data_offsets":[0,4])";
  const std::vector<Malformed> table = {
      {"", "expected at least 8 bytes, got 0"},
      {"1234567", "expected at least 8 bytes, got 7"},
      {file_image("{}", "", 100'000'001), "the header claims 100000001 bytes, and at most 100 MB are allowed"},
      {file_image("{}", "", INT64_MAX), "the header claims 9223372036854775807 bytes, and at most 100 MB are allowed"},
      {file_image("{}", "", 3), "the header claims 3 bytes, but only 2 follow"},
      {file_image(""), "the header must begin with '{'"},
      {file_image(" {}"), "the header must begin with '{'"},
      {file_image("[]"), "the header must begin with '{'"},
      {file_image("{\"w\":"), "the header is not valid JSON"},
      {file_image("{} x"), "the header is not valid JSON"},
      {file_image("{\"\xFF\":1}"), "the header is not valid JSON"},
      {file_image("{\"w\":" + std::string(1'000'000, '[')), "the header nests deeper than 64 levels"},
      {file_image("{\"__metadata__\":" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}"),
       "the header nests deeper than 64 levels"},
      {file_image(R"({"w":{)" + good + R"(},"w":{)" + good + "}}", "abcd"), "the header has 'w' twice"},
      {file_image(entry(good + R"(,"shape":[1])"), "abcd"), "the header has 'shape' twice"},
      {file_image(R"({"w":4})"), "tensor 'w' must be an object"},
      {file_image(entry(good + R"(,"stride":1)"), "abcd"), "tensor 'w' has an unknown field 'stride'"},
      {file_image(entry(R"("dtype":"F32","shape":[1])"), "abcd"), "tensor 'w' must have dtype, shape and data_offsets"},
      {file_image(entry(R"("dtype":7,"shape":[1],"data_offsets":[0,4])"), "abcd"),
       "dtype of tensor 'w' must be a string"},
      {file_image(entry(R"("dtype":"F32","shape":1,"data_offsets":[0,4])"), "abcd"),
       "shape of tensor 'w' must be an array of whole numbers from 0"},
      {file_image(entry(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), "abcd"),
       "shape of tensor 'w' must be an array of whole numbers from 0"},
      {file_image(entry(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])"), "abcd"),
       "shape of tensor 'w' must be an array of whole numbers from 0"},
      {file_image(entry(R"("dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4])"), "abcd"),
       "shape of tensor 'w' must be an array of whole numbers from 0"},
      {file_image(entry(R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0])")),
       "tensor 'w' has 0 bytes, which does not fit F32 [4611686018427387904,4]"},
      {file_image(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), "abcd"),
       "tensor 'w' has 4 bytes, which does not fit F32 [2]"},
      {file_image(entry(R"("dtype":"F32","shape":[1],"data_offsets":[0])"), "abcd"),
       "data_offsets of tensor 'w' must be two numbers"},
      {file_image(entry(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])"), "abcd"),
       "tensor 'w' has bytes 4 to 0, but the data has 4"},
      {file_image(entry(good), "abc"), "tensor 'w' has bytes 0 to 4, but the data has 3"},
      {file_image(entry(good), "abcde"), "bytes 4 to 5 of the data belong to no tensor"},
      {file_image(entry(R"("dtype":"F32","shape":[1],"data_offsets":[2,6])"), "abcdef"),
       "bytes 0 to 2 of the data belong to no tensor"},
      {file_image(
           R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
           "abcd"),
       "tensor 'b' overlaps the one before it"},
      {file_image(R"({"__metadata__":"pt"})"), "__metadata__ must be an object of strings"},
      {file_image(R"({"__metadata__":{"epoch":3}})"), "__metadata__ must hold strings only, but 'epoch' is 3"},
  };
  const ScratchDirectory scratch;
  const std::string path = scratch / "a.safetensors";
  for (const Malformed& malformed : table) {
    engine::atomic_write_file(path, malformed.image);
    CHECK(message_of<engine::DataError>([&] { SafetensorsFile file(path); }) ==
          path + ": " + malformed.reason + "; the file is damaged or not a safetensors file");
  }
  engine::atomic_write_file(path, file_image(entry(R"("dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2])"), "ab"));
  CHECK(message_of<engine::DataError>([&] { SafetensorsFile file(path); }) ==
        path +
            ": tensor 'w' has dtype F8_E4M3, and only F16, BF16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64, BOOL "
            "can be read; convert it first");
  engine::atomic_write_file(path, file_image(entry(good) + "   ", "abcd"));
  CHECK(SafetensorsFile(path).at("w").bytes.size() == 4);
}
