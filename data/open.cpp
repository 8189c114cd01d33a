#include "data/open.h"

#include "data/sources/digits.h"
#include "data/sources/mnist.h"
#include "data/sources/npy_images.h"
#include "kernels/runtime/error.h"

namespace data {

std::unique_ptr<Source> open_source(std::string_view name, Split split) {
  using engine::concat;
  using engine::DataError;
  const std::size_t colon = name.find(':');
  const std::string_view scheme = name.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? "" : name.substr(colon + 1);
  if (colon != std::string_view::npos && scheme == "digits") {
    if (!rest.empty()) throw DataError(concat("data: digits: takes nothing after its colon, got '", name, "'"));
    return std::make_unique<Digits>(split);
  }
  if (colon != std::string_view::npos && scheme == "mnist") {
    if (rest.empty()) throw DataError("data: mnist: needs a directory, as in mnist:DIR");
    return open_mnist(rest, split);
  }
  if (colon != std::string_view::npos && scheme == "npy") {
    if (rest.empty()) throw DataError("data: npy: needs a directory, as in npy:DIR");
    return open_npy(rest, split);
  }
  throw DataError(concat("data: unknown source '", name, "'; expected digits:, mnist:DIR or npy:DIR"));
}

}  // namespace data
