#include "apps/kmeans/album.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "data/sources/folder.h"
#include "engine/io/files.h"
#include "tests/data/sources/image_tree.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

using Strings = std::vector<std::string>;

/// The sorted names in a directory.
Strings names(const std::filesystem::path& directory) {
  Strings found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) found.push_back(entry.path().filename());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

TEST_CASE("album: base64 and text in HTML") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xff\xfe\xfd") == "//79");
  CHECK(escaped("a<b>&\"c\"") == "a&lt;b&gt;&amp;&quot;c&quot;");
}

TEST_CASE("album: each image's pictures, a sheet of the first and a page of all") {
  const ScratchDirectory scratch;
  const data::Extent extent{20, 30};
  Album album({.directory = scratch.path(),
               .images = Album::kMostOnSheet + 1,
               .pictures_per_image = 1,
               .heading = "<weights> & data"});
  const std::vector<std::uint8_t> rgb(static_cast<std::size_t>(extent.pixels() * 3), 100);
  for (std::int64_t i = 0; i < Album::kMostOnSheet + 1; ++i) {
    album.add({.example = i, .file = "cat/1.jpg", .label = 4, .extent = extent, .rgb = rgb},
              {{.tap = "group4", .clusters = 2, .grid = {1, 2}, .labels = {1, 0}, .rand_index_masks = 0.5}});
  }
  album.finish("<table></table>");
  CHECK(names(scratch.path()) == Strings{"images", "index.html", "sheet.png"});
  CHECK(names(scratch / "images").size() == 3 * (Album::kMostOnSheet + 1));

  const auto source = data::open_folder(scratch / "images", data::Split::test, {});
  REQUIRE(source->file_name(1) == "00000-group4-k2-overlay.png");
  const data::Example grid = read_first(*source, 0), overlay = read_first(*source, 1), image = read_first(*source, 2);
  CHECK(image.extent == data::Extent{100, 150});  // five times as large
  CHECK(image.pixels == std::vector<std::uint8_t>(image.pixels.size(), 100));
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(grid.pixels[c] == cluster_color(1)[c]);
    CHECK(grid.pixels[grid.pixels.size() - 3 + c] == cluster_color(0)[c]);
    CHECK(overlay.pixels[c] == (2 * cluster_color(1)[c] + 100 + 255 + 2) / 4);
  }

  const std::string page = engine::read_file(scratch / "index.html");
  CHECK(page.find("&lt;weights&gt; &amp; data") != std::string::npos);
  CHECK(page.find("<figcaption>24 cat/1.jpg, class 4</figcaption>") != std::string::npos);
  CHECK(page.find("<figcaption>group4 k = 2, ARI 0.50</figcaption>") != std::string::npos);
  CHECK(page.find("image-rendering: pixelated") != std::string::npos);
  CHECK(page.find("src=\"http") == std::string::npos);
}
