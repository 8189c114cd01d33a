#pragma once
#include "kernels/cases/selective_kernel.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::StreamPoolForward>> stream_pool_forward_cases();
std::vector<KernelCase<kernels::StreamPoolBackward>> stream_pool_backward_cases();
std::vector<KernelCase<kernels::StreamMergeForward>> stream_merge_forward_cases();
std::vector<KernelCase<kernels::StreamMergeBackward>> stream_merge_backward_cases();

}  // namespace tests
