// Makes nvcc assemble kernels/cuda/mma.h, as the kernels that test the interpreter use it.
#include "tests/simt/bugs/matrix_kernels.h"

namespace tests {

template __global__ void copies_in_background<0>(const float*, float*);
template __global__ void product<0>(const __nv_bfloat16*, float*);

}  // namespace tests
