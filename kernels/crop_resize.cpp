#include "kernels/crop_resize.h"

#include <algorithm>

#include "kernels/bilinear_tap.h"

namespace kernels {

void expect_valid(const CropResize& args) {
  const Shape &x = args.images.shape, &y = args.y.shape;
  EXPECTS(args.bit_planes >= 0 && args.bit_planes <= 64, "crop_resize: expected 0 to 64 bit planes, got ",
          args.bit_planes);
  EXPECTS(x.rank() == 4 && y.rank() == 5 && y[1] == x[0] && y[4] == x[3] + args.bit_planes,
          "crop_resize: images must be [B,H,W,C] and y [views,B,h,w,C+", args.bit_planes,
          "] with the same B and C, got images ", x, " and y ", y);
  EXPECTS(x[1] >= 1 && x[2] >= 1, "crop_resize: images ", x, " have no pixels");
  EXPECTS(std::max({x[1], x[2], y[2], y[3]}) <= kMostPixels, "crop_resize: expected at most ", kMostPixels,
          " pixels a side, got images ", x, " and y ", y);
  EXPECTS(!args.boxes || args.boxes.shape == (Shape{y[0], y[1], 4}),
          "crop_resize: boxes must be [views,B,4] = ", Shape{y[0], y[1], 4}, ", got ", args.boxes.shape);
  EXPECTS(args.bit_planes == 0 || args.bits.shape == Shape{x[0]} || args.bits.shape == (Shape{y[0], x[0]}),
          "crop_resize: bit planes need bits [B] or [views,B] = ", Shape{y[0], x[0]}, ", got ", args.bits.shape);
}

}  // namespace kernels
