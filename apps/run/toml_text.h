#pragma once
#include <string>
#include <string_view>

namespace apps {

/// A quoted TOML string for these bytes. Quotes, backslashes and control characters are escaped. Bytes that are not
/// UTF-8 (as in file names) are kept, so that the file shows the name as it is on the disk. Strictly this is not TOML;
/// it is read through `as_utf8`.
std::string toml_string(std::string_view text);

/// Replaces every byte that is not UTF-8 by a private character, so that a TOML parser accepts the text. The private
/// characters are the 128 from U+10F780 on; if the text contains one of them, its bytes are replaced one by one, too.
/// So `original_bytes` can restore any text.
std::string as_utf8(std::string_view bytes);
std::string original_bytes(std::string_view text);

}  // namespace apps
