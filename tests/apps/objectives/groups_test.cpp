#include "apps/objectives/groups.h"

#include <doctest/doctest.h>

using namespace apps;

TEST_CASE("groups: tensors are exported under torchvision's names, and those that it has no word for under their own") {
  CHECK(exported_name("encoder", "encoder.conv1.weight") == "conv1.weight");
  CHECK(exported_name("encoder", "encoder.layer1.0.downsample.1.running_var") == "layer1.0.downsample.1.running_var");
  CHECK(exported_name("projector", "projector.linear1.weight") == "linear1.weight");
  CHECK(exported_name("probe", "probe.bias") == "fc.bias");
  CHECK(exported_name("probe.digit", "probe.digit.bias") == "probe.digit.bias");
}

TEST_CASE("groups: a probe is the group of that name, or below it") {
  CHECK(is_probe("probe"));
  CHECK(is_probe("probe.digit"));
  CHECK_FALSE(is_probe("probes"));
  CHECK_FALSE(is_probe("encoder"));
}
