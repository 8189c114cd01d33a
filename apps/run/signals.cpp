#include "apps/run/signals.h"

#include <signal.h>

#include <atomic>

namespace apps {
namespace {

// Signal handlers can reach nothing but globals.
std::atomic<int> stopped_by = 0;
static_assert(std::atomic<int>::is_always_lock_free, "the handler must not lock");

void on_signal(int signal) {
  int none = 0;
  if (!stopped_by.compare_exchange_strong(none, signal) && signal == SIGINT) {
    ::signal(SIGINT, SIG_DFL);
    raise(SIGINT);  // delivered when this handler returns
  }
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaction(signal, &action, nullptr);
  ::signal(SIGXFSZ, SIG_IGN);
}

int stop_signal() { return stopped_by; }

const char* signal_name(int signal) {
  switch (signal) {
    case SIGINT: return "SIGINT";
    case SIGTERM: return "SIGTERM";
    case SIGUSR1: return "SIGUSR1";
    default: return "a signal";
  }
}

}  // namespace apps
