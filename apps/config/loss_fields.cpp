#include "apps/config/fields.h"
#include "apps/config/ranges.h"

namespace apps {

std::vector<ConfigField> loss_fields() {
  return {
      {FIELD(loss.name), .flag = "--loss", .help = "contrastive loss"},
      {FIELD(loss.temperature), .flag = "--temperature", .help = "divides the cosine similarities; auto: 0.1",
       .range = between(1e-6, 1e6)},
  };
}

}  // namespace apps
