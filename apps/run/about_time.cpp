#include "apps/run/about_time.h"

#include <fmt/format.h>

namespace apps {

std::string about_time(double seconds) {
  constexpr double kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour, kYear = 365.25 * kDay;
  const auto text = [](double value, const char* unit) {
    return fmt::format("about {:.{}f} {}", value, value < 10 ? 1 : 0, unit);
  };
  if (seconds < 2 * kMinute) return text(seconds, "seconds");
  if (seconds < 2 * kHour) return text(seconds / kMinute, "minutes");
  if (seconds < 2 * kDay) return text(seconds / kHour, "hours");
  if (seconds < 2 * kYear) return text(seconds / kDay, "days");
  return text(seconds / kYear, "years");
}

}  // namespace apps
