#include "data/compositions/resident.h"

#include <cstring>
#include <exception>

namespace data {

Resident::Resident(std::shared_ptr<const Source> source) : source_(std::move(source)) {
  const std::int64_t count = source_->size(), bytes = source_->image_shape().elements();
  images_.resize(static_cast<std::size_t>(count * bytes));
  labels_.resize(static_cast<std::size_t>(count));
  std::exception_ptr failure;  // an exception must not leave an OpenMP region
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < count; ++i) {
    try {
      source_->image(i, images_.data() + i * bytes);
      labels_[static_cast<std::size_t>(i)] = source_->label(i);
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

void Resident::image(std::int64_t i, std::uint8_t* out) const {
  const auto bytes = static_cast<std::size_t>(image_shape().elements());
  std::memcpy(out, images_.data() + static_cast<std::size_t>(i) * bytes, bytes);
}

}  // namespace data
