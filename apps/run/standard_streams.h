#pragma once
#include <string>

namespace apps {

/// Opens /dev/null for each closed descriptor of 0, 1 and 2. Otherwise the next opened file would get that number, and
/// progress or results would be written into it. Call it before any file is opened.
void reopen_closed_streams();

/// While this lives, std::cout throws std::ios_base::failure if a write fails: a result that could not be printed is an
/// error.
class OutputFailures {
 public:
  OutputFailures();
  ~OutputFailures();  ///< prevents std::cout from throwing at program exit
  OutputFailures(const OutputFailures&) = delete;
  OutputFailures& operator=(const OutputFailures&) = delete;
};

/// The message for that failure: "cannot write to standard output: No space left on device".
std::string failed_output_text();

}  // namespace apps
