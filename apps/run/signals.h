#pragma once

namespace apps {

/// From here on SIGINT, SIGTERM and SIGUSR1 (schedulers send it before a time limit) only ask the program to stop; it
/// reads `stop_signal` between steps, writes a checkpoint and throws Interrupted. A second SIGINT kills at once.
/// A write beyond a file-size limit becomes an error (SIGXFSZ is ignored), so that it is reported like a full disk.
void install_signal_handlers();

/// The signal that asked to stop, 0 while none did.
int stop_signal();

/// "SIGTERM"
const char* signal_name(int signal);

}  // namespace apps
