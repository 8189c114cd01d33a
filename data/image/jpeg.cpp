#include "data/image/jpeg.h"

#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it
#include <new>
#include <string_view>
#include <vector>

#include <jerror.h>
#include <jpeglib.h>

#include "data/image/luma.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;

/// Of these, libjpeg says something although every sample was read: unknown markers of applications, and bytes between
/// segments, which some cameras write.
bool is_harmless(int warning) {
  switch (warning) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL: return true;
    default: return false;
  }
}

/// a * b / 255, rounded, for bytes.
unsigned product(unsigned a, unsigned b) {
  const unsigned scaled = a * b + 128;
  return (scaled + (scaled >> 8)) >> 8;
}

/// Inks as Adobe writes them: 255 is none.
void inks_to_rgb(const std::uint8_t* inks, std::int64_t width, int channels, std::uint8_t* out) {
  for (std::int64_t x = 0; x < width; ++x, inks += 4) {
    unsigned rgb[3];
    for (int c = 0; c < 3; ++c) rgb[c] = inks[3] - product(255u - inks[c], inks[3]);
    if (channels == 1) {
      *out++ = luma(rgb[0], rgb[1], rgb[2]);
    } else {
      for (const unsigned value : rgb) *out++ = static_cast<std::uint8_t>(value);
    }
  }
}

}  // namespace

/// One file while it is decoded. libjpeg reports errors by a function that must not return: it leaves `run` by longjmp.
/// So nothing below `run` may have a destructor.
struct JpegDecoder::Reading {
  jpeg_decompress_struct decoder;
  jpeg_error_mgr errors;
  jpeg_source_mgr source;
  jpeg_progress_mgr progress;
  std::jmp_buf leave;

  std::span<const std::byte> file;
  Extent extent;
  int eighths = 8, channels = 3, most_scans = 0;
  std::uint8_t* out = nullptr;
  std::vector<std::uint8_t> inks;  ///< one row of a CMYK image
  unsigned components_seen = 0;    ///< a bit for each, of those that had a scan

  int code = 0;  ///< libjpeg's, or one of our own, of the error that ended the reading
  std::array<char, JMSG_LENGTH_MAX> reason = {};
  enum Own { kTruncated = -1, kTooManyScans = -2, kOtherSize = -3, kComponentMissing = -4 };

  /// False if the part ended with an error.
  [[gnu::noinline]] bool run(void (*part)(Reading&)) {
    if (setjmp(leave) != 0) return false;
    part(*this);
    return true;
  }

  void connect();
  static void begin(Reading& self);
  static void read_rows(Reading& self);
  [[noreturn]] void fail(int own_code) {
    code = own_code;
    std::longjmp(leave, 1);
  }
  [[noreturn]] void throw_error() const;

  // What libjpeg calls.
  static Reading& of(j_common_ptr common) { return *static_cast<Reading*>(common->client_data); }
  static Reading& of(j_decompress_ptr common) { return *static_cast<Reading*>(common->client_data); }
  static void on_error(j_common_ptr common) {
    of(common).errors.format_message(common, of(common).reason.data());
    of(common).fail(of(common).errors.msg_code);
  }
  static void on_message(j_common_ptr common, int level) {
    if (level < 0 && !is_harmless(of(common).errors.msg_code)) on_error(common);
  }
  static boolean on_end_of_file(j_decompress_ptr common) { of(common).fail(kTruncated); }
  static void skip(j_decompress_ptr common, long bytes) {
    jpeg_source_mgr& from = of(common).source;
    if (bytes <= 0) return;
    if (static_cast<std::size_t>(bytes) > from.bytes_in_buffer) of(common).fail(kTruncated);
    from.next_input_byte += bytes;
    from.bytes_in_buffer -= static_cast<std::size_t>(bytes);
  }
  static void on_progress(j_common_ptr common) {
    Reading& self = of(common);
    if (self.decoder.input_scan_number > self.most_scans) self.fail(kTooManyScans);
    for (int i = 0; i < self.decoder.comps_in_scan; ++i)
      self.components_seen |= 1u << self.decoder.cur_comp_info[i]->component_index;
  }
};

void JpegDecoder::Reading::connect() {
  decoder = {};
  decoder.err = jpeg_std_error(&errors);
  decoder.client_data = this;
  errors.error_exit = on_error;
  errors.emit_message = on_message;
  source = {.next_input_byte = reinterpret_cast<const JOCTET*>(file.data()),
            .bytes_in_buffer = file.size(),
            .init_source = [](j_decompress_ptr) {},
            .fill_input_buffer = on_end_of_file,
            .skip_input_data = skip,
            .resync_to_restart = jpeg_resync_to_restart,
            .term_source = [](j_decompress_ptr) {}};
  progress = {};
  progress.progress_monitor = on_progress;
  components_seen = 0;
}

