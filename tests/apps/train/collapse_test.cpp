#include "apps/train/collapse.h"

#include <doctest/doctest.h>

#include <limits>

using apps::collapse_warning;

TEST_CASE("collapse: a rank of about 1 is a sentence with what to do, and any other is not") {
  CHECK(collapse_warning(1.004) ==
        "the network has collapsed: the effective rank of its projections has fallen to 1.00, so all images look alike "
        "to the loss; choose another --loss or --objective, or raise --lambda where the loss has one");
  CHECK(collapse_warning(0).has_value());  // all rows are 0
  CHECK_FALSE(collapse_warning(1.5).has_value());
  CHECK_FALSE(collapse_warning(std::numeric_limits<double>::quiet_NaN()).has_value());
}
