#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace data {

/// Text in pixels: capital letters, digits and a little punctuation, each 6 x 10 pixels. Small letters look like
/// capital ones, and other characters like a question mark.
inline constexpr std::int64_t kTextPitch = 8,
                              kTextLine = 13;  ///< from a character to the next, from a line to the next

/// Draws one line onto an image [height,width,channels], from its top left pixel; what lies outside is cut off.
void draw_text(std::string_view text, std::int64_t y, std::int64_t x, std::uint8_t grey, std::int64_t height,
               std::int64_t width, std::int64_t channels, std::uint8_t* pixels);

/// Breaks a text into lines of at most `characters`, at spaces where there are some. A line break stays one.
std::vector<std::string> wrapped(std::string_view text, std::int64_t characters);

}  // namespace data
