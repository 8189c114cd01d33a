#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/pack/packing.h"
#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "apps/run/main.h"

namespace {

using namespace apps;

int pack(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  PackSettings settings;
  if (!parse(argc, argv, settings)) return kSuccess;
  const Clock::time_point begin = Clock::now();
  const bool verifies = !settings.verify.empty();
  const Packing packing = verifies ? verify(settings) : pack(settings);
  nlohmann::ordered_json result{{"file", verifies ? settings.verify : settings.out},
                                {"examples", packing.train + packing.test},
                                {"train", packing.train},
                                {"test", packing.test},
                                {"bytes", packing.bytes},
                                {"seconds", std::chrono::duration<double>(Clock::now() - begin).count()}};
  if (packing.skipped) {
    result["skipped"] = packing.skipped->count();
    for (const auto& [file, reason] : packing.skipped->reasons()) std::cerr << "pack: replaced: " << reason << "\n";
  }
  std::cout << json_text(result) << "\n";
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, pack); }
