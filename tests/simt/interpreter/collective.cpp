#include "tests/simt/interpreter/access_checker.h"
#include "tests/simt/interpreter/reports.h"
#include "tests/simt/interpreter/scheduler.h"

namespace simt {
namespace {

bool needs_full_warp(Collective kind) { return kind == Collective::mma || kind == Collective::ldmatrix; }

/// If all remaining lanes have arrived, completes the collective and releases them.
bool complete(Warp& warp, std::size_t i) {
  const Rendezvous it = warp.pending[i];
  if ((it.mask & warp.exists & ~warp.exited & ~it.arrived) != 0) return false;
  if ((it.mask & warp.exited) != 0) deadlock("warp collective names lanes that returned");
  warp.pending.erase(warp.pending.begin() + static_cast<std::ptrdiff_t>(i));
  if (needs_full_warp(it.kind) && it.arrived != ~0u) {
    abandon("mma or ldmatrix executed by a partial warp in " + name(it.place) + ", block " +
            std::to_string(block.index));
  }
  it.complete(it.payloads, it.arrived);
  if (it.kind == Collective::sync_warp) join_clocks(warp, it.arrived);
  unsigned ranks[kLanes], count = 0;
  const unsigned first = static_cast<unsigned>(&warp - block.warps.data()) * kLanes;
  for (unsigned l = 0; l < kLanes; ++l)
    if ((it.arrived >> l & 1) != 0) ranks[count++] = first + l;
  release(ranks, count);
  return true;
}

}  // namespace

void check_collectives(Warp& warp) {
  for (std::size_t i = 0; i < warp.pending.size();) {
    if (!complete(warp, i)) ++i;
  }
}

void collective(Collective kind, unsigned mask, void* payload, Complete complete_lanes, Place place) {
  observed = nullptr;
  Thread& self = *block.current;
  Warp& warp = block.warps[self.warp];
  if ((mask >> self.lane & 1) == 0) trap("warp collective called by a lane outside its own mask", place);
  self.state = State::blocked;
  self.wait = Wait::collective;
  self.wait_mask = mask;
  self.wait_place = place;
  std::size_t i = 0;
  while (i < warp.pending.size() && warp.pending[i].mask != mask) ++i;
  if (i == warp.pending.size()) warp.pending.push_back({kind, mask, 0, place, complete_lanes, {}});
  Rendezvous& met = warp.pending[i];
  if (met.kind != kind || !(met.place == place)) {
    deadlock("divergent warp collective: lanes of one mask meet at different operations");
  }
  met.arrived |= 1u << self.lane;
  met.payloads[self.lane] = payload;
  complete(warp, i);
  suspend();
}

}  // namespace simt
