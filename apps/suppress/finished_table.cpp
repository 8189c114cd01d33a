#include "apps/suppress/finished_table.h"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "apps/run/metrics.h"
#include "apps/run/occupied_directory.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/run/run_lock.h"
#include "apps/run/signals.h"
#include "apps/suppress/run_table.h"
#include "apps/suppress/table_results.h"
#include "apps/train/make_context.h"
#include "apps/train/run_start.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// The runs may lie where nothing can be written.
void make_out(const fs::path& out) {
  try {
    engine::create_directories(out);
  } catch (const engine::Error& error) {
    throw engine::Error(engine::concat(error.what(), "; give --out DIR to store the results elsewhere"));
  }
}

/// The same images in another place.
void move_images(RunTable& table, const std::string& images) {
  for (const TableRow& row : table.rows) {
    if (nested(row.images) == nested(table.rows.front().images)) continue;
    throw UsageError(engine::concat("--data: the runs have different images, ", table.rows.front().images, " and ",
                                    row.images, "; leave it out"));
  }
  for (TableRow& row : table.rows) {
    row.images = images;
    for (std::vector<TableRun>& arm : row.arms) {
      for (TableRun& run : arm) {
        PlantedIn& planted = run.planted;
        const bool in_expression = planted.plant && run.config.data.bits == 0;
        planted.images = images;
        run.config.data.source = in_expression ? planted.plant->source(images, planted.showing) : images;
      }
    }
  }
}

std::int64_t number_of_runs(const RunTable& table) {
  std::int64_t runs = 0;
  for (const TableRow& row : table.rows)
    for (const auto& arm : row.arms) runs += std::ssize(arm);
  return runs;
}

/// A clean run is in the rows of all strengths, and looked at once.
std::vector<Json> look_at_rows(const RunTable& table, const KeptWeights::Options& options) {
  KeptWeights weights(options);
  std::map<std::string, KeptWeights::Looks> seen;  // by run
  std::int64_t done = 0;
  Progress progress({.label = "suppress", .unit = "runs", .total = number_of_runs(table)});
  std::vector<Json> rows;
  for (const TableRow& row : table.rows) {
    RowLooks looks;
    for (std::size_t arm = 0; arm < row.arms.size(); ++arm) {
      for (const TableRun& run : row.arms[arm]) {
        if (!seen.contains(run.name)) {
          auto found = weights.look(run);
          if (!found) {
            throw Interrupted(engine::concat("stopped by ", signal_name(stop_signal()),
                                             " before everything was looked at; nothing was written, and the same "
                                             "command begins again"));
          }
          seen[run.name] = std::move(*found);
        }
        looks[arm].push_back(seen[run.name]);
        progress.update(++done, run.name);
      }
    }
    rows.push_back(row_json(row, looks));
  }
  return rows;
}

std::string environment_of(const KeptWeights::Options& options, std::span<char* const> argv) {
  Compute compute;
  if (options.device) compute.device = *options.device;
  if (options.threads) compute.threads = *options.threads;
  return environment_json(make_context(compute), compute.device, argv);
}

Json summary_of(const Json& results, const fs::path& out, double seconds) {
  Json summary{{"table", results["table"]}, {"out", out.string()}, {"rows", Json::array()}};
  for (const Json& row : results["rows"]) {
    const Json& verdict = row["verdict"];
    summary["rows"].push_back({{"plant", row["plant"]},
                               {"settings", row["settings"]},
                               {"verdict", verdict.is_null() ? Json() : verdict["kind"]},
                               {"text", verdict.is_null() ? row["recorded"] : verdict["conclusion"]}});
  }
  summary["left_out"] = results["left_out"].size();
  summary["seconds"] = seconds;
  return summary;
}

}  // namespace

void suppress_table(const TableRequest& request, std::span<char* const> argv) {
  const auto begin = Progress::Clock::now();
  const fs::path& out = request.out;
  RunTable table = read_run_table(request.directory);
  if (request.images) move_images(table, *request.images);
  refuse_occupied(out, {"config.toml", "results.json", "suppress.json", kMetricsFile}, "has a report of its own");
  make_out(out);
  const RunLock lock(out);
  for (const std::string& sentence : table.left_out) std::cerr << "suppress: left out: " << sentence << '\n';
  const Json results = table_json(request.directory, table, look_at_rows(table, request.looks),
                                  request.looks.probe_images, environment_of(request.looks, argv));
  engine::atomic_write_file(out / "suppression.json", json_text(results, 2) + "\n");
  engine::atomic_write_file(out / "report.md", table_markdown(results));
  if (request.report) draw_report(out);
  const double seconds = std::chrono::duration<double>(Progress::Clock::now() - begin).count();
  std::cout << json_text(summary_of(results, out, seconds)) << std::endl;
}

}  // namespace apps
