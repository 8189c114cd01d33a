#include <iostream>

#include "apps/measure/measurement.h"
#include "apps/measure/output.h"
#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/train/make_context.h"
#include "engine/io/npy.h"

namespace {

using namespace apps;

void save_gradient(const Measurement& measurement, const Embeddings& embeddings, const MeasureSettings& settings) {
  const std::vector<float>& gradient = measurement.losses.front().gradient;
  engine::save_npy(settings.gradient, {.type = engine::StoredType::f32,
                                       .shape = {embeddings.rows.count(), embeddings.rows.columns},
                                       .bytes = std::as_bytes(std::span(gradient))});
}

int measure(int argc, char** argv) {
  MeasureSettings settings;
  if (!parse(argc, argv, settings)) return kSuccess;
  const Embeddings embeddings = read_embeddings(settings);
  const Compute& compute = settings.config.run.compute;
  const engine::Context context = make_context(compute);
  warn_of_threads(context, compute.threads, "measure");
  const Measurement measurement = measure(context, embeddings, settings);
  if (!settings.gradient.empty()) save_gradient(measurement, embeddings, settings);
  std::cout << (settings.json ? json_line(measurement, embeddings, settings) + "\n"
                              : table_text(measurement, embeddings));
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, measure); }
