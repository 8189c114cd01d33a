#include "data/image/decode.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "data/image/header.h"
#include "data/image/jpeg.h"
#include "data/image/png.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

ImageHeader read_allowed(std::span<const std::byte> file, const ImageLimits& limits) {
  const ImageHeader header = read_image_header(file);
  const Extent& stored = header.stored;
  if (stored.height > limits.most_pixels / stored.width) {  // the product may overflow
    throw engine::DataError(engine::concat("the image has ", stored.width, " x ", stored.height,
                                           " pixels, and more than ", limits.most_pixels, " are refused"));
  }
  return header;
}

}  // namespace

bool is_image_name(std::string_view file_name) {
  constexpr std::array<std::string_view, 3> kEndings = {".jpg", ".jpeg", ".png"};
  const auto same = [](char ending, char c) {
    return ending == static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  };
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) {
    return file_name.size() >= ending.size() &&
           std::equal(ending.begin(), ending.end(), file_name.end() - static_cast<std::ptrdiff_t>(ending.size()), same);
  });
}

/// A decoder for each format, with its scratch memory.
class ImageDecoder::Formats {
 public:
  explicit Formats(const ImageLimits& limits) : jpeg(limits.most_scans) {}

  JpegDecoder jpeg;
  PngDecoder png;
};

ImageDecoder::ImageDecoder(const ImageLimits& limits) : limits_(limits), formats_(std::make_unique<Formats>(limits)) {}
ImageDecoder::~ImageDecoder() = default;
ImageDecoder::ImageDecoder(ImageDecoder&&) noexcept = default;
ImageDecoder& ImageDecoder::operator=(ImageDecoder&&) noexcept = default;

Extent ImageDecoder::size_of(std::span<const std::byte> file) const { return read_allowed(file, limits_).shown(); }

void ImageDecoder::decode(std::span<const std::byte> file, const DecodeHint& hint, int channels, Example& example) {
  EXPECTS(channels == 1 || channels == 3, "image: expected 1 or 3 channels, got ", channels);
  const ImageHeader header = read_allowed(file, limits_);
  const bool is_jpeg = header.format == ImageFormat::jpeg;
  const int eighths = is_jpeg ? JpegDecoder::fewest_eighths(header.stored, hint.least_side) : 8;
  const Extent decoded = JpegDecoder::scaled(header.stored, eighths);
  std::uint8_t* shown = example.resize(oriented(decoded, header.orientation), channels);
  std::uint8_t* pixels = shown;
  if (header.orientation != 1) {
    stored_.resize(static_cast<std::size_t>(decoded.pixels() * channels));
    pixels = stored_.data();
  }
  if (is_jpeg) {
    formats_->jpeg.decode(file, decoded, eighths, channels, pixels);
  } else {
    formats_->png.decode(file, decoded, channels, pixels);
  }
  if (header.orientation != 1) orient(pixels, decoded, channels, header.orientation, shown);
}

}  // namespace data
