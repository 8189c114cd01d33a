#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// A block's shared memory: dynamic, which ends just before a guard page, and static, the function statics to which
/// __shared__ variables expand.
namespace simt {

inline constexpr std::size_t kDynamicCapacity = 256 << 10;
inline constexpr char kPoison = static_cast<char>(0xff);  ///< NaN in every float type

struct DynamicShared {
  char* map = nullptr;  // kDynamicCapacity bytes between two guard pages
  char* begin = nullptr;
  std::size_t bytes = 0;

  bool near(std::uintptr_t address) const;  ///< in the map or a guard page
  bool contains(std::uintptr_t address) const { return address - reinterpret_cast<std::uintptr_t>(begin) < bytes; }
};
extern DynamicShared dynamic_shared;

enum class StaticByte : std::uint8_t { unrelated, variable, red_zone, guard };

struct StaticVariable {
  std::uintptr_t begin, end;
  StaticByte kind;
  std::string name;
};

/// The span of the program's image that contains all __shared__ variables and other data between them.
struct StaticShared {
  std::uintptr_t begin = 0, end = 0;
  std::vector<StaticVariable> variables;
  std::vector<StaticByte> map;  // one per byte of [begin, end)

  bool spans(std::uintptr_t address) const { return address - begin < end - begin; }
  StaticByte kind(std::uintptr_t address) const { return map[address - begin]; }
};
extern StaticShared static_shared;

void make_shared_memory();
/// The size of the __shared__ variables of a function, by its demangled name; not of those that it calls.
std::size_t static_shared_bytes(const std::string& function);
void size_dynamic_shared(std::size_t bytes);
/// Fills shared memory and its surroundings with poison.
void poison_shared_memory();
/// The first byte around shared memory that is not poison any more, or 0.
std::uintptr_t damaged_red_zone();
/// Whether all of [address, address + bytes) is shared memory.
bool in_shared_memory(std::uintptr_t address, std::size_t bytes);

}  // namespace simt
