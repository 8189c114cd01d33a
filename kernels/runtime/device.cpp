#include "kernels/runtime/device.h"

#include <charconv>
#include <ostream>

#include "kernels/runtime/error.h"

namespace engine {

Device Device::parse(std::string_view text) {
  if (text == "cpu") return {};
  if (text == "cuda") return {DeviceKind::cuda, 0};
  if (text.starts_with("cuda:")) {
    const std::string_view digits = text.substr(5);
    Device device{DeviceKind::cuda, 0};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), device.index);
    if (error == std::errc{} && end == digits.data() + digits.size() && device.index >= 0) return device;
  }
  throw Error(concat("device: expected cpu, cuda or cuda:N, got '", text, "'"));
}

std::ostream& operator<<(std::ostream& out, const Device& device) {
  if (device.kind == DeviceKind::cpu) return out << "cpu";
  return out << "cuda:" << device.index;
}

}  // namespace engine
