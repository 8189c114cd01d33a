#pragma once
#include <functional>
#include <optional>
#include <string>

namespace engine {

/// Where ranks meet that no MPI connects: rank 0's machine, and a port that is free there.
struct Meeting {
  std::string host;
  int port = 0;  ///< 0: what MASTER_PORT says is none
};

/// What the program that started this process says of it: that it is one of several.
struct Launch {
  int rank = 0, ranks = 1;
  std::string by = {};                  ///< "mpirun"; empty if the process was started by itself
  std::optional<int> local_rank = {};   ///< its number among the processes on this machine, where it is known
  std::optional<Meeting> meeting = {};  ///< none: MPI connects them
};

/// Reads the variables of Open MPI's mpirun, of other MPIs' (PMI), of srun and of torchrun. `variable` gives the value
/// of one, null if it is not set.
Launch launch_of(const std::function<const char*(const char* name)>& variable);
/// The same from this process's environment.
Launch launched();

}  // namespace engine
