#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace apps {

/// The N of a name "<before>N<after>", a whole number of at least 0; nothing if the name has another form.
std::optional<std::int64_t> number_in(std::string_view name, std::string_view before, std::string_view after = {});

}  // namespace apps
