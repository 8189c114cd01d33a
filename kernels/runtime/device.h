#pragma once
#include <iosfwd>
#include <string_view>

namespace engine {

enum class DeviceKind { cpu, cuda };

struct Device {
  DeviceKind kind = DeviceKind::cpu;
  int index = 0;

  /// Reads "cpu", "cuda" or "cuda:N"; throws for anything else.
  static Device parse(std::string_view text);

  friend bool operator==(const Device&, const Device&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Device& device);
};

}  // namespace engine
