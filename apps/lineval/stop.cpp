#include "apps/lineval/stop.h"

#include "apps/run/exit_code.h"
#include "apps/run/signals.h"

namespace apps {

void stop_if_asked() {
  if (stop_signal() == 0) return;
  throw Interrupted(engine::concat("stopped by ", signal_name(stop_signal()),
                                   "; nothing was stored, and an evaluation has no checkpoint: the same command begins "
                                   "it anew"));
}

}  // namespace apps
