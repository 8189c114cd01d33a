#include "apps/config/fields.h"
#include "apps/config/ranges.h"

namespace apps {

std::vector<ConfigField> eval_fields() {
  return {
      {FIELD(eval.every), .flag = "--eval-every", .help = "epochs between tests of the probe; 0: only at the end",
       .range = between(0, kMostSteps), .on_resume = OnResume::change},
  };
}

}  // namespace apps
