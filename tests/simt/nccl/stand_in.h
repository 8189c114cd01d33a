#pragma once

/// NCCL for ranks whose GPUs are interpreters: processes of this machine, connected by TCP. It computes in the order of
/// the interpreter's streams, and checks more than NCCL does: every argument, that buffers are in place, and that all
/// ranks make the same calls. What it refuses, it says by ncclGetErrorString.
namespace nccl_stand_in {

/// What ncclGetVersion says.
int& version();

}  // namespace nccl_stand_in
