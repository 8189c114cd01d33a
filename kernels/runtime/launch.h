#pragma once
#include <functional>
#include <string>

namespace engine {

/// What the program that started this process says of it: that it is one of several.
struct Launch {
  int rank = 0, ranks = 1;
  std::string by = {};  ///< "mpirun"; empty if the process was started by itself
};

/// Reads the variables of Open MPI's mpirun, of other MPIs' (PMI) and of srun. `variable` gives the value of one, null
/// if it is not set.
Launch launch_of(const std::function<const char*(const char* name)>& variable);
/// The same from this process's environment.
Launch launched();

}  // namespace engine
