#pragma once
#include <signal.h>

#include <atomic>
#include <thread>

namespace apps {

/// While this lives, no signal interrupts a thread that computes. Libraries may let the stack pointer point away from
/// the stack there, as oneDNN's matrix product does, and the kernel would write a handler's frame over the heap. All
/// signals are blocked in the thread that makes this, and so in those that it starts afterwards; a thread of its own
/// takes them. Profilers' timers reach that thread too. Only the signals of faults stay where the fault is.
///
/// SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 and SIGXCPU end the program as usual, or only ask it to stop once
/// `stop_on_signals` was called. A SIGHUP that was ignored before stays so (nohup). A write to a closed pipe or beyond
/// a file-size limit becomes an error instead of a signal, so that it is reported like a full disk.
///
/// Make it first thing in `main`, before any other thread. One at a time.
class SignalThread {
 public:
  SignalThread();   ///< Throws engine::Error when the system has no thread left.
  ~SignalThread();  ///< Gives the calling thread its signals back.
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void take_signals() const;

  sigset_t taken_{};   // by the thread; all others act there as they would without it
  sigset_t before_{};  // what the caller had blocked
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

/// From here on the signals named above only ask the program to stop; it looks at `stop_signal` between steps, writes a
/// checkpoint and throws Interrupted. A second SIGINT kills at once.
void stop_on_signals();

/// The signal that asked to stop, 0 while none did.
int stop_signal();

/// "SIGTERM"
const char* signal_name(int signal);

}  // namespace apps
