#include "apps/run/scalar.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <vector>

using namespace apps;

namespace {

const std::vector<Measured> kMeasured = {{{.name = "loss", .axis = kLossAxis, .headline = true}, 4.1312},
                                         {{.name = "step_ms"}, 7},
                                         {{.name = "probe_acc", .axis = kAccuracyAxis, .headline = true}, 0.5}};

}  // namespace

TEST_CASE("scalar: headlines are those that say so, in order") {
  CHECK(headlines(kMeasured, "  ") == "loss 4.1312  probe_acc 0.5000");
  CHECK(headlines({}, "  ").empty());
}

TEST_CASE("scalar: a value is found by its name") {
  CHECK(value_of(kMeasured, "step_ms") == 7);
  CHECK_FALSE(value_of(kMeasured, "step"));
}

TEST_CASE("scalar: scalars.json says of each what a plot needs") {
  CHECK(nlohmann::json::parse(scalars_json(kMeasured)) == nlohmann::json::parse(R"json([
    {"name": "loss", "axis": "loss (nats)", "headline": true},
    {"name": "step_ms", "axis": ""},
    {"name": "probe_acc", "axis": "accuracy (fraction correct)", "min": 0.0, "max": 1.0, "headline": true}])json"));
}
