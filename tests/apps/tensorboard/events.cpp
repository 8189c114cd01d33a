#include "tests/apps/tensorboard/events.h"

#include <doctest/doctest.h>

#include <cstring>
#include <set>

#include "apps/tensorboard/crc32c.h"
#include "apps/tensorboard/event.pb.h"
#include "engine/io/files.h"

namespace tests {

namespace fs = std::filesystem;

std::vector<std::string> events_in(const fs::path& file) {
  const std::string bytes = engine::read_file(file);
  std::vector<std::string> events;
  std::size_t at = 0;
  const auto take = [&](std::size_t count) {
    REQUIRE(at + count <= bytes.size());
    at += count;
    return bytes.substr(at - count, count);
  };
  const auto check = [&](const std::string& of) {
    std::uint32_t crc = 0;
    std::memcpy(&crc, take(sizeof crc).data(), sizeof crc);
    CHECK(crc == apps::masked_crc32c(of));
  };
  while (at < bytes.size()) {
    const std::string length = take(sizeof(std::uint64_t));
    check(length);
    std::uint64_t count = 0;
    std::memcpy(&count, length.data(), sizeof count);
    events.push_back(take(count));
    check(events.back());
  }
  return events;
}

std::vector<ReadValue> values_in(const fs::path& file) {
  std::vector<ReadValue> values;
  for (const std::string& bytes : events_in(file)) {
    apps::proto::Event event;
    REQUIRE(event.ParseFromString(bytes));
    for (const auto& value : event.summary().value()) {
      const double number = value.has_image() ? value.image().width() : static_cast<double>(value.simple_value());
      values.push_back({event.step(), event.wall_time(), value.tag(), number});
    }
  }
  return values;
}

std::vector<ReadValue> values_of_run(const fs::path& run) {
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(run / "tb")) {
    if (entry.path().filename() != "views.png") files.insert(entry.path());
  }
  std::vector<ReadValue> all;
  for (const fs::path& file : files) {
    const std::vector<ReadValue> values = values_in(file);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace tests
