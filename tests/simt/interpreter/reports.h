#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tests/simt/interpreter/place.h"

/// The problems of a launch, as sentences that name thread, memory and line.
namespace simt {

enum class ReportKind { race, uninitialised, other };

/// Records a problem; the launch continues. Each place in the code reports once per kind. `code` may be null.
void report(std::string problem, const void* code, ReportKind kind);
const std::vector<std::string>& reports();
void clear_reports();

/// During its lifetime, accesses are attributed to this place in the kernel, not to the interpreter's code.
class PlaceOfService {
 public:
  explicit PlaceOfService(const Place& place);
  PlaceOfService(const PlaceOfService&) = delete;
  ~PlaceOfService();
};
/// Called after a launch was abandoned during such an access.
void forget_place_of_service();

std::string name(const Place& place);          ///< "file:line"
std::string name_thread(unsigned rank);        ///< "thread 33 (1,1,0)"
std::string name_current();                    ///< "block 2 thread 33"
std::string describe(std::uintptr_t address);  ///< "__shared__ kernel(float*)::tile byte 64 of 1024"
std::string code_place(const void* code);      ///< "file:line" of an access

}  // namespace simt
