#pragma once
#include <signal.h>

#include <atomic>
#include <thread>

namespace apps {

/// While this lives, signal handlers never run on a thread that computes. Libraries may let the stack pointer point
/// away from the stack, as oneDNN's matrix product does, and Linux would write a handler's frame over the heap. So the
/// signal mask of the creating thread, and of all threads that it starts later, blocks all signals; one separate thread
/// receives them, including those of profilers' timers. Only signals of faults stay on the thread that caused them.
///
/// SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 and SIGXCPU end the program as usual. After a call of `stop_on_signals`
/// they only ask it to stop. SIGHUP stays ignored if it was ignored before (nohup). A write to a closed pipe or beyond
/// a file-size limit becomes an error instead of a signal, and is reported like a full disk.
///
/// Create it first in `main`, before any other thread. Only one may exist at a time.
class SignalThread {
 public:
  SignalThread();   ///< Throws engine::Error if the system refuses a thread.
  ~SignalThread();  ///< Restores the calling thread's signal mask.
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void take_signals() const;

  sigset_t taken_{};   // signals that the thread takes; the others keep their usual action
  sigset_t before_{};  // the caller's earlier signal mask
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

/// After this call the signals named above only ask the program to stop: it reads `stop_signal` between steps, writes a
/// checkpoint and throws Interrupted. A second SIGINT kills it at once.
void stop_on_signals();

/// The signal that asked to stop; 0 if none did.
int stop_signal();

/// "SIGTERM"
const char* signal_name(int signal);

}  // namespace apps
