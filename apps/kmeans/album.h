#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/kmeans/rendering.h"
#include "apps/kmeans/shown_image.h"
#include "data/contact_sheet.h"

namespace apps {

/// The pictures of clustered images in a directory:
///
///     images/EXAMPLE.png, EXAMPLE-TAP-kK-{overlay,grid}.png     small images magnified by a whole number
///     sheet.png     the first images in rows, and next to each its overlays
///     index.html    the same of many images, in one file
class Album {
 public:
  static constexpr std::int64_t kLeastSide = 128;  ///< of a picture's longer side
  static constexpr std::int64_t kSheetCell = 128, kPageCell = 192;
  static constexpr std::int64_t kMostOnSheet = 24, kMostOnPage = 256;

  struct Options {
    std::filesystem::path directory;
    std::int64_t images = 0;              ///< that will be added
    std::int64_t pictures_per_image = 0;  ///< clusterings of each
    Upsampling upsampling = Upsampling::nearest;
    std::string heading = {};  ///< of the page
  };
  explicit Album(Options options);

  void add(const ShownImage& image, const std::vector<ClusteredImage>& clusterings);
  /// Writes sheet and page.
  void finish(const std::string& figures_html);

 private:
  void add_to_sheet(const ShownImage& image, const std::vector<std::vector<std::uint8_t>>& pictures,
                    const data::Extent& size, const std::vector<ClusteredImage>& clusterings);
  void add_to_page(const ShownImage& image, const data::ConstImage& picture,
                   const std::vector<ClusteredImage>& clusterings);

  Options options_;
  std::int64_t added_ = 0;
  std::optional<data::ContactSheet> sheet_;
  std::string rows_;  // of the page
};

/// Text in HTML.
std::string escaped(const std::string& text);
std::string base64(const std::string& bytes);

}  // namespace apps
