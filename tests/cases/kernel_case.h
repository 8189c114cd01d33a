#pragma once
#include <functional>
#include <vector>

#include "kernels/cases/kernel_case.h"

namespace tests {

using kernels::CaseBuffer;
using kernels::CaseGradient;
using kernels::CaseValues;
using kernels::KernelCase;

/// The contents at the start, as the kernel reads them; NaN where they are undefined.
CaseValues start_of(const std::vector<CaseBuffer>& buffers);

/// Compares the contents after the kernel with the definition's and with central differences.
void expect_results(const std::vector<CaseBuffer>& buffers, const std::function<void(CaseValues&)>& definition,
                    const std::vector<CaseGradient>& gradients, const CaseValues& actual);

}  // namespace tests
