#include "apps/run/signals.h"

#include <system_error>

#include "kernels/runtime/error.h"

namespace apps {
namespace {

struct StopSignal {
  int number;
  const char* name;
};
// Schedulers send SIGUSR1, SIGUSR2 or SIGXCPU before a time limit; a closed terminal sends SIGHUP.
constexpr StopSignal kStopSignals[] = {{SIGINT, "SIGINT"},   {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"},
                                       {SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}, {SIGXCPU, "SIGXCPU"}};
// Linux sends these to the thread that caused the fault.
constexpr int kFaults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};

// Signals belong to the whole process, and so does this state.
std::atomic<bool> only_asks = false;
std::atomic<int> stopped_by = 0;

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

[[noreturn]] void end_by(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  for (;;) raise(signal);  // the default action of every stop signal ends the process
}

}  // namespace

SignalThread::SignalThread() {
  sigemptyset(&taken_);
  for (const auto& [signal, name] : kStopSignals) {
    if (signal != SIGHUP || !is_ignored(signal)) sigaddset(&taken_, signal);
  }
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  for (const int signal : kFaults) sigdelset(&all, signal);
  pthread_sigmask(SIG_BLOCK, &all, &before_);
  try {
    thread_ = std::thread([this] { take_signals(); });
  } catch (const std::system_error& error) {
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    throw engine::Error(engine::concat("no thread can be started to take signals: ", error.code().message(),
                                       "; raise the limit of processes (ulimit -u) or of memory (ulimit -v)"));
  }
}

SignalThread::~SignalThread() {
  ends_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR1);  // any of the signals that it waits for
  thread_.join();
  if (only_asks) {  // the program is ending: a signal that arrives now is too late to stop it
    for (const auto& [signal, name] : kStopSignals) ::signal(signal, SIG_IGN);
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void SignalThread::take_signals() const {
  pthread_sigmask(SIG_SETMASK, &taken_, nullptr);
  for (int signal = 0; sigwait(&taken_, &signal) == 0;) {
    if (ends_) return;
    int none = 0;
    const bool first = stopped_by.compare_exchange_strong(none, signal);
    if (!only_asks || (!first && signal == SIGINT)) end_by(signal);
  }
}

void stop_on_signals() { only_asks = true; }

int stop_signal() { return stopped_by; }

const char* signal_name(int signal) {
  for (const auto& [number, name] : kStopSignals) {
    if (number == signal) return name;
  }
  return "a signal";
}

}  // namespace apps
