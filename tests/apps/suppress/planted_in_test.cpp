#include "apps/suppress/planted_in.h"

#include <doctest/doctest.h>

using namespace apps;

namespace {

PlantedIn found_in(const std::string& source, int bits = 0, bool per_fetch = false) {
  Config::Data data;
  data.source = source;
  data.bits = bits;
  data.bits_per_fetch = per_fetch;
  return planted_in(data);
}

}  // namespace

TEST_CASE("planted in: what suppress writes is recognised, arm by arm") {
  for (const std::string text : {"bits=12", "digit", "digit=mnist:DIR, digit_size=0.25", "dir/scanner.npy"}) {
    CAPTURE(text);
    const Plant plant = Plant::parse(text);
    for (const Showing showing : {Showing::nothing, Showing::shared, Showing::redrawn}) {
      const PlantedIn found = found_in(plant.source("mnist:/data", showing));
      CHECK(found.showing == showing);
      CHECK(found.same_images() == R"(mnist:"/data")");
      CHECK_FALSE(found.every_visit);
      REQUIRE(found.plant.has_value() == (plant.has_planes() || showing != Showing::nothing));
      if (found.plant) CHECK(found.plant->source("x:", Showing::shared) == plant.source("x:", Showing::shared));
    }
  }
}

TEST_CASE("planted in: bits by their key, drawn anew for every visit, and none") {
  const PlantedIn key = found_in("mnist:/data", 10);
  CHECK(key.plant->text() == "bits=10");
  CHECK(key.showing == Showing::shared);
  CHECK(key.images == "mnist:/data");
  CHECK_FALSE(key.every_visit);
  CHECK(found_in("mnist:/data", 10, true).every_visit);
  CHECK(found_in("randbit(digits:, bits=3, redraw=visit)").every_visit);
  CHECK(found_in("randbit(digits:, bits=3, redraw=visit)").showing == Showing::shared);
  CHECK(found_in("overlay(digits:, digits=digits:, fixed=off)").every_visit);
  for (const std::string source : {"mnist:/data", "randbit(mnist:/data, bits=0)", "multidigits(digits:, digits=2)"}) {
    CAPTURE(source);
    CHECK_FALSE(found_in(source).plant);
    CHECK(found_in(source).showing == Showing::nothing);
    CHECK(found_in(source).images == source);
  }
}

TEST_CASE("planted in: what else the digits are given is part of the feature") {
  const PlantedIn found = found_in("overlay(resize(folder:x, size=64), digits=mnist:DIR, unique=16, seed=2)");
  CHECK(found.plant->text() == "digit=mnist:DIR, unique=16, seed=2");
  CHECK(found.images == "resize(folder:x, size=64)");
}
