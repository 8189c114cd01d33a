#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "engine/io/descriptor.h"

namespace apps {

/// A number under a tag: "train/lr".
struct TaggedValue {
  std::string tag;
  double value = 0;
};

/// One of TensorBoard's event files: records of length, its masked CRC, a serialised Event, its masked CRC. A record is
/// handed to the system at once, so that a kill leaves no half one.
class EventFile {
 public:
  /// Creates DIRECTORY/events.out.tfevents.TIME.HOST.PROCESS, with a TIME after those of all files there, since
  /// TensorBoard reads them in the order of their names. What TensorBoard has read of earlier files from `first_step`
  /// on, it forgets.
  EventFile(const std::filesystem::path& directory, double unix_time, std::int64_t first_step);

  void write_values(std::int64_t step, double unix_time, std::span<const TaggedValue> values);
  /// `png`: the bytes of a PNG file.
  void write_image(std::int64_t step, double unix_time, const std::string& tag, std::string_view png);

  const std::filesystem::path& path() const { return file_.path(); }

 private:
  void write_record(const std::string& event);

  engine::Descriptor file_;
};

/// Cuts an event file off where its numbers and pictures are of steps after this one, or where it is damaged, as a kill
/// or a full disk may leave it. The file stays the same one, since TensorBoard may have it open.
void cut_events_after(const std::filesystem::path& file, std::int64_t step);

}  // namespace apps
