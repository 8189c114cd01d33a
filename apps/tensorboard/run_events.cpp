#include "apps/tensorboard/run_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "apps/tensorboard/event_file.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Cuts off, in the event files of a run, steps after this one. Returns whether there is such a file.
bool cut_earlier_files(const fs::path& directory, std::int64_t step) {
  bool found = false;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!entry.path().filename().string().starts_with("events.out.tfevents.")) continue;
    cut_events_after(entry.path(), step);
    found = true;
  }
  return found;
}

}  // namespace

struct RunEvents::Implementation {
  fs::path run;
  bool contrastive;
  EventFile file;
};

bool RunEvents::available() { return true; }

RunEvents::RunEvents(const fs::path& run, std::int64_t restored_step, bool contrastive) {
  const fs::path directory = run / "tb";
  engine::create_directory(directory);
  const bool begins = !cut_earlier_files(directory, restored_step) || restored_step < 0;
  implementation_ = std::make_unique<Implementation>(
      Implementation{.run = run,
                     .contrastive = contrastive,
                     .file = EventFile(directory, unix_time(), std::max<std::int64_t>(restored_step + 1, 0))});
  if (begins && fs::exists(views_of(run)))
    implementation_->file.write_image(0, unix_time(), "views", engine::read_file(views_of(run)));
}

RunEvents::~RunEvents() = default;

void RunEvents::add(const StepMetrics& metrics) {
  std::vector<TaggedValue> values;
  for (const auto& [scalar, value] : metrics.values)
    values.push_back({tag_of(metrics.phase, scalar.name, implementation_->contrastive), value});
  implementation_->file.write_values(metrics.step, metrics.time, values);
  const fs::path sample = implementation_->run / "samples" / fmt::format("step_{:08}.png", metrics.step);
  if (metrics.phase == "eval" && fs::exists(sample))
    implementation_->file.write_image(metrics.step, metrics.time, "samples", engine::read_file(sample));
}

}  // namespace apps
