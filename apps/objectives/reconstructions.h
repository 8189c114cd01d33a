#pragma once
#include <vector>

#include "data/contact_sheet.h"

namespace apps {

/// Images with planes from 0 to 1, the last of which are bits, the same number in all of their pixels.
struct ImagePlanes {
  engine::Shape planes;  ///< [N,H,W,C+bits]
  int bit_planes = 0;
};

/// Pairs of an image and its reconstruction, four in a row. Below a picture are its bits, a small block each: black is
/// 0, white is 1, and a reconstruction's is the mean of the plane. `logits` are those of the reconstructed planes.
data::ContactSheet reconstructions(const ImagePlanes& layout, const std::vector<float>& images,
                                   const std::vector<float>& logits);

}  // namespace apps
