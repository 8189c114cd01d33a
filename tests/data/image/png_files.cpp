#include "tests/data/image/png_files.h"

#include <png.h>

std::string png_bytes(const PngFile& file, const std::vector<std::uint8_t>& rows) {
  std::string bytes;
  png_structp encoder = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(encoder);
  png_set_write_fn(
      encoder, &bytes,
      [](png_structp png, png_bytep from, std::size_t size) {
        static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(from), size);
      },
      [](png_structp) {});
  png_set_IHDR(encoder, info, static_cast<unsigned>(file.extent.width), static_cast<unsigned>(file.extent.height),
               file.bit_depth, file.colour_type, file.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::vector<png_color> palette;
  for (std::size_t i = 0; i + 2 < file.palette.size(); i += 3)
    palette.push_back({file.palette[i], file.palette[i + 1], file.palette[i + 2]});
  if (!palette.empty()) png_set_PLTE(encoder, info, palette.data(), static_cast<int>(palette.size()));
  if (!file.transparency.empty())
    png_set_tRNS(encoder, info, file.transparency.data(), static_cast<int>(file.transparency.size()), nullptr);
  std::vector<std::uint8_t> exif = file.exif;
  if (!exif.empty()) png_set_eXIf_1(encoder, info, static_cast<unsigned>(exif.size()), exif.data());
  png_write_info(encoder, info);
  const std::size_t row_bytes = rows.size() / static_cast<std::size_t>(file.extent.height);
  std::vector<png_bytep> starts;
  for (std::size_t y = 0; y < static_cast<std::size_t>(file.extent.height); ++y)
    starts.push_back(const_cast<png_bytep>(rows.data()) + y * row_bytes);
  png_write_image(encoder, starts.data());
  png_write_end(encoder, info);
  png_destroy_write_struct(&encoder, &info);
  return bytes;
}
