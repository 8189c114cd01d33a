#include "tests/simt/interpreter/reports.h"

#include <map>
#include <sstream>
#include <string_view>

#include "kernels/runtime/error.h"
#include "tests/simt/interpreter/block.h"
#include "tests/simt/interpreter/global_memory.h"
#include "tests/simt/interpreter/program_image.h"
#include "tests/simt/interpreter/shared_memory.h"

extern dim3 blockDim;

namespace simt {
namespace {

std::vector<std::string> problems;
std::map<std::pair<const void*, ReportKind>, int> seen;
const Place* place_of_service = nullptr;

std::string describe_static(std::uintptr_t address) {
  constexpr std::uintptr_t kNear = 64;  // the size of a red zone
  const StaticVariable* best = nullptr;
  for (const StaticVariable& variable : static_shared.variables) {
    const bool near = variable.begin <= address + kNear && address < variable.end + kNear;
    if (variable.kind != StaticByte::variable || !near) continue;
    if (best == nullptr || variable.begin <= address) best = &variable;
  }
  if (best == nullptr) return "a red zone of __shared__ memory";
  std::ostringstream out;
  out << "__shared__ " << best->name << " byte " << static_cast<std::intptr_t>(address - best->begin) << " of "
      << best->end - best->begin;
  return out.str();
}

std::string describe_global(std::uintptr_t address) {
  constexpr std::uintptr_t kNear = 128;  // half the size of a gap
  const Allocation* best = nullptr;
  for (const Allocation& allocation : allocations())
    if (reinterpret_cast<std::uintptr_t>(allocation.begin) <= address + kNear) best = &allocation;
  if (best == nullptr) return "global memory that is not allocated";
  std::ostringstream out;
  out << "global allocation of " << best->bytes << " bytes" << (best->freed ? " (freed)" : "") << ", byte "
      << static_cast<std::intptr_t>(address - reinterpret_cast<std::uintptr_t>(best->begin));
  return out.str();
}

}  // namespace

void report(std::string problem, const void* code, ReportKind kind) {
  // A source line identifies the place as well as an address does.
  if (place_of_service != nullptr) code = place_of_service->file + place_of_service->line * 4;
  if (code != nullptr && seen[{code, kind}]++ > 0) return;
  if (problems.size() >= options().most_reports) return;
  if (code != nullptr) problem += "  [" + code_place(code) + "]";
  problems.push_back(std::move(problem));
}

const std::vector<std::string>& reports() { return problems; }

void clear_reports() {
  problems.clear();
  seen.clear();
}

PlaceOfService::PlaceOfService(const Place& place) { place_of_service = &place; }
PlaceOfService::~PlaceOfService() { place_of_service = nullptr; }
void forget_place_of_service() { place_of_service = nullptr; }

std::string name(const Place& place) {
  const std::string_view file = place.file;
  const auto slash = file.rfind('/');
  return std::string(slash == std::string_view::npos ? file : file.substr(slash + 1)) + ":" +
         std::to_string(place.line);
}

std::string name_thread(unsigned rank) {
  const uint3& index = block.threads[rank].index;
  std::ostringstream out;
  out << "thread " << rank;
  if (blockDim.y * blockDim.z > 1) out << " (" << index.x << ',' << index.y << ',' << index.z << ')';
  return out.str();
}

std::string name_current() {
  if (block.current == nullptr) return engine::concat("block ", block.index);
  return engine::concat("block ", block.index, " ", name_thread(block.current->rank));
}

std::string describe(std::uintptr_t address) {
  std::ostringstream out;
  if (dynamic_shared.near(address)) {
    out << "dynamic shared byte "
        << static_cast<std::intptr_t>(address - reinterpret_cast<std::uintptr_t>(dynamic_shared.begin)) << " of "
        << dynamic_shared.bytes;
    return out.str();
  }
  if (static_shared.spans(address)) return describe_static(address);
  if (in_global_range(address)) return describe_global(address);
  out << "address 0x" << std::hex << address << ", no device memory";
  return out.str();
}

std::string code_place(const void* code) {
  return place_of_service != nullptr ? name(*place_of_service) : line_at(code);
}

}  // namespace simt