/// Reads the header and, of a progressive image, all scans.
void JpegDecoder::Reading::begin(Reading& self) {
  jpeg_decompress_struct& decoder = self.decoder;
  // A decoder keeps the tables of its last file, and would use them for a file that lacks its own: so each file has a
  // decoder of its own.
  jpeg_create_decompress(&decoder);
  decoder.src = &self.source;
  decoder.progress = &self.progress;
  jpeg_read_header(&decoder, TRUE);
  const bool has_inks = decoder.num_components == 4;
  decoder.out_color_space = has_inks ? JCS_CMYK : self.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  decoder.scale_num = static_cast<unsigned>(self.eighths);
  decoder.scale_denom = 8;
  decoder.dct_method = JDCT_ISLOW;
  decoder.do_fancy_upsampling = TRUE;
  jpeg_start_decompress(&decoder);
  if (decoder.output_height != self.extent.height || decoder.output_width != self.extent.width) self.fail(kOtherSize);
}

void JpegDecoder::Reading::read_rows(Reading& self) {
  jpeg_decompress_struct& decoder = self.decoder;
  constexpr int kRows = 16;  // as many as libjpeg ever has ready
  const std::int64_t width = self.extent.width, row_bytes = width * self.channels;
  std::array<JSAMPROW, kRows> rows;
  while (decoder.output_scanline < decoder.output_height) {
    std::uint8_t* next = self.out + decoder.output_scanline * row_bytes;
    if (decoder.out_color_space == JCS_CMYK) {
      rows[0] = self.inks.data();
      jpeg_read_scanlines(&decoder, rows.data(), 1);
      inks_to_rgb(rows[0], width, self.channels, next);
    } else {
      const unsigned left = decoder.output_height - decoder.output_scanline;
      const unsigned wanted = left < kRows ? left : kRows;
      for (unsigned i = 0; i < wanted; ++i) rows[i] = next + i * row_bytes;
      jpeg_read_scanlines(&decoder, rows.data(), wanted);
    }
  }
  const unsigned all = (1u << decoder.num_components) - 1;
  if (self.components_seen != all) self.fail(kComponentMissing);
  jpeg_finish_decompress(&decoder);  // reads up to the end marker, which a truncated file lacks
}

void JpegDecoder::Reading::throw_error() const {
  const std::size_t at = file.size() - source.bytes_in_buffer;
  switch (code) {
    case kTruncated: throw DataError(concat("JPEG: the file ends at byte ", file.size(), ", before its image does"));
    case kTooManyScans: throw DataError(concat("JPEG: the image has more than ", most_scans, " scans, near byte ", at));
    case kOtherSize: throw DataError("JPEG: the file has headers that disagree on its size");
    case kComponentMissing: throw DataError("JPEG: a colour component of the image is missing");
    case JERR_OUT_OF_MEMORY: throw std::bad_alloc();
    default: throw DataError(concat("JPEG: ", reason.data(), ", near byte ", at));
  }
}

JpegDecoder::JpegDecoder(int most_scans) : most_scans_(most_scans), reading_(std::make_unique<Reading>()) {}
JpegDecoder::~JpegDecoder() = default;

int JpegDecoder::fewest_eighths(const Extent& stored, std::int64_t least_side) {
  if (least_side <= 0) return 8;
  for (const int eighths : {1, 2, 4}) {
    const Extent extent = scaled(stored, eighths);
    if (extent.height >= least_side && extent.width >= least_side) return eighths;
  }
  return 8;
}

Extent JpegDecoder::scaled(const Extent& stored, int eighths) {
  return {.height = (stored.height * eighths + 7) / 8, .width = (stored.width * eighths + 7) / 8};
}

void JpegDecoder::decode(std::span<const std::byte> file, const Extent& extent, int eighths, int channels,
                         std::uint8_t* out) {
  Reading& reading = *reading_;
  reading.file = file;
  reading.extent = extent;
  reading.eighths = eighths;
  reading.channels = channels;
  reading.most_scans = most_scans_;
  reading.out = out;
  reading.connect();
  bool whole = reading.run(Reading::begin);
  if (whole) {
    if (reading.decoder.out_color_space == JCS_CMYK) reading.inks.resize(static_cast<std::size_t>(4 * extent.width));
    whole = reading.run(Reading::read_rows);
  }
  jpeg_destroy_decompress(&reading.decoder);
  if (!whole) reading.throw_error();
}

}  // namespace data
