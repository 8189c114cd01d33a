#pragma once
#include "apps/bench/works.h"

namespace apps {

/// Canvases of 2 and of 16 digits (data/compositions/multi_digits.h) at random places, drawn one by one.
Work two_digits_work(const engine::Context& context, const WorkOptions& options);
Work sixteen_digits_work(const engine::Context& context, const WorkOptions& options);

}  // namespace apps
