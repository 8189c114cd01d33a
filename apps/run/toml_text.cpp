#include "apps/run/toml_text.h"

#include <fmt/format.h>

#include <cstdint>

namespace apps {
namespace {

// A byte b of 0x80 to 0xFF becomes U+10F700 + b: F4 8F 9E..9F 80..BF.
constexpr std::string_view kPrivate = "\xf4\x8f";
constexpr std::size_t kPrivateBytes = 4;

std::uint8_t byte_at(std::string_view text, std::size_t i) { return static_cast<std::uint8_t>(text[i]); }

bool is_private(std::string_view character) {
  return character.size() == kPrivateBytes && character.starts_with(kPrivate) &&
         (byte_at(character, 2) == 0x9e || byte_at(character, 2) == 0x9f);
}

/// The number of bytes of the UTF-8 character at the beginning of the text; 0 if invalid: Unicode 15, table 3-7.
std::size_t character_bytes(std::string_view text) {
  const std::uint8_t first = byte_at(text, 0);
  if (first < 0x80) return 1;
  const std::size_t bytes = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return 0;
  const int low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;   // no overlong forms,
  const int high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;  // no surrogates, nothing above U+10FFFF
  if (byte_at(text, 1) < low || byte_at(text, 1) > high) return 0;
  for (std::size_t i = 2; i < bytes; ++i) {
    if ((byte_at(text, i) & 0xc0) != 0x80) return 0;
  }
  return bytes;
}

}  // namespace

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char character : text) {
    const auto byte = static_cast<std::uint8_t>(character);
    if (character == '"' || character == '\\') quoted += '\\';
    if (byte < 0x20 || byte == 0x7f) {
      quoted += fmt::format("\\u{:04X}", byte);
    } else {
      quoted += character;
    }
  }
  return quoted + '"';
}

std::string as_utf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t count = character_bytes(bytes);
    const std::string_view character = bytes.substr(0, count == 0 ? 1 : count);
    bytes.remove_prefix(character.size());
    if (count != 0 && !is_private(character)) {
      text += character;
      continue;
    }
    for (std::size_t i = 0; i < character.size(); ++i) {
      const std::uint8_t byte = byte_at(character, i);
      text += kPrivate;
      text += static_cast<char>(byte < 0xc0 ? 0x9e : 0x9f);
      text += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return text;
}

std::string original_bytes(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    if (const std::string_view character = text.substr(0, kPrivateBytes); is_private(character)) {
      bytes += static_cast<char>((byte_at(character, 2) == 0x9e ? 0x80 : 0xc0) | (byte_at(character, 3) & 0x3f));
      text.remove_prefix(kPrivateBytes);
    } else {
      bytes += text[0];
      text.remove_prefix(1);
    }
  }
  return bytes;
}

}  // namespace apps
