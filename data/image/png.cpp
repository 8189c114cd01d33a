#include "data/image/png.h"

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "data/image/luma.h"
#include "kernels/runtime/error.h"

namespace data {

/// One file while it is decoded. libpng reports errors by a function that must not return: it leaves `run` by longjmp.
/// So nothing below `run` may have a destructor.
struct PngDecoder::Reading {
  png_structp decoder = nullptr;
  png_infop info = nullptr;
  std::jmp_buf leave;

  std::span<const std::byte> file;
  std::size_t at = 0;
  Extent extent;
  int channels = 0;
  bool is_colour = false;  ///< in the file; else grey
  int passes = 1;          ///< over all rows: 7 for an interlaced image
  std::uint8_t* pixels = nullptr;
  std::vector<std::uint8_t> colours;  ///< of an image that becomes grey

  bool out_of_memory = false, truncated = false;
  std::array<char, 256> reason = {};  ///< always ends with a zero

  /// False if the part ended with an error.
  [[gnu::noinline]] bool run(void (*part)(Reading&)) {
    if (setjmp(leave) != 0) return false;
    part(*this);
    return true;
  }

  static void read_header(Reading& self);
  static void read_rows(Reading& self);
  [[noreturn]] void throw_error() const;

  // What libpng calls.
  [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
    auto& self = *static_cast<Reading*>(png_get_error_ptr(png));
    std::strncpy(self.reason.data(), message, self.reason.size() - 1);
    std::longjmp(self.leave, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}
  static void read_bytes(png_structp png, png_bytep to, std::size_t bytes) {
    auto& self = *static_cast<Reading*>(png_get_io_ptr(png));
    self.truncated = bytes > self.file.size() - self.at;
    if (self.truncated) png_error(png, "truncated");
    std::memcpy(to, self.file.data() + self.at, bytes);
    self.at += bytes;
  }
  static png_voidp allocate(png_structp png, png_alloc_size_t bytes) {
    void* memory = std::malloc(bytes);
    if (memory == nullptr) static_cast<Reading*>(png_get_mem_ptr(png))->out_of_memory = true;
    return memory;
  }
  static void release(png_structp, png_voidp memory) { std::free(memory); }
};

/// Leaves libpng ready to give rows of 8-bit grey or RGB.
void PngDecoder::Reading::read_header(Reading& self) {
  self.decoder = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &self, on_error, on_warning, &self, allocate, release);
  png_structp png = self.decoder;
  if (png != nullptr) self.info = png_create_info_struct(png);
  self.out_of_memory = self.info == nullptr;
  if (self.out_of_memory) std::longjmp(self.leave, 1);
  png_set_read_fn(png, &self, read_bytes);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  // Nothing is made of texts, profiles and gamma: to skip them is faster, and they cannot unpack to gigabytes. Their
  // checksums are still verified.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the caller has its own

  png_read_info(png, self.info);
  const int type = png_get_color_type(png, self.info);
  self.is_colour = (type & PNG_COLOR_MASK_COLOR) != 0;
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  if (png_get_bit_depth(png, self.info) == 16) png_set_scale_16(png);
  png_set_strip_alpha(png);
  if (!self.is_colour && self.channels == 3) png_set_gray_to_rgb(png);
  self.passes = png_set_interlace_handling(png);
  png_read_update_info(png, self.info);
  const auto width = static_cast<std::size_t>(self.extent.width);
  if (png_get_image_height(png, self.info) != static_cast<std::size_t>(self.extent.height) ||
      png_get_rowbytes(png, self.info) != width * (self.is_colour || self.channels == 3 ? 3 : 1)) {
    png_error(png, "the rows have another size than the header says");
  }
}

void PngDecoder::Reading::read_rows(Reading& self) {
  const std::size_t row_bytes = png_get_rowbytes(self.decoder, self.info);
  for (int pass = 0; pass < self.passes; ++pass) {
    png_bytep row = self.pixels;
    for (std::int64_t y = 0; y < self.extent.height; ++y, row += row_bytes) png_read_row(self.decoder, row, nullptr);
  }
  png_read_end(self.decoder, nullptr);
}

void PngDecoder::Reading::throw_error() const {
  if (out_of_memory) throw std::bad_alloc();
  if (truncated)
    throw engine::DataError(engine::concat("PNG: the file ends at byte ", file.size(), ", before its image does"));
  throw engine::DataError(engine::concat("PNG: ", reason.data(), ", before byte ", at));
}

PngDecoder::PngDecoder() : reading_(std::make_unique<Reading>()) {}
PngDecoder::~PngDecoder() = default;

void PngDecoder::decode(std::span<const std::byte> file, const Extent& extent, int channels, std::uint8_t* out) {
  Reading& reading = *reading_;
  reading.decoder = nullptr;
  reading.info = nullptr;
  reading.file = file;
  reading.at = 0;
  reading.extent = extent;
  reading.channels = channels;
  reading.out_of_memory = reading.truncated = false;
  bool whole = reading.run(Reading::read_header);
  const bool becomes_grey = whole && reading.is_colour && channels == 1;
  if (becomes_grey) reading.colours.resize(static_cast<std::size_t>(3 * extent.pixels()));
  reading.pixels = becomes_grey ? reading.colours.data() : out;
  whole = whole && reading.run(Reading::read_rows);
  png_destroy_read_struct(&reading.decoder, &reading.info, nullptr);
  if (!whole) reading.throw_error();
  if (becomes_grey) {
    const std::uint8_t* rgb = reading.colours.data();
    for (std::int64_t i = 0; i < extent.pixels(); ++i, rgb += 3) out[i] = luma(rgb[0], rgb[1], rgb[2]);
  }
}

}  // namespace data
