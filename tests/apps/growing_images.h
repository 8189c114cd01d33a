#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/contact_sheet.h"

namespace tests {

/// Colour images of two classes below root/train and root/val, each 2 pixels larger than the one before: without
/// shuffling, every batch needs more memory than the one before it.
inline void write_growing_images(const std::filesystem::path& root, int count) {
  for (const char* split : {"train", "val"}) {
    for (int i = 0; i < count; ++i) {
      const std::filesystem::path directory = root / split / (i < count / 2 ? "a" : "b");
      std::filesystem::create_directories(directory);
      const int height = 12 + 2 * i, width = 60 - i % 9;
      std::vector<std::uint8_t> pixels;
      for (int byte = 0; byte < height * width * 3; ++byte) {
        const int value = 7 * byte + 31 * i + byte / (3 * width) * 5;
        pixels.push_back(static_cast<std::uint8_t>(value));
      }
      data::write_png(directory / (std::to_string(100 + i) + ".png"), {height, width, 3}, pixels);
    }
  }
}

}  // namespace tests
