#pragma once

namespace apps {

/// Throws Interrupted once a signal has asked to stop. An evaluation has no checkpoint: if it stops between batches or
/// steps, all its work is lost.
void stop_if_asked();

}  // namespace apps
