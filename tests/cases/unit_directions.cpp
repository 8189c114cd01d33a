#include "tests/cases/unit_directions.h"

namespace tests {

std::vector<KernelCase<kernels::UnitDirections>> unit_directions_cases() {
  std::vector<KernelCase<kernels::UnitDirections>> cases;
  for (const kernels::UnitDirectionsExample& example :
       std::initializer_list<kernels::UnitDirectionsExample>{{.m = 1, .d = 1},
                                                             {.m = 0, .d = 5},
                                                             {.m = 300, .d = 2, .seed = 0x123456789abcdefu},
                                                             {.m = 3, .d = 3, .step = 7},
                                                             {.m = 9, .d = 64, .first = 1000, .step = 2'000'000'000},
                                                             {.m = 130, .d = 127},
                                                             {.m = 2, .d = 258, .first = (1 << 24) - 2},
                                                             {.m = 5, .d = 1001}}) {
    cases.push_back(unit_directions_case(example));
  }
  return cases;
}

}  // namespace tests
