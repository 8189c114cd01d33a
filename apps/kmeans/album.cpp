#include "apps/kmeans/album.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/io/files.h"

namespace apps {
namespace {

using Pixels = std::vector<std::uint8_t>;

constexpr int kCaptionLines = 2;

engine::Shape shape_of(const data::Extent& extent, int channels) { return {extent.height, extent.width, channels}; }

/// "data:image/png;base64,..."
std::string embedded(const data::Extent& extent, int channels, const Pixels& pixels) {
  return fmt::format("data:image/png;base64,{}",
                     base64(data::encode_png(shape_of(extent, channels), pixels, "index.html")));
}

/// What there is room for under a small picture: "3:goldfish", in two lines.
std::string short_title(const ShownImage& image) {
  if (image.file.empty()) return image.title();
  return fmt::format("{}:{}", image.example, std::filesystem::path(image.file).stem().string());
}

std::string caption_of(const ClusteredImage& clustering) {
  return fmt::format("{} k = {}{}", clustering.tap, clustering.clusters,
                     clustering.rand_index_masks ? fmt::format(", ARI {:.2f}", *clustering.rand_index_masks) : "");
}

// A cell lays the grid's colours at half strength over the faded image, which a row has once: 1/2 colour + 1/4 grey +
// 1/4 white.
constexpr char kHead[] = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Local features</title>
<style>
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 24px; color: #222; background: #fff; }}
table.figures {{ border-collapse: collapse; margin: 12px 0; }}
table.figures td, table.figures th {{ padding: 2px 12px 2px 0; text-align: right; font-weight: normal; }}
table.figures th {{ border-bottom: 1px solid #999; }}
.row {{ display: flex; flex-wrap: wrap; gap: 8px; margin: 20px 0; }}
figure {{ margin: 0; }}
figcaption {{ font-size: 12px; max-width: 192px; overflow-wrap: anywhere; }}
.cell {{ background: var(--faded) 0 0 / 100% 100%; }}
.cell img {{ display: block; width: 100%; height: 100%; }}
.cell img.grid {{ opacity: .5; image-rendering: {}; }}
</style></head><body>
<h1>Local features</h1>
<p>{}</p>
)";

}  // namespace

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string base64(const std::string& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    unsigned bits = 0;
    for (std::size_t j = 0; j < 3; ++j) bits = bits << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) text += j <= count ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

Album::Album(Options options) : options_(std::move(options)) {
  engine::create_directory(options_.directory / "images");
}

void Album::add(const ShownImage& image, const std::vector<ClusteredImage>& clusterings) {
  const std::int64_t longer = std::max(image.extent.height, image.extent.width);
  const std::int64_t scale = longer < kLeastSide ? (kLeastSide + longer - 1) / longer : 1;
  const data::Extent size{image.extent.height * scale, image.extent.width * scale};
  const auto path = [&](const std::string& end) {
    return options_.directory / "images" / fmt::format("{:05}{}.png", image.example, end);
  };
  std::vector<Pixels> pictures(clusterings.size() + 1);
  pictures[0] = magnified({.pixels = image.rgb.data(), .extent = image.extent}, scale);
  data::write_png(path(""), shape_of(size, 3), pictures[0]);
  std::exception_ptr failure;  // an exception must not leave an OpenMP region
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < clusterings.size(); ++i) {  // compressing them takes longer than finding the clusters
    try {
      const ClusteredImage& clustering = clusterings[i];
      const Pixels grid = painted_grid(clustering.labels, clustering.grid, size, options_.upsampling);
      pictures[i + 1] = overlaid(pictures[0], grid);
      data::write_png(path(fmt::format("-{}-grid", clustering.key())), shape_of(size, 3), grid);
      data::write_png(path(fmt::format("-{}-overlay", clustering.key())), shape_of(size, 3), pictures[i + 1]);
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  if (added_ < kMostOnSheet) add_to_sheet(image, pictures, size, clusterings);
  if (added_ < kMostOnPage) add_to_page(image, {.pixels = pictures[0].data(), .extent = size}, clusterings);
  ++added_;
}

void Album::add_to_sheet(const ShownImage& image, const std::vector<Pixels>& pictures, const data::Extent& size,
                         const std::vector<ClusteredImage>& clusterings) {
  const int row = static_cast<int>(added_);
  for (std::size_t column = 0; column < pictures.size(); ++column) {
    const Thumbnail small = thumbnail({.pixels = pictures[column].data(), .extent = size}, 3, kSheetCell);
    if (!sheet_) {
      sheet_.emplace(data::ContactSheet::Options{.rows = static_cast<int>(std::min(options_.images, kMostOnSheet)),
                                                 .columns = static_cast<int>(options_.pictures_per_image) + 1,
                                                 .cell = shape_of(small.extent, 3),
                                                 .caption_lines = kCaptionLines});
    }
    sheet_->place(row, static_cast<int>(column), shape_of(small.extent, 3), small.pixels.data());
    sheet_->caption(row, static_cast<int>(column),
                    column == 0 ? short_title(image) : caption_of(clusterings[column - 1]));
  }
}

void Album::add_to_page(const ShownImage& image, const data::ConstImage& picture,
                        const std::vector<ClusteredImage>& clusterings) {
  const Thumbnail small = thumbnail(picture, 3, kPageCell);
  const std::string box = fmt::format("width:{}px;height:{}px", small.extent.width, small.extent.height);
  const std::string below = embedded(small.extent, 1, faded(small.pixels));
  const auto figure = [&](const char* kind, const std::string& source, const std::string& caption) {
    rows_ += fmt::format(
        "<figure><div class=\"cell\" style=\"{0}\"><img class=\"{1}\" alt=\"{2}\" src=\"{3}\"></div>"
        "<figcaption>{2}</figcaption></figure>\n",
        box, kind, escaped(caption), source);
  };
  rows_ += fmt::format("<div class=\"row\" style=\"--faded:url({})\">\n", below);
  figure("image", embedded(small.extent, 3, small.pixels),
         image.title() + (image.label ? fmt::format(", class {}", *image.label) : ""));
  for (const ClusteredImage& clustering : clusterings)
    figure("grid", embedded(clustering.grid, 3, grid_colors(clustering.labels)), caption_of(clustering));
  rows_ += "</div>\n";
}

void Album::finish(const std::string& figures_html) {
  if (sheet_) sheet_->write(options_.directory / "sheet.png");
  const char* scaling = options_.upsampling == Upsampling::nearest ? "pixelated" : "auto";
  std::string page = fmt::format(kHead, scaling, escaped(options_.heading)) + figures_html;
  if (added_ > kMostOnPage)
    page += fmt::format("<p>The first {} of {} images; the others are in images/.</p>\n", kMostOnPage, added_);
  engine::atomic_write_file(options_.directory / "index.html", page + rows_ + "</body></html>\n");
  engine::sync_directory(options_.directory / "images");
}

}  // namespace apps
