#include "apps/evaluation/representation.h"

#include <algorithm>

#include "apps/run/exit_code.h"

namespace apps {
namespace {

using engine::Mode;
using models::Tap;

std::string names_of(const std::vector<Tap>& taps) {
  std::string names;
  for (const Tap& tap : taps) names += (names.empty() ? "" : ", ") + tap.name;
  return names;
}

const Tap* find(const std::vector<Tap>& taps, const std::string& name) {
  const auto found = std::find_if(taps.begin(), taps.end(), [&](const Tap& tap) { return tap.name == name; });
  return found == taps.end() ? nullptr : &*found;
}

}  // namespace

Representation::Representation(const models::Encoder& encoder)
    : encoder_(encoder), tap_{.name = kFeatures, .channels = encoder.features()} {}

Representation::Representation(const models::Encoder& encoder, const models::ProjectionHead* head,
                               const std::string& tap)
    : Representation(encoder) {
  if (tap == kFeatures) return;
  const std::vector<Tap> of_encoder = encoder.taps(), of_head = head ? head->taps() : std::vector<Tap>();
  if (const Tap* found = find(of_encoder, tap)) {
    tap_ = *found;
  } else if (const Tap* behind = find(of_head, tap)) {
    tap_ = *behind;
    head_ = head;
  } else {
    throw UsageError(engine::concat("a tap must be ", kFeatures, ", or of this encoder ", names_of(of_encoder),
                                    head ? ", or of its projection head " : "", names_of(of_head), ", got '", tap,
                                    "'"));
  }
}

std::string Representation::origin() const {
  if (tap_.name == kFeatures) return {};
  const char* where = head_ ? " of the projection head" : " of the encoder";
  return engine::concat(", ", tap_.spatial ? "the mean over rows and columns of " : "", tap_.name, where);
}

engine::Tensor Representation::operator()(const engine::Tensor& images) const {
  if (tap_.name == kFeatures) return encoder_.forward(images, Mode::evaluate);
  models::Taps taps({tap_.name});
  const engine::Tensor features = encoder_.forward(images, Mode::evaluate, &taps);
  if (head_) head_->forward(features, Mode::evaluate, &taps);
  return taps.features(tap_.name);
}

}  // namespace apps
