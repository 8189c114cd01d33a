#pragma once
#include <string>
#include <string_view>

namespace apps {

/// The parameter groups of a network. A parameter's name begins with its group: "encoder.conv1.weight".
inline constexpr char kEncoder[] = "encoder", kProjector[] = "projector", kPredictor[] = "predictor",
                      kClassifier[] = "classifier", kQueue[] = "queue", kLatent[] = "latent", kDecoder[] = "decoder",
                      kProbe[] = "probe";

/// Whether the group is the online probe or one of several: "probe.digit".
bool is_probe(std::string_view group);

/// A tensor's name in files for other programs, as in torchvision: "encoder.conv1.weight" becomes "conv1.weight",
/// "projector.linear1.weight" becomes "linear1.weight", "probe.weight" and "classifier.weight" become "fc.weight".
/// Other groups keep their names.
std::string exported_name(std::string_view group, std::string_view name);

}  // namespace apps
