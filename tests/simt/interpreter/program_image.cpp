#include "tests/simt/interpreter/program_image.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace simt {
namespace {

struct Image {
  std::uintptr_t base = 0, begin = ~std::uintptr_t{0}, end = 0;
};
Image image;
std::vector<Symbol> variables;
std::map<std::uintptr_t, std::string> functions;

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "simt: %s\n", why);
  std::abort();
}

void find_image() {
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void*) {
        image.base = info->dlpi_addr;
        for (int k = 0; k < info->dlpi_phnum; ++k) {
          if (info->dlpi_phdr[k].p_type != PT_LOAD) continue;
          const std::uintptr_t begin = image.base + info->dlpi_phdr[k].p_vaddr;
          image.begin = std::min(image.begin, begin);
          image.end = std::max(image.end, begin + info->dlpi_phdr[k].p_memsz);
        }
        return 1;  // the first entry is the program, later ones are its libraries
      },
      nullptr);
}

void read_symbols(const char* file) {
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(file);
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(file + header->e_shoff);
  const auto* table = std::find_if(sections, sections + header->e_shnum,
                                   [](const Elf64_Shdr& section) { return section.sh_type == SHT_SYMTAB; });
  if (table == sections + header->e_shnum) give_up("the program must not be stripped: symbols tell shared memory");
  const auto* symbols = reinterpret_cast<const Elf64_Sym*>(file + table->sh_offset);
  const char* names = file + sections[table->sh_link].sh_offset;
  for (std::size_t k = 0; k < table->sh_size / sizeof(Elf64_Sym); ++k) {
    const Elf64_Sym& symbol = symbols[k];
    const std::uintptr_t address = image.base + symbol.st_value;
    if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_value != 0) functions[address] = names + symbol.st_name;
    if (ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_shndx >= header->e_shnum) continue;
    if ((sections[symbol.st_shndx].sh_flags & SHF_WRITE) == 0) continue;
    variables.push_back({names + symbol.st_name, address, symbol.st_size});
  }
}

}  // namespace

void read_program_image() {
  find_image();
  const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (file < 0 || fstat(file, &status) != 0) give_up("cannot read /proc/self/exe");
  const auto bytes = static_cast<std::size_t>(status.st_size);
  void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (mapped == MAP_FAILED) give_up("cannot map /proc/self/exe");
  read_symbols(static_cast<const char*>(mapped));
  munmap(mapped, bytes);
}

const std::vector<Symbol>& writable_symbols() { return variables; }

bool in_program_image(std::uintptr_t address) { return address - image.begin < image.end - image.begin; }

std::string demangle(const char* mangled) {
  int status = 0;
  char* demangled = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string result = status == 0 ? demangled : mangled;
  std::free(demangled);
  return result;
}

std::string function_at(const void* address) {
  const auto found = functions.find(reinterpret_cast<std::uintptr_t>(address));
  return found == functions.end() ? "?" : demangle(found->second.c_str());
}

std::string line_at(const void* return_address) {
  Dl_info info;
  if (dladdr(return_address, &info) == 0) return "?";
  const auto offset =
      reinterpret_cast<std::uintptr_t>(return_address) - 1 - reinterpret_cast<std::uintptr_t>(info.dli_fbase);
  char command[512], line[1024] = "";
  std::snprintf(command, sizeof command, "addr2line -i -s -e %s 0x%lx 2>/dev/null", info.dli_fname,
                static_cast<unsigned long>(offset));
  FILE* output = popen(command, "r");
  if (output == nullptr) return "?";
  const bool read = std::fgets(line, sizeof line, output) != nullptr;
  pclose(output);
  std::string result = read ? line : "";
  result.erase(std::min(result.find_first_of(" \n"), result.size()));  // "file:line (discriminator 3)"
  return result.empty() || result[0] == '?' ? "?" : result;
}

}  // namespace simt
