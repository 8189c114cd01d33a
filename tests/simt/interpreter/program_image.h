#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Symbols, sections and lines of the running program, read from its own file.
namespace simt {

struct Symbol {
  std::string name;  // mangled
  std::uintptr_t address;
  std::size_t bytes;
};

void read_program_image();
/// The symbols of writable variables.
const std::vector<Symbol>& writable_symbols();
/// Whether an address belongs to the program: code, constants, variables.
bool in_program_image(std::uintptr_t address);
std::string demangle(const char* mangled);
/// The demangled name of the function that starts at `address`; "?" if there is none.
std::string function_at(const void* address);
/// "file:line" of the code before a return address; "?" if unknown. Slow, so for reports only.
std::string line_at(const void* return_address);

}  // namespace simt
