#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

/// The device's one stream: what is issued is done in that order, at once or when somebody waits for it.
namespace simt {

using Work = std::function<void()>;

enum class Pace {
  at_once,       ///< a launch that goes wrong throws where it is issued
  when_awaited,  ///< as late as a device may be: what the host reads or changes too early is seen
};
Pace& pace();

/// Goes into the graph instead while one is captured.
void issue(Work work);
/// How many have been issued: awaiting that number awaits them all.
std::uint64_t issued();
bool is_done(std::uint64_t number);
void await(std::uint64_t number);
/// Does one thing, if any is left to do. If that throws, the device is lost, and all else that was issued with it.
void proceed();

void begin_capture();
bool capturing();
/// After what may not be called meanwhile: no graph will come of it.
void invalidate_capture();
/// What was issued since it began; none if it was invalidated.
std::optional<std::vector<Work>> end_capture();

}  // namespace simt
