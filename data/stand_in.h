#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace data {

/// The source with blank images in place of every data set that is read from files, as many and as large as it is
/// published with: "randbit(blank(examples=60000, ...), bits=5)" for "randbit(mnist:DIR, bits=5)". Of a folder or
/// archive, these are ImageNet's. Nothing where files could hold anything, and for an expression that cannot be read.
std::optional<std::string> with_blank_images(std::string_view source);

}  // namespace data
