#pragma once
#include <mpi.h>

#include "kernels/runtime/error.h"

namespace kernels {

/// Throws engine::Error, with the call and what MPI says, unless it succeeded.
inline void check_mpi(int status, const char* call) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(status, text, &length);
  throw engine::Error(engine::concat(call, ": ", text, "; a rank ended or cannot be reached"));
}
#define MPI_CHECK(call) ::kernels::check_mpi((call), #call)

}  // namespace kernels
