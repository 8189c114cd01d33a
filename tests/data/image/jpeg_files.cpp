#include "tests/data/image/jpeg_files.h"

#include <cstdio>  // jpeglib.h needs it
#include <cstdlib>

#include <jpeglib.h>

std::vector<std::uint8_t> smooth_pixels(const data::Extent& extent, int components) {
  std::vector<std::uint8_t> pixels;
  for (std::int64_t y = 0; y < extent.height; ++y) {
    for (std::int64_t x = 0; x < extent.width; ++x) {
      for (int c = 0; c < components; ++c) {
        const std::int64_t down = y * 160 / extent.height, across = x * 160 / extent.width;
        pixels.push_back(static_cast<std::uint8_t>(c == 0   ? 40 + down
                                                   : c == 1 ? 30 + across
                                                   : c == 2 ? 220 - (down + across) / 2
                                                            : 250 - across / 4));
      }
    }
  }
  return pixels;
}

std::string jpeg_bytes(const JpegFile& file) { return jpeg_bytes(file, smooth_pixels(file.extent, file.components)); }

std::string jpeg_bytes(const JpegFile& file, const std::vector<std::uint8_t>& pixels) {
  jpeg_compress_struct encoder{};
  jpeg_error_mgr errors{};
  encoder.err = jpeg_std_error(&errors);  // ends the process at an error
  jpeg_create_compress(&encoder);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &bytes, &size);
  encoder.image_height = static_cast<unsigned>(file.extent.height);
  encoder.image_width = static_cast<unsigned>(file.extent.width);
  encoder.input_components = file.components;
  encoder.in_color_space = file.components == 1 ? JCS_GRAYSCALE : file.components == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&encoder);
  if (file.components == 3 && !file.transformed) jpeg_set_colorspace(&encoder, JCS_RGB);
  if (file.components == 4) jpeg_set_colorspace(&encoder, file.transformed ? JCS_YCCK : JCS_CMYK);
  jpeg_set_quality(&encoder, file.quality, TRUE);
  encoder.comp_info[0].h_samp_factor = file.luma_across;
  encoder.comp_info[0].v_samp_factor = file.luma_down;
  encoder.restart_interval = static_cast<unsigned>(file.restart_interval);
  encoder.optimize_coding = file.own_tables ? TRUE : FALSE;
  std::vector<jpeg_scan_info> scans;
  if (file.progressive) jpeg_simple_progression(&encoder);
  if (file.separate_scans) {
    for (int c = 0; c < file.components; ++c) {
      jpeg_scan_info scan{};
      scan.comps_in_scan = 1;
      scan.component_index[0] = c;
      scan.Se = 63;
      scans.push_back(scan);
    }
    encoder.scan_info = scans.data();
    encoder.num_scans = file.components;
  }
  jpeg_start_compress(&encoder, TRUE);
  if (!file.exif.empty())
    jpeg_write_marker(&encoder, JPEG_APP0 + 1, file.exif.data(), static_cast<unsigned>(file.exif.size()));
  const std::size_t row_bytes = static_cast<std::size_t>(file.extent.width * file.components);
  while (encoder.next_scanline < encoder.image_height) {
    auto* row = const_cast<JSAMPROW>(pixels.data() + encoder.next_scanline * row_bytes);
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  std::string result(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return result;
}

std::vector<std::uint8_t> orientation_tiff(int orientation, bool little_endian) {
  const auto value = static_cast<std::uint8_t>(orientation);
  if (little_endian)
    return {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0};
  return {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0, 0, 0, 0, 0};
}

std::vector<std::uint8_t> orientation_exif(int orientation, bool little_endian) {
  std::vector<std::uint8_t> segment = {'E', 'x', 'i', 'f', 0, 0};
  for (const std::uint8_t byte : orientation_tiff(orientation, little_endian)) segment.push_back(byte);
  return segment;
}
