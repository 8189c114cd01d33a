#include "kernels/cuda/vendor_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>

#include "kernels/runtime/error.h"

namespace kernels::cuda {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<fs::path>;

/// The absolute path in an environment variable; empty if it holds none.
fs::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value == '/' ? fs::path(value) : fs::path();
}

/// The entries of a directory whose names start with `beginning`, the newest version first.
Paths entries(const fs::path& directory, const std::string& beginning) {
  Paths found;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(directory, unreadable)) {
    if (entry.path().filename().string().starts_with(beginning)) found.push_back(entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

/// The prefix of the python3 that a shell would start. Links are not resolved: in a virtual environment python3 links
/// elsewhere.
fs::path python_prefix() {
  const char* path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "");
  std::error_code unreadable;
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (!directory.empty() && fs::exists(fs::path(directory) / "python3", unreadable)) {
      return fs::path(directory).parent_path();
    }
  }
  return {};
}

/// The library directories of each toolkit.
Paths of_toolkits(const Paths& toolkits) {
  Paths directories;
  for (const fs::path& toolkit : toolkits) {
    for (const char* folder : {"lib64", "lib"}) directories.push_back(toolkit / folder);
  }
  return directories;
}

/// The directories of NVIDIA's pip packages under a prefix such as /usr.
Paths of_packages(const fs::path& prefix) {
  Paths directories;
  for (const fs::path& python : entries(prefix / "lib", "python3")) {
    for (const char* packages : {"site-packages", "dist-packages"}) {
      for (const char* beginning : {"cu", "nccl"}) {
        for (const fs::path& package : entries(python / packages / "nvidia", beginning))
          directories.push_back(package / "lib");
      }
    }
  }
  return directories;
}

void* open(const std::string& file, int mode = RTLD_NOW) { return dlopen(file.c_str(), mode | RTLD_LOCAL); }

}  // namespace

std::vector<fs::path> vendor_directories() {
  Paths all;
  const auto add = [&](const Paths& directories) {
    std::error_code unreadable;
    for (const fs::path& directory : directories) {
      const fs::path real = fs::canonical(directory, unreadable);  // lib64 is often a link to lib
      if (fs::is_directory(real, unreadable) && std::find(all.begin(), all.end(), real) == all.end()) {
        all.push_back(real);
      }
    }
  };
  const fs::path conda = variable("CONDA_PREFIX"), home = variable("HOME");
  for (const char* toolkit : {"CUDA_PATH", "CUDA_HOME"}) {
    if (const fs::path path = variable(toolkit); !path.empty()) add(of_toolkits({path}));
  }
  const Paths prefixes{
      variable("VIRTUAL_ENV"), conda, python_prefix(), home.empty() ? home : home / ".local", "/usr/local", "/usr"};
  for (const fs::path& prefix : prefixes) {
    if (!prefix.empty()) add(of_packages(prefix));
  }
  if (!conda.empty()) add({conda / "lib"});
  add(of_toolkits(entries("/usr/local", "cuda")));
  add({"/opt/cuda/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib64"});
  return all;
}

void* load(const VendorLibrary& library) {
  if (void* found = open(library.file)) return found;
  std::string looked_in, trouble;
  for (const fs::path& directory : vendor_directories()) {
    const fs::path file = directory / library.file;
    std::error_code unreadable;
    if (fs::exists(file, unreadable)) {
      if (void* found = open(file.string())) return found;
      trouble = dlerror();
    }
    looked_in += ", " + directory.string();
  }
  EXPECTS(trouble.empty(), "device: cuda needs ", library.name, ", but the installed one cannot be loaded (", trouble,
          "); reinstall it, or use --device cpu");
  throw engine::Error(engine::concat(
      "device: cuda needs ", library.name, ", and there is no ", library.file,
      " in LD_LIBRARY_PATH, the loader's cache", looked_in, "; install it with `pip install ", library.package,
      "`, set CUDA_PATH to a toolkit or LD_LIBRARY_PATH to the directory that has it, or use --device cpu"));
}

void* load_if_present(const VendorLibrary& library) {
  try {
    return load(library);
  } catch (const engine::Error&) { return nullptr; }
}

bool is_loaded(const VendorLibrary& library) { return open(library.file, RTLD_NOW | RTLD_NOLOAD) != nullptr; }

void* function_of(const VendorLibrary& library, const char* name) {
  void* function = dlsym(load(library), name);
  EXPECTS(function != nullptr, "device: ", library.file, " has no ", name, ": it is of another version than ",
          library.name, " should be here; install a newer one with `pip install --upgrade ", library.package, "`");
  return function;
}

}  // namespace kernels::cuda
