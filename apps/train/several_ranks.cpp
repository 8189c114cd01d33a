#include "apps/train/several_ranks.h"

#include <fmt/format.h>

#include <sstream>
#include <string>
#include <vector>

#include "apps/config/fields.h"
#include "apps/run/build_info.h"
#include "apps/run/exit_code.h"
#include "kernels/context.h"

namespace apps {
namespace {

/// How many random directions the loss takes; 0 if it takes none.
std::int64_t slices_of(const Config& config) {
  if (config.objective.name != ObjectiveName::contrastive || !losses::has_slices(config.loss.name)) return 0;
  const std::int64_t slices = *config.loss.resolved().slices;
  return slices > 0 ? slices : config.model.head.out;
}

/// What must be equal on all ranks, one per line.
std::string description(const engine::Context& context, const Config& config, const DataFingerprint& data) {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view value) {
    text += fmt::format("{} = {}\n", name, value);
  };
  const BuildInfo build = build_info();
  add("version", build.version);
  add("commit", build.git_sha);
  add("uncommitted changes", build.git_dirty ? "some" : "none");
  add("compiler", build.compiler);
  add("compiler flags", build.flags);
  add("device", context.backend().model());
  for (const auto& [library, version] : kernels::library_versions()) add(library, version);
  add("threads", std::to_string(context.threads()));
  for (const ConfigField& field : config_table()) {
    if (field.key != "run.threads") add(field.key, field.text(config));
  }
  add("SHA-256 of the training data", data.train);
  add("SHA-256 of the test data", data.test);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The first line of `text` that is not in `other`; both say things in one order.
std::string difference(const std::string& text, const std::string& other) {
  const std::vector<std::string> all = lines_of(text), others = lines_of(other);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i >= others.size() || all[i] != others[i]) return all[i];
  }
  return "less to say";
}

}  // namespace

void check_computes_on_ranks(const Config& config, const engine::Communicator& ranks) {
  if (ranks.ranks() == 1) return;
  const std::int64_t count = ranks.ranks();
  const auto refuse = [&](const std::string& what, const std::string& remedy) {
    throw UsageError(fmt::format("{} with {} ranks; {}", what, count, remedy));
  };
  const auto expect_divisible = [&](std::string_view name, std::int64_t value) {
    const std::int64_t fits = value / count * count;
    if (fits == value) return;
    refuse(fmt::format("{} {} cannot be divided equally", name, value),
           fits == 0 ? fmt::format("give {}", count) : fmt::format("give {} or {}", fits, fits + count));
  };
  const std::string alone = "start one process without mpirun or srun";
  const engine::Device& device = config.run.compute.device;
  if (device.kind == engine::DeviceKind::cuda && device.index > 0)
    refuse(engine::concat("--device ", device, " names one GPU and does not compute"),
           "use --device cuda, with which each rank takes a GPU of its own; CUDA_VISIBLE_DEVICES chooses among them");
  if (config.data.skip_bad) refuse("data.skip_bad does not count the images", "set it to off, or " + alone);
  expect_divisible("--batch-size", config.train.batch_size);
  if (config.objective.name == ObjectiveName::queue && config.queue.batch_norm_groups > 1)
    expect_divisible("queue.batch_norm_groups", config.queue.batch_norm_groups);
  if (const std::int64_t slices = slices_of(config); slices > 0 && slices < count)
    refuse(fmt::format("the {} slices of --loss {} are too few, as each rank takes some,", slices,
                       engine::name(config.loss.name)),
           fmt::format("give --set loss.slices={} or more", count));
}

void check_same_on_ranks(const engine::Context& context, const Config& config, const DataFingerprint& data) {
  engine::Communicator& ranks = context.communicator();
  if (ranks.ranks() == 1) return;
  const std::vector<std::string> all = ranks.exchange(description(context, config, data));
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    throw UsageError(
        fmt::format("rank {} has {}, and rank 0 has {}: all ranks must compute one run; start them with the same "
                    "arguments, data, build and number of threads",
                    rank, difference(all[rank], all[0]), difference(all[0], all[rank])));
  }
}

}  // namespace apps
