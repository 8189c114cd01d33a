#include "kernels/cuda/vendor_library.h"

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>

#include "kernels/runtime/error.h"
#include "tests/engine/io/scratch_directory.h"

using namespace kernels::cuda;
namespace fs = std::filesystem;

namespace {

/// Sets or unsets an environment variable until the end of the scope.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { set(before_); }

 private:
  void set(const std::string& value) const {
    if (value.empty()) {
      unsetenv(name_);
    } else {
      setenv(name_, value.c_str(), 1);
    }
  }
  const char* name_;
  std::string before_;
};

/// An environment in which libraries are found only under `home` and where the machine has them installed.
struct Environment {
  explicit Environment(const fs::path& of_user) : home("HOME", of_user.string()) {}
  Variable home, path{"PATH", ""}, cuda_path{"CUDA_PATH", ""}, cuda_home{"CUDA_HOME", ""};
  Variable virtual_environment{"VIRTUAL_ENV", ""}, conda{"CONDA_PREFIX", ""};
};

constexpr VendorLibrary kProbe{"Probe 1", "libantipode-probe.so.1", "nvidia-probe"};

/// Puts kProbe into a directory: a link to a library that this program has already loaded.
void put_probe(const fs::path& directory) {
  Dl_info standard_library{};
  REQUIRE(dladdr(reinterpret_cast<void*>(&std::terminate), &standard_library) != 0);
  REQUIRE(std::string(standard_library.dli_fname).find("libstdc++") != std::string::npos);
  fs::create_directories(directory);
  fs::create_symlink(standard_library.dli_fname, directory / kProbe.file);
}

}  // namespace

TEST_CASE("cuda vendor library: looked for in toolkits, then Python's packages, then conda") {
  const ScratchDirectory scratch;
  const Environment environment(scratch / "home");
  const std::size_t installed = vendor_directories().size();
  const char* expected[] = {"toolkit/lib64",
                            "toolkit/lib",
                            "venv/lib/python3.11/site-packages/nvidia/cudnn/lib",
                            "venv/lib/python3.11/site-packages/nvidia/cu13/lib",
                            "python/lib/python3/dist-packages/nvidia/cublas/lib",
                            "home/.local/lib/python3.12/site-packages/nvidia/cudnn/lib",
                            "home/.local/lib/python3.11/site-packages/nvidia/cudnn/lib",
                            "conda/lib"};
  for (const char* directory : expected) fs::create_directories(scratch / directory);
  fs::create_directory(scratch / "python/bin");
  std::ofstream(scratch / "python/bin/python3");

  const Variable toolkit("CUDA_PATH", scratch / "toolkit"), same("CUDA_HOME", scratch / "toolkit"),
      venv("VIRTUAL_ENV", scratch / "venv"), conda("CONDA_PREFIX", scratch / "conda"),
      path("PATH", "::relative:" + (scratch / "nothing").string() + ":" + (scratch / "python/bin").string());
  const std::vector<fs::path> directories = vendor_directories();
  std::vector<fs::path> ours;
  for (const char* directory : expected) ours.push_back(fs::canonical(scratch / directory));
  CHECK(directories.size() == installed + ours.size());
  auto at = directories.begin();
  for (const fs::path& directory : ours) {
    CAPTURE(directory);
    at = std::find(at, directories.end(), directory);
    CHECK(at != directories.end());
  }
}

TEST_CASE("cuda vendor library: loaded where it is found") {
  const ScratchDirectory scratch;
  const Environment environment(scratch.path());
  put_probe(scratch / "toolkit" / "lib64");
  const Variable toolkit("CUDA_PATH", scratch / "toolkit");
  CHECK(load(kProbe) != nullptr);
  CHECK(function_of(kProbe, "_ZSt9terminatev") == reinterpret_cast<void*>(&std::terminate));
  CHECK_THROWS_WITH_AS(
      function_of(kProbe, "cudnnTomorrow"),
      "device: libantipode-probe.so.1 has no cudnnTomorrow: it is of another version than Probe 1 should "
      "be here; install a newer one with `pip install --upgrade nvidia-probe`",
      engine::Error);
  CHECK(is_loaded({"the standard library", "libstdc++.so.6", ""}));
}

TEST_CASE("cuda vendor library: one that is nowhere, and one that is damaged, are told apart") {
  const ScratchDirectory scratch;
  const Environment environment(scratch.path());
  const Variable toolkit("CUDA_PATH", scratch / "toolkit");
  fs::create_directories(scratch / "toolkit" / "lib64");
  const std::string nowhere =
      "device: cuda needs Probe 1, and there is no libantipode-probe.so.1 in LD_LIBRARY_PATH, the loader's cache, " +
      (fs::canonical(scratch / "toolkit") / "lib64").string();
  CHECK_THROWS_WITH_AS(load(kProbe), doctest::Contains(nowhere.c_str()), engine::Error);
  CHECK_THROWS_WITH_AS(load(kProbe),
                       doctest::Contains("; install it with `pip install nvidia-probe`, set CUDA_PATH to a toolkit or "
                                         "LD_LIBRARY_PATH to the directory that has it, or use --device cpu"),
                       engine::Error);
  CHECK_FALSE(is_loaded(kProbe));
  CHECK(load_if_present(kProbe) == nullptr);

  const fs::path file = fs::canonical(scratch / "toolkit") / "lib64" / kProbe.file;
  std::ofstream(file) << "no library";
  const std::string damaged = "device: cuda needs Probe 1, but the installed one cannot be loaded (" + file.string();
  CHECK_THROWS_WITH_AS(load(kProbe), doctest::Contains(damaged.c_str()), engine::Error);
  CHECK(load_if_present(kProbe) == nullptr);
  fs::remove(file);
  put_probe(scratch / "home/.local/lib/python3.11/site-packages/nvidia/cu13/lib");
  const Variable home("HOME", scratch / "home");
  CHECK(load_if_present(kProbe) != nullptr);
  CHECK(load(kProbe) != nullptr);
}
