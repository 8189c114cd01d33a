#pragma once
#include <cstdint>
#include <functional>
#include <vector>

/// The device's one stream: what is issued is done in that order, at once or when somebody waits for it.
namespace simt {

using Work = std::function<void()>;

enum class Pace {
  at_once,       ///< a launch that goes wrong throws where it is issued
  when_awaited,  ///< as late as a device may be: what the host reads, changes or frees too early is seen
};
Pace& pace();

/// Goes into the graph instead while one is captured.
void issue(Work work);
/// How many have been issued: awaiting that number awaits them all.
std::uint64_t issued();
bool is_done(std::uint64_t number);
void await(std::uint64_t number);
/// Does one thing, if any is left to do.
void proceed();

void begin_capture();
bool capturing();
std::vector<Work> end_capture();

}  // namespace simt
