#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace simt {

using Work = std::function<void()>;

enum class Pace {
  at_once,       ///< a launch throws its error where it is issued
  when_awaited,  ///< as late as a device may run it, so that a host access that comes too early is detected
};
Pace& pace();

/// Its work runs in the order of issue, immediately or when somebody waits for it. Streams know nothing of one another:
/// work of one that needs another's result, and does not wait for it, finds that it is not there yet.
class Stream {
 public:
  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// While the stream is captured, adds the work to the graph instead.
  void issue(Work work);
  /// The number of works issued so far: awaiting this number waits for all of them.
  std::uint64_t issued() const { return done_ + waiting_.size(); }
  bool is_done(std::uint64_t number) const { return number <= done_; }
  void await(std::uint64_t number);
  /// Runs the next work, if there is one. If it throws, all other work that was issued, to whatever stream, is dropped:
  /// the device is lost.
  void proceed();

  void begin_capture();
  bool captures() const;
  /// The work issued since the capture began; none if the capture was invalidated.
  std::optional<std::vector<Work>> end_capture();

 private:
  std::deque<Work> waiting_;
  std::uint64_t done_ = 0;
};

/// The stream of a handle of CUDA; that of none is the device's own.
Stream& stream(void* handle);
/// Waits for the work of all streams.
void await_all();

/// Whether any stream is captured.
bool capturing();
/// Called after an illegal call during a capture: the capture then returns no graph.
void invalidate_capture();

}  // namespace simt
