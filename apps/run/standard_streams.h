#pragma once
#include <string>

namespace apps {

/// Opens /dev/null for each of the descriptors 0, 1 and 2 that is closed. Otherwise the next file that is opened would
/// get its number, and progress or a result would be written into that file. Call it before anything is opened.
void reopen_closed_streams();

/// While this lives, std::cout throws std::ios_base::failure when it cannot be written: a result that nobody got is no
/// success.
class OutputFailures {
 public:
  OutputFailures();
  ~OutputFailures();  ///< what std::cout does at the program's exit must not throw
  OutputFailures(const OutputFailures&) = delete;
  OutputFailures& operator=(const OutputFailures&) = delete;
};

/// What to say of that failure: "cannot write to standard output: No space left on device".
std::string failed_output_text();

}  // namespace apps
