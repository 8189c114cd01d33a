#pragma once
#include <string>

namespace apps {

/// "about 41 days"
std::string about_time(double seconds);

}  // namespace apps
