#include "apps/tensorboard/event_file.h"

#include <doctest/doctest.h>

#include "data/contact_sheet.h"
#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/apps/tensorboard/events.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

TEST_CASE("event file: bytes as TensorBoard's own package makes them") {
  const ScratchDirectory scratch;
  EventFile file(scratch.path(), 2.5, 0);
  file.write_values(7, 2.5, std::vector<TaggedValue>{{"train/lr", 0.25}});
  const std::vector<std::string> events = tests::events_in(file.path());
  REQUIRE(events.size() == 3);
  const auto bytes = [](const std::string& hex) {
    std::string all;
    for (std::size_t i = 0; i < hex.size(); i += 2) all += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return all;
  };
  CHECK(events[0].find("brain.Event:2") != std::string::npos);
  CHECK(events[1] == bytes("0900000000000004403a020801"));  // START
  CHECK(events[2] == bytes("09000000000000044010072a110a0f0a08747261696e2f6c72150000803e"));
}

TEST_CASE("event file: a picture with its size") {
  const ScratchDirectory scratch;
  const std::vector<std::uint8_t> pixels(3 * 5 * 3, 200), grey(4 * 6, 9);
  data::write_png(scratch / "colours.png", {3, 5, 3}, pixels);
  data::write_png(scratch / "grey.png", {4, 6, 1}, grey);
  EventFile file(scratch.path(), 1, 0);
  file.write_image(0, 1, "colours", engine::read_file(scratch / "colours.png"));
  file.write_image(4, 2, "grey", engine::read_file(scratch / "grey.png"));
  CHECK(tests::values_in(file.path()) == std::vector<tests::ReadValue>{{0, 1, "colours", 5}, {4, 2, "grey", 6}});
  CHECK_THROWS_AS(file.write_image(0, 1, "none", "short"), engine::Error);
}

TEST_CASE("event file: its name comes after those of all before, whatever the clock says") {
  const ScratchDirectory scratch;
  const EventFile first(scratch.path(), 1'800'000'000, 0), second(scratch.path(), 1'700'000'000, 5);
  CHECK(first.path().filename().string().starts_with("events.out.tfevents.1800000000."));
  CHECK(second.path().filename().string().starts_with("events.out.tfevents.1800000001."));
}

TEST_CASE("event file: what was recorded after a step is cut off, and so is a half record") {
  const ScratchDirectory scratch;
  const auto write = [&](std::int64_t first_step) {
    EventFile file(scratch.path(), 1, first_step);
    for (std::int64_t step = 2; step <= 8; step += 2)
      file.write_values(step, 1, std::vector<TaggedValue>{{"x", static_cast<double>(step)}});
    return file.path();
  };
  const auto file = write(0), other = write(0);
  const std::string whole = engine::read_file(file);
  cut_events_after(file, 8);
  CHECK(engine::read_file(file) == whole);
  cut_events_after(file, 5);
  CHECK(tests::values_in(file) == std::vector<tests::ReadValue>{{2, 1, "x", 2}, {4, 1, "x", 4}});
  cut_events_after(file, -1);
  CHECK(tests::events_in(file).size() == 2);
  for (const std::size_t kept : {whole.size() - 1, whole.size() - 15, whole.size() - 30, std::size_t{5}}) {
    CAPTURE(kept);
    engine::atomic_write_file(other, whole.substr(0, kept));
    cut_events_after(other, 100);
    CHECK(engine::read_file(other).size() < kept);
    CHECK(tests::events_in(other).size() <= 5);
  }
  std::string changed = whole;
  changed[changed.size() / 2] ^= 1;
  engine::atomic_write_file(other, changed);
  cut_events_after(other, 100);
  CHECK(tests::events_in(other).size() < 6);
}
