#pragma once

namespace apps {

/// Throws Interrupted once a signal asked to stop. An evaluation has no checkpoint: between its batches and steps it is
/// given up as a whole.
void stop_if_asked();

}  // namespace apps
