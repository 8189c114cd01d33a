#include "data/text.h"

#include <algorithm>
#include <cctype>

namespace data {
namespace {

constexpr std::int64_t kRows = 5, kColumns = 3, kPixel = 2;  // of a glyph, and how large a dot of it is

/// The dots of a glyph, an octal digit per row.
struct Glyph {
  char character;
  const char* rows;
};
constexpr Glyph kGlyphs[] = {
    {'0', "75557"}, {'1', "26227"}, {'2', "71747"}, {'3', "71717"}, {'4', "55711"},  {'5', "74717"}, {'6', "74757"},
    {'7', "71222"}, {'8', "75757"}, {'9', "75717"}, {'A', "25755"}, {'B', "65656"},  {'C', "34443"}, {'D', "65556"},
    {'E', "74647"}, {'F', "74644"}, {'G', "34553"}, {'H', "55755"}, {'I', "72227"},  {'J', "11152"}, {'K', "55655"},
    {'L', "44447"}, {'M', "57755"}, {'N', "65555"}, {'O', "25552"}, {'P', "65644"},  {'Q', "25563"}, {'R', "65655"},
    {'S', "34216"}, {'T', "72222"}, {'U', "55557"}, {'V', "55552"}, {'W', "55775"},  {'X', "55255"}, {'Y', "55222"},
    {'Z', "71247"}, {' ', "00000"}, {'.', "00002"}, {',', "00024"}, {':', "02020"},  {'=', "07070"}, {'-', "00700"},
    {'+', "02720"}, {'/', "11244"}, {'(', "12221"}, {')', "42224"}, {'_', "00007"},  {'%', "51245"}, {'#', "57575"},
    {'?', "71202"}, {';', "02024"}, {'@', "25643"}, {'*', "05250"}, {'\'', "22000"}, {'!', "22202"},
};

const char* rows_of(char character) {
  const char capital = static_cast<char>(std::toupper(static_cast<unsigned char>(character)));
  const auto is_it = [&](const Glyph& glyph) { return glyph.character == capital; };
  const auto* found = std::find_if(std::begin(kGlyphs), std::end(kGlyphs), is_it);
  return found == std::end(kGlyphs) ? "71202" : found->rows;
}

}  // namespace

void draw_text(std::string_view text, std::int64_t y, std::int64_t x, std::uint8_t grey, std::int64_t height,
               std::int64_t width, std::int64_t channels, std::uint8_t* pixels) {
  for (const char character : text) {
    const char* rows = rows_of(character);
    for (std::int64_t i = 0; i < kRows * kPixel; ++i) {
      for (std::int64_t j = 0; j < kColumns * kPixel; ++j) {
        const bool dot = ((rows[i / kPixel] - '0') >> (kColumns - 1 - j / kPixel) & 1) != 0;
        if (dot && y + i >= 0 && y + i < height && x + j >= 0 && x + j < width)
          std::fill_n(pixels + ((y + i) * width + x + j) * channels, channels, grey);
      }
    }
    x += kTextPitch;
  }
}

std::vector<std::string> wrapped(std::string_view text, std::int64_t characters) {
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(characters, 1));
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    const bool broken = line.size() <= most;
    if (!broken) {
      const std::size_t space = line.substr(0, most + 1).rfind(' ');
      line = line.substr(0, space == line.npos || space == 0 ? most : space);
    }
    lines.emplace_back(line);
    text.remove_prefix(line.size());
    if (!text.empty() && (text.front() == ' ' || (broken && text.front() == '\n'))) text.remove_prefix(1);
  }
  return lines;
}

}  // namespace data
