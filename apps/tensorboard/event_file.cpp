#include "apps/tensorboard/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "apps/run/numbered_name.h"
#include "apps/tensorboard/crc32c.h"
#include "apps/tensorboard/event.pb.h"
#include "engine/io/files.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "events.out.tfevents.";

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "host";
  return name.data();
}

/// A whole second that is later than those in the names of all event files.
std::int64_t next_time(const fs::path& directory, double unix_time) {
  auto time = static_cast<std::int64_t>(unix_time);
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    const auto earlier = number_in(name.substr(0, name.find('.', kName.size())), kName);
    if (earlier) time = std::max(time, *earlier + 1);
  }
  return time;
}

fs::path new_path(const fs::path& directory, double unix_time) {
  return directory / fmt::format("{}{:010}.{}.{}", kName, next_time(directory, unix_time), host_name(), getpid());
}

/// A whole number as TFRecords have it: little-endian.
template <class Number>
std::string bytes_of(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);  // x86-64 and ARM are little-endian
  return bytes;
}

template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

constexpr std::size_t kLength = sizeof(std::uint64_t), kCrc = sizeof(std::uint32_t), kHeader = kLength + kCrc;

/// The event of the record that begins at `at`; nothing if the record is not whole.
std::optional<std::string_view> event_at(std::string_view file, std::size_t at) {
  if (file.size() - at < kHeader ||
      masked_crc32c(file.substr(at, kLength)) != number_at<std::uint32_t>(file, at + kLength))
    return std::nullopt;
  const auto length = number_at<std::uint64_t>(file, at);
  const std::size_t left = file.size() - at - kHeader;
  if (left < kCrc || length > left - kCrc) return std::nullopt;
  const std::string_view event = file.substr(at + kHeader, length);
  if (masked_crc32c(event) != number_at<std::uint32_t>(file, at + kHeader + length)) return std::nullopt;
  return event;
}

/// A big-endian number of a PNG file's header.
std::int32_t png_number(std::string_view png, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(png[at + i]);
  return static_cast<std::int32_t>(number);
}

}  // namespace

EventFile::EventFile(const fs::path& directory, double unix_time, std::int64_t first_step)
    : file_(new_path(directory, unix_time), O_WRONLY | O_CREAT | O_EXCL) {
  proto::Event version;
  version.set_wall_time(unix_time);
  version.set_file_version("brain.Event:2");
  write_record(version.SerializeAsString());
  proto::Event start;
  start.set_wall_time(unix_time);
  start.set_step(first_step);
  start.mutable_session_log()->set_status(proto::SessionLog::START);
  write_record(start.SerializeAsString());
}

void EventFile::write_values(std::int64_t step, double unix_time, std::span<const TaggedValue> values) {
  proto::Event event;
  event.set_wall_time(unix_time);
  event.set_step(step);
  for (const TaggedValue& tagged : values) {
    proto::Summary::Value* value = event.mutable_summary()->add_value();
    value->set_tag(tagged.tag);
    value->set_simple_value(static_cast<float>(tagged.value));
  }
  write_record(event.SerializeAsString());
}

void EventFile::write_image(std::int64_t step, double unix_time, const std::string& tag, std::string_view png) {
  constexpr std::size_t kWidth = 16, kHeight = 20, kColour = 25;
  constexpr char kGrey = 0;
  EXPECTS(png.size() > kColour, "tensorboard: ", tag, " is no PNG file");
  proto::Event event;
  event.set_wall_time(unix_time);
  event.set_step(step);
  proto::Summary::Value* value = event.mutable_summary()->add_value();
  value->set_tag(tag);
  proto::Summary::Image* image = value->mutable_image();
  image->set_width(png_number(png, kWidth));
  image->set_height(png_number(png, kHeight));
  image->set_colorspace(png[kColour] == kGrey ? 1 : 3);
  image->set_encoded_image_string(png.data(), png.size());
  write_record(event.SerializeAsString());
}

void EventFile::write_record(const std::string& event) {
  const std::string length = bytes_of(static_cast<std::uint64_t>(event.size()));
  file_.write(length + bytes_of(masked_crc32c(length)) + event + bytes_of(masked_crc32c(event)));
}

void cut_events_after(const fs::path& file, std::int64_t step) {
  const std::string bytes = engine::read_file(file);
  std::size_t kept = 0;
  while (const auto event = event_at(bytes, kept)) {
    proto::Event read;
    if (!read.ParseFromArray(event->data(), static_cast<int>(event->size()))) break;
    if (read.has_summary() && read.step() > step) break;
    kept += kHeader + event->size() + kCrc;
  }
  if (kept == bytes.size()) return;
  std::error_code error;
  fs::resize_file(file, kept, error);
  if (error) throw engine::Error(engine::concat("cannot shorten ", file.string(), ": ", error.message()));
}

}  // namespace apps
