#include "kernels/temperature_schedule.h"

namespace kernels::cpu {

void temperature_schedule(const Context&, const TemperatureSchedule& args) {
  *args.temperature.as<float>() = args.at(*args.step.as<std::int32_t>());
}

}  // namespace kernels::cpu
