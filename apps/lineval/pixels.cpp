#include "apps/lineval/pixels.h"

namespace apps {

RawPixels::RawPixels(const data::Source& source) {
  const engine::Shape view = data::view_shape(source);
  features_ = view[0] * view[1] * (source.layout().channels + source.layout().bit_planes);
}

engine::Tensor RawPixels::forward(const engine::Tensor& images, engine::Mode, models::Taps*) const {
  return images.view_as({images.shape()[0], features_});
}

}  // namespace apps
