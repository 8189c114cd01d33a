#include "apps/bench/works.h"

#include <doctest/doctest.h>

#include <cmath>

#include "apps/run/exit_code.h"
#include "kernels/context.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

constexpr WorkOptions kTiny{.batch_size = 4, .image_size = 32, .rows = 6, .dim = 5};

float loss_of(const Work& work) { return work.run().to_host<float>().at(0); }

}  // namespace

TEST_CASE("bench works: each runs again and again, and its loss is finite") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  for (const std::string name : {"convn", "resnet18", "resnet50", "simclr", "queue-step", "byol-step",
                                 "supervised-step", "vae-step", "nt-xent", "swd"}) {
    CAPTURE(name);
    CHECK(list_works().find("\n  " + name + " ") != std::string::npos);
    const Work work = make_work(context, name, kTiny);
    const bool is_loss = name == "nt-xent" || name == "swd";
    CHECK(work.name.starts_with(name));
    CHECK(work.items == (is_loss ? 6 : 4));
    const float first = loss_of(work), second = loss_of(work);
    CHECK(first > 0);
    CHECK(std::isfinite(second));
    CHECK((first == second) == is_loss);  // the others train, so their loss changes
  }
}

TEST_CASE("bench works: parts of a step run again and again") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  for (const std::string name : {"batch-norm", "lars", "decoupled", "queue"}) {
    CAPTURE(name);
    const Work work = make_work(context, name, kTiny);
    CHECK(work.name.starts_with(name));
    CHECK(std::isfinite(loss_of(work)));
    CHECK(std::isfinite(loss_of(work)));
  }
}

TEST_CASE("bench works: losses that draw are finite, and the same in every run") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  for (const std::string name : {"sigreg", "visreg"}) {
    CAPTURE(name);
    const Work work = make_work(context, name, kTiny);
    CHECK(work.name == name + " forward and backward, 6 rows of 5");
    CHECK(work.items == 6);
    const float first = loss_of(work);
    CHECK(first > 0);
    CHECK(first == loss_of(work));
    CHECK(message_of<UsageError>([&] { make_work(context, name, {.rows = 3}); }) ==
          "--rows must be even, half of them for each view, got 3");
  }
}

TEST_CASE("bench works: more steps than a run's status has room for") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  const Work work = make_work(context, "convn", {.batch_size = 2});
  for (int i = 0; i < 1100; ++i) work.run();
  CHECK(std::isfinite(loss_of(work)));
}

TEST_CASE("bench works: what is wrong is one sentence") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  const auto refusal = [&](const std::string& name, const WorkOptions& options) {
    return message_of<UsageError>([&] { make_work(context, name, options); });
  };
  CHECK(refusal("resnet", kTiny) == "there is no work 'resnet'; the nearest is resnet18");
  for (const std::string name : {"nt-xent", "decoupled"}) {
    CHECK(refusal(name, {.rows = 3}) == "--rows must be even, half of them for each view, got 3");
  }
  CHECK(refusal("convn", {.batch_size = 1}).starts_with("--batch-size must be a whole number from 2 to "));
}
