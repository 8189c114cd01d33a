#include <iostream>

#include "apps/kmeans/cluster_images.h"
#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/run/signals.h"

namespace {

int kmeans(int argc, char** argv) {
  apps::KMeansSettings settings;
  if (!apps::parse(argc, argv, settings)) return apps::kSuccess;
  apps::stop_on_signals();
  std::cout << apps::result_line(apps::cluster_images(settings)) << '\n';
  return apps::kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, kmeans); }
