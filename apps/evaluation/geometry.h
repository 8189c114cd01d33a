#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "apps/evaluation/partition.h"
#include "engine/tensor.h"

namespace apps {

/// Embeddings on the host, [rows, columns].
struct Rows {
  std::vector<float> values;
  std::int64_t columns = 1;

  std::int64_t count() const { return static_cast<std::int64_t>(values.size()) / columns; }
  const float* row(std::int64_t i) const { return values.data() + i * columns; }
};

/// Each row divided by sqrt(max(|x|^2, 1e-12)), as the losses do it; computed in double.
Rows unit_rows(const Rows& rows);
/// The same of the rows less their mean.
Rows centred_unit_rows(const Rows& rows);

/// The mean over columns of the standard deviation over rows (divided by N). Near 0: collapse. Of unit rows times
/// sqrt(d) it is about 1 where they spread over the whole sphere (Chen & He 2021).
double mean_std(const Rows& rows);

/// E |x - y|^2 over the pairs of different rows of one image (Wang & Isola 2020); nothing if no image has two rows.
std::optional<double> alignment(const Rows& unit, const Partition& images);

/// ln E exp(-2 |x - y|^2) over all pairs of rows of different images (Wang & Isola 2020); nothing if there is one
/// image. Exact: every pair counts, in parts of N rows. unit: f32 [N,d] unit rows. `progress(rows done)` may throw to
/// stop.
std::optional<double> uniformity(const engine::Tensor& unit, const Partition& images,
                                 const std::function<void(std::int64_t)>& progress = {});

/// Mean cosines of pairs of different rows; nothing where there is no such pair.
struct ImageCosines {
  std::optional<double> same_image, other_image;
};
ImageCosines image_cosines(const Rows& unit, const Partition& images);

/// The same, by image and by the value of a label. A feature that outweighs the image brings rows of the same value
/// together whatever the image (other_image_same_value near 1), and tears rows of one image apart where they differ in
/// it (same_image_other_value near 0 or below). To be computed of centred unit rows: otherwise what all rows have in
/// common counts too.
struct ValueCosines {
  std::optional<double> other_image_same_value, same_image_other_value, other_image_other_value, same_image_same_value;
};
ValueCosines value_cosines(const Rows& centred_unit, const Partition& images, const Partition& values);

}  // namespace apps
