#pragma once
#include "data/source.h"

namespace data {

/// The name of the set of labels of the digits that a composition draws.
inline constexpr char kDigitLabel[] = "digit";

/// Checks that a source can serve the composition `kind` as digits: grey images of one size, with one label each in the
/// first set of labels, and no random bits. Returns that set; throws engine::DataError with the reason.
const LabelSet& digit_labels(const char* kind, const Source& digits);

}  // namespace data
