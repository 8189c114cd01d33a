#include "engine/io/npy.h"

#include <doctest/doctest.h>

#include <cstring>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/file_size_limit.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using engine::NpyArray;
using engine::StoredType;

namespace {

/// The bytes of a file: the magic, a version, the header's length (by default the correct one), the header, elements.
std::string file_image(const std::string& header, const std::string& elements = "", int version = 1,
                       std::int64_t length = -1) {
  const std::uint64_t claimed = length < 0 ? header.size() : static_cast<std::uint64_t>(length);
  std::string image("\x93NUMPY");
  image.append({static_cast<char>(version), '\0'});
  image.append(reinterpret_cast<const char*>(&claimed), version == 1 ? 2 : 4);
  return image + header + elements;
}

std::string header(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

NpyArray parse(const std::string& image) { return engine::parse_npy(std::as_bytes(std::span(image)), "a.npy"); }

std::string refusal(const std::string& image) {
  return message_of<engine::DataError>([&] { parse(image); });
}

}  // namespace

TEST_CASE("npy: the bytes on disk are NumPy's") {
  const ScratchDirectory scratch;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  engine::save_npy(scratch / "a.npy",
                   {.type = StoredType::f32, .shape = {2, 3}, .bytes = std::as_bytes(std::span(values))});
  // What numpy.save(file, numpy.arange(1, 7, dtype='float32').reshape(2, 3)) of NumPy 1.26 writes.
  std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  dictionary.append(117 - dictionary.size(), ' ').append("\n");
  const std::string elements(reinterpret_cast<const char*>(values.data()), 24);
  CHECK(engine::read_file(scratch / "a.npy") == std::string("\x93NUMPY\x01\x00v\x00", 10) + dictionary + elements);
}

TEST_CASE("npy: every type and shape comes back, aligned") {
  const ScratchDirectory scratch;
  const std::vector<std::byte> bytes(48);
  for (const StoredType type : engine::kStoredTypes) {
    if (type == StoredType::bf16) continue;
    CAPTURE(engine::numpy_name(type));
    const auto size = engine::size_of(type);
    const auto count = static_cast<std::int64_t>(48 / size);
    for (const std::vector<std::int64_t>& shape :
         {std::vector<std::int64_t>{count}, {2, count / 2}, {0, 7}, {}, {1, count, 1}}) {
      const std::size_t total = shape.empty() ? size : shape[0] == 0 ? 0 : 48;
      engine::save_npy(scratch / "a", {.type = type, .shape = shape, .bytes = std::span(bytes).first(total)});
      const engine::NpyFile file(scratch / "a");
      CHECK(file.array().type == type);
      CHECK(file.array().shape == shape);
      CHECK(file.array().bytes.size() == total);
      CHECK(reinterpret_cast<std::uintptr_t>(file.array().bytes.data()) % 64 == 0);
    }
  }
}

TEST_CASE("npy: what other writers write is read") {
  CHECK(parse(file_image(header("'<f4'", "(1,)"), "abcd", 2)).shape == std::vector<std::int64_t>{1});
  CHECK(parse(file_image(header("'<f4'", "(1,)"), "abcd", 3)).bytes.size() == 4);
  CHECK(parse(file_image("{\"shape\": (2L, 1L), \"descr\": \"|u1\",\t\"fortran_order\":False}", "ab")).shape ==
        std::vector<std::int64_t>{2, 1});
  CHECK(parse(file_image(header("'>u1'", "(2,)"), "ab")).type == StoredType::u8);  // a byte has no order
  CHECK(parse(file_image(header("'|b1'", "()"), "a")).type == StoredType::boolean);
  CHECK(parse(file_image(header("'<f8'", "(1,)", "True"), "abcdefgh")).shape == std::vector<std::int64_t>{1});
  CHECK(parse(file_image(header("'<i8'", "(3, 0)"))).bytes.empty());
}

TEST_CASE("npy: damaged files are refused, each with its reason") {
  const std::string good = header("'<f4'", "(1,)");
  struct Malformed {
    std::string image, reason;
  };
  const std::string no_dictionary = "the header is not a dictionary of 'descr', 'fortran_order' and 'shape'";
  const std::vector<Malformed> table = {
      {"", "the file does not begin with \"\\x93NUMPY\""},
      {"\x93NUMPX" + std::string(100, ' '), "the file does not begin with \"\\x93NUMPY\""},
      {"\x93NUMPY\x01", "the file ends inside its first 8 bytes"},
      {std::string("\x93NUMPY\x01\x00v", 9), "the file ends inside its first 10 bytes"},
      {std::string("\x93NUMPY\x02\x00v\x00", 10), "the file ends inside its first 12 bytes"},
      {file_image(good, "abcd", 4), "the format has version 4, and versions 1 to 3 can be read"},
      {file_image(good, "abcd", 2, 65536), "the header claims 65536 bytes, and at most 65535 are allowed"},
      {file_image(good, "abcd", 2, UINT32_MAX), "the header claims 4294967295 bytes, and at most 65535 are allowed"},
      {file_image("{}", "", 1, 3), "the header claims 3 bytes, but only 2 follow"},
      {file_image(""), no_dictionary},
      {file_image("{}"), no_dictionary},
      {file_image("[]"), no_dictionary},
      {file_image(good + "x", "abcd"), no_dictionary},
      {file_image("{'descr': '<f4', 'shape': (1,)}", "abcd"), no_dictionary},
      {file_image("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "abcd"), no_dictionary},
      {file_image("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'extra': (1,)}", "abcd"), no_dictionary},
      {file_image(header("'<f4", "(1,)"), "abcd"), no_dictionary},
      {file_image(header("'<f\\x34'", "(1,)"), "abcd"), no_dictionary},
      {file_image(header("<f4", "(1,)"), "abcd"), no_dictionary},
      {file_image(header("'<f4'", "(1,)", "Maybe"), "abcd"), no_dictionary},
      {file_image(header("'<f4'", "(-1,)"), "abcd"), no_dictionary},
      {file_image(header("'<f4'", "(1.0,)"), "abcd"), no_dictionary},
      {file_image(header("'<f4'", "(1 1)"), "abcd"), no_dictionary},
      {file_image(header("'<f4'", "1"), "abcd"), no_dictionary},
      {file_image(header("'<f4'", "(1,"), "abcd"), no_dictionary},
      {file_image(header("[('a', '<f4')", "(1,)"), "abcd"), no_dictionary},
  };
  for (const Malformed& malformed : table) {
    CHECK(refusal(malformed.image) == "a.npy: " + malformed.reason + "; the file is damaged or not a .npy file");
  }
}

TEST_CASE("npy: sizes are those of the header") {
  const std::string image = file_image(header("'<f4'", "(2, 3)"), std::string(24, 'x'));
  CHECK(
      refusal(image.substr(0, image.size() - 1)) ==
      "a.npy: the file is truncated: its header promises 2 x 3 elements of 4 bytes = 24 bytes, it has 23; save or copy "
      "it again");
  CHECK(refusal(image + "x") ==
        "a.npy: the file goes on after the 2 x 3 elements of 4 bytes = 24 bytes that its header promises; it must hold "
        "one array, saved once");
  const auto promise = [](const std::string& count) {
    return "a.npy: the header promises " + count + " elements, which no file holds; the file is damaged";
  };
  CHECK(refusal(file_image(header("'<f4'", "(4294967296, 4294967296)"))) == promise("4294967296 x 4294967296"));
  CHECK(refusal(file_image(header("'<f4'", "(0, 9223372036854775807)"))) == promise("0 x 9223372036854775807"));
  CHECK(refusal(file_image(header("'<f4'", "(99999999999999999999,)"))) == promise("more"));
}

TEST_CASE("npy: arrays that we do not read are refused with what to do") {
  const std::string remedy = "; save numbers instead: numpy.save(file, array.astype('float32'))";
  CHECK(refusal(file_image(header("'<f4'", "(2, 1)", "True"), "abcdefgh")) ==
        "a.npy: the array is in Fortran order (columns first); save it in C order: numpy.save(file, "
        "numpy.ascontiguousarray(array))");
  CHECK(refusal(file_image(header("'>f4'", "(1,)"), "abcd")) ==
        "a.npy: the numbers are big-endian (dtype '>f4'); save them little-endian: numpy.save(file, "
        "array.astype('<f4'))");
  CHECK(refusal(file_image(header("'|O'", "(1,)"), "pickle")) ==
        "a.npy: the array holds Python objects (dtype object), which only Python can read" + remedy);
  CHECK(refusal(file_image(header("[('x', '<f4'), ('y', [('z', '|u1', (2,))])]", "(1,)"), "abcd")) ==
        "a.npy: the array holds records (a structured dtype)" + remedy);
  for (const std::string descr : {"<c8", "<U5", "|S4", "<M8[ns]", "<f16", "=f4", "", "<"}) {
    CHECK(refusal(file_image(header("'" + descr + "'", "(1,)"), "abcd")) ==
          engine::concat("a.npy: the dtype '", descr,
                         "' cannot be read, only float16, float32, float64, integers and bool", remedy));
  }
  CHECK(refusal("PK\x03\x04 and so on") ==
        "a.npy: this is a zip archive, as numpy.savez and torch.save write; save one array with numpy.save");
}

TEST_CASE("npy: a file names itself, and nothing is left of one that cannot be written") {
  const ScratchDirectory scratch;
  engine::atomic_write_file(scratch / "a.npy", "no");
  CHECK(message_of<engine::DataError>([&] {
          engine::NpyFile file(scratch / "a.npy");
        }).starts_with((scratch / "a.npy").string() + ": the file does not begin with"));
  const std::vector<std::byte> bytes(100'000);
  CHECK_THROWS_AS(engine::save_npy(scratch / "b", {.type = StoredType::f32, .shape = {7}, .bytes = bytes}),
                  engine::Error);
  CHECK_THROWS_AS(engine::save_npy(scratch / "b", {.type = StoredType::bf16, .shape = {50'000}, .bytes = bytes}),
                  engine::Error);
  const FileSizeLimit limit(50'000);
  CHECK_THROWS_AS(engine::save_npy(scratch / "b", {.type = StoredType::f32, .shape = {25'000}, .bytes = bytes}),
                  engine::Error);
  CHECK_FALSE(exists(scratch / "b"));
  CHECK_FALSE(exists(scratch / "b.tmp"));
}
