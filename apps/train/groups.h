#pragma once
#include <string>
#include <string_view>

namespace apps {

/// The groups of a network's parameters, which stand before their names: "encoder.conv1.weight".
inline constexpr char kEncoder[] = "encoder", kProjector[] = "projector", kProbe[] = "probe";

/// Whether it is the online probe, or one of several: "probe.digit".
bool is_probe(std::string_view group);

/// What files for other programs call a tensor of a group, as torchvision does: "encoder.conv1.weight" is
/// "conv1.weight" there, "projector.linear1.weight" is "linear1.weight", "probe.weight" is "fc.weight". Other groups
/// keep their names.
std::string exported_name(std::string_view group, std::string_view name);

}  // namespace apps
