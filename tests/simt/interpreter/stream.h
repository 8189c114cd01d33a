#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

/// The device's only stream: work runs in the order of issue, immediately or when the host waits for it.
namespace simt {

using Work = std::function<void()>;

enum class Pace {
  at_once,       ///< a launch throws its error where it is issued
  when_awaited,  ///< as late as a device may run it, so that a host access that comes too early is detected
};
Pace& pace();

/// During a capture, adds the work to the graph instead.
void issue(Work work);
/// The number of works issued so far: awaiting this number waits for all of them.
std::uint64_t issued();
bool is_done(std::uint64_t number);
void await(std::uint64_t number);
/// Runs the next work, if there is one. If it throws, all other issued work is dropped: the device is lost.
void proceed();

void begin_capture();
bool capturing();
/// Called after an illegal call during a capture: the capture then returns no graph.
void invalidate_capture();
/// The work issued since the capture began; none if the capture was invalidated.
std::optional<std::vector<Work>> end_capture();

}  // namespace simt
