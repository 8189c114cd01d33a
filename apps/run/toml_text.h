#pragma once
#include <string>
#include <string_view>

namespace apps {

/// A basic string of TOML, in quotes, that reads back to these bytes. Quotes, backslashes and control characters are
/// escaped; bytes that are not UTF-8 (names of files need not be) stay as they are, so that whoever reads the file sees
/// the name that the disk has. Strictly that is no TOML, and is read through `as_utf8`.
std::string toml_string(std::string_view text);

/// The text with every byte that is not UTF-8 replaced by a character that stands for it, so that a TOML parser takes
/// it. These characters are private to us: the 128 from U+10F780 on; where the text has one of them itself, its bytes
/// are replaced one by one, too. So `original_bytes` undoes it for any text.
std::string as_utf8(std::string_view bytes);
std::string original_bytes(std::string_view text);

}  // namespace apps
