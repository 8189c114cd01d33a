#include "tests/simt/interpreter/shared_memory.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

#include "tests/simt/interpreter/mapping.h"
#include "tests/simt/interpreter/program_image.h"

namespace simt {

DynamicShared dynamic_shared;
StaticShared static_shared;

namespace {

constexpr std::size_t kPage = 4096, kAlignment = 128, kRedZone = 256;

char* red_zone_begin() {
  return std::max(dynamic_shared.map,
                  dynamic_shared.begin - std::min<std::ptrdiff_t>(kRedZone, dynamic_shared.begin - dynamic_shared.map));
}

/// __shared__ expands to "static char simt_redzone_N[64]; static": in a function with red zones, every other static is
/// a shared variable. (Sections would be simpler, but gcc ignores them on statics inside templates.)
void find_static_variables() {
  const std::string_view zone = "simt_redzone_";
  std::set<std::string, std::less<>> functions;  // mangled, as the prefix of their statics: _ZZ<function>E
  for (const Symbol& symbol : writable_symbols()) {
    auto at = symbol.name.find(zone);
    if (at == std::string::npos) continue;
    while (at > 0 && symbol.name[at - 1] >= '0' && symbol.name[at - 1] <= '9') --at;  // the length of the name
    functions.emplace(symbol.name.substr(0, at));
  }
  const auto in_function = [&](std::string_view name) {
    for (auto e = name.find('E'); e != std::string_view::npos; e = name.find('E', e + 1)) {
      const bool names_follow = e + 1 < name.size() && name[e + 1] >= '1' && name[e + 1] <= '9';
      if (names_follow && functions.contains(name.substr(0, e + 1))) return true;
    }
    return false;
  };
  for (const Symbol& symbol : writable_symbols()) {
    StaticByte kind = StaticByte::unrelated;
    if (symbol.name.find(zone) != std::string::npos) {
      kind = StaticByte::red_zone;
    } else if (symbol.name.starts_with("_ZGVZ")) {
      kind = StaticByte::guard;
    } else if (in_function(symbol.name)) {
      kind = StaticByte::variable;
    }
    if (kind == StaticByte::unrelated) continue;
    static_shared.variables.push_back({symbol.address, symbol.address + symbol.bytes, kind,
                                       kind == StaticByte::variable ? demangle(symbol.name.c_str()) : ""});
  }
}

}  // namespace

bool DynamicShared::near(std::uintptr_t address) const {
  return address - (reinterpret_cast<std::uintptr_t>(map) - kPage) < kDynamicCapacity + 2 * kPage;
}

void make_shared_memory() {
  dynamic_shared.map = map_memory(kDynamicCapacity + 2 * kPage) + kPage;
  mprotect(dynamic_shared.map - kPage, kPage, PROT_NONE);
  mprotect(dynamic_shared.map + kDynamicCapacity, kPage, PROT_NONE);

  find_static_variables();
  if (static_shared.variables.empty()) return;
  static_shared.begin = ~std::uintptr_t{0};
  for (const StaticVariable& variable : static_shared.variables) {
    static_shared.begin = std::min(static_shared.begin, variable.begin);
    static_shared.end = std::max(static_shared.end, variable.end);
  }
  static_shared.map.assign(static_shared.end - static_shared.begin, StaticByte::unrelated);
  for (const StaticVariable& variable : static_shared.variables) {
    const auto first = static_shared.map.begin() + static_cast<std::ptrdiff_t>(variable.begin - static_shared.begin);
    std::fill_n(first, variable.end - variable.begin, variable.kind);
  }
}

std::size_t static_shared_bytes(const std::string& function) {
  std::size_t bytes = 0;
  for (const StaticVariable& variable : static_shared.variables) {
    // A template's name begins with its return type, the name of its variable does not.
    const std::string owner = variable.name.substr(0, variable.name.rfind("::"));
    const bool is_own = function == owner || function.ends_with(" " + owner);
    if (variable.kind == StaticByte::variable && is_own) bytes += variable.end - variable.begin;
  }
  return bytes;
}

void size_dynamic_shared(std::size_t bytes) {
  dynamic_shared.bytes = bytes;
  dynamic_shared.begin = dynamic_shared.map + kDynamicCapacity - (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

void poison_shared_memory() {
  char* begin = red_zone_begin();
  std::memset(begin, kPoison, static_cast<std::size_t>(dynamic_shared.map + kDynamicCapacity - begin));
  for (const StaticVariable& variable : static_shared.variables) {
    if (variable.kind == StaticByte::guard) continue;
    std::memset(reinterpret_cast<void*>(variable.begin), kPoison, variable.end - variable.begin);
  }
}

std::uintptr_t damaged_red_zone() {
  for (const char* p = red_zone_begin(); p < dynamic_shared.map + kDynamicCapacity; ++p) {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    if (!dynamic_shared.contains(address) && *p != kPoison) return address;
  }
  for (const StaticVariable& variable : static_shared.variables) {
    if (variable.kind != StaticByte::red_zone) continue;
    for (std::uintptr_t address = variable.begin; address < variable.end; ++address)
      if (*reinterpret_cast<const char*>(address) != kPoison) return address;
  }
  return 0;
}

bool in_shared_memory(std::uintptr_t address, std::size_t bytes) {
  const std::uintptr_t last = address + bytes - 1;
  if (dynamic_shared.contains(address)) return dynamic_shared.contains(last);
  return static_shared.spans(address) && static_shared.spans(last) &&
         static_shared.kind(address) == StaticByte::variable && static_shared.kind(last) == StaticByte::variable;
}

}  // namespace simt
