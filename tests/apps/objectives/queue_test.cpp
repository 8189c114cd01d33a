#include "apps/objectives/queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/apps/objectives/objective_bench.h"

using tests::ObjectiveBench;

namespace {

constexpr std::size_t kWidth = 64;

bool unit_rows(const std::vector<float>& rows) {
  for (std::size_t i = 0; i < rows.size(); i += kWidth) {
    double squares = 0;
    for (std::size_t j = i; j < i + kWidth; ++j) squares += static_cast<double>(rows[j]) * static_cast<double>(rows[j]);
    if (std::abs(squares - 1) > 1e-5) return false;
  }
  return true;
}

/// Which rows of two queues are the same.
std::vector<bool> kept(const std::vector<float>& before, const std::vector<float>& after) {
  std::vector<bool> same;
  for (std::size_t i = 0; i < before.size(); i += kWidth) {
    same.push_back(std::equal(before.begin() + static_cast<std::ptrdiff_t>(i),
                              before.begin() + static_cast<std::ptrdiff_t>(i + kWidth),
                              after.begin() + static_cast<std::ptrdiff_t>(i)));
  }
  return same;
}

}  // namespace

TEST_CASE("queue objective: the queue starts with random unit rows of the seed") {
  const ObjectiveBench one({{"objective.name", "queue"}, {"queue.size", "48"}}),
      same({{"objective.name", "queue"}, {"queue.size", "48"}}),
      other({{"objective.name", "queue"}, {"queue.size", "48"}, {"train.seed", "2"}});
  CHECK(one.values("queue.keys").size() == 48 * kWidth);
  CHECK(unit_rows(one.values("queue.keys")));
  CHECK(one.values("queue.keys") == same.values("queue.keys"));
  CHECK(one.values("queue.keys") != other.values("queue.keys"));
}

TEST_CASE("queue objective: each step's unit keys replace the oldest rows, and the momentum encoder follows") {
  for (const char* groups : {"1", "4"}) {
    ObjectiveBench bench({{"objective.name", "queue"},
                          {"queue.size", "48"},
                          {"queue.batch_norm_groups", groups},
                          {"momentum_encoder.momentum", "0.5"}});
    CHECK(bench.values("momentum.encoder.conv1.weight") == bench.values("encoder.conv1.weight"));
    for (std::size_t step = 0; step < 4; ++step) {
      const std::vector<float> queue = bench.values("queue.keys"), key = bench.values("momentum.encoder.conv1.weight");
      bench.train();
      const std::vector<bool> same = kept(queue, bench.values("queue.keys"));
      for (std::size_t row = 0; row < 48; ++row) CHECK(same[row] == (row / 16 != step % 3));
      CHECK(unit_rows(bench.values("queue.keys")));
      const std::vector<float> trained = bench.values("encoder.conv1.weight"),
                               now = bench.values("momentum.encoder.conv1.weight");
      for (std::size_t i = 0; i < key.size(); ++i) CHECK(now[i] == doctest::Approx((key[i] + trained[i]) / 2));
    }
  }
}

TEST_CASE("queue objective: symmetric keys enter queues of their own") {
  ObjectiveBench bench({{"objective.name", "queue"}, {"queue.size", "32"}, {"queue.symmetric", "on"}});
  const std::vector<float> before = bench.values("queue.keys");
  CHECK(before.size() == 2 * 32 * kWidth);
  bench.train();
  const std::vector<bool> same = kept(before, bench.values("queue.keys"));
  for (std::size_t row = 0; row < 64; ++row) CHECK(same[row] == (row % 32 >= 16));
}

TEST_CASE("queue objective: keys and momentum encoder stay as they are once a number was not finite") {
  ObjectiveBench bench({{"objective.name", "queue"}, {"queue.size", "32"}});
  bench.train();
  const engine::Tensor weight = bench.model.parameters.value(0);
  std::vector<float> broken = weight.to_host<float>();
  broken[0] = std::nanf("");
  weight.upload<float>(broken);
  const std::vector<float> queue = bench.values("queue.keys"), key = bench.values("momentum.encoder.conv1.weight");
  bench.train();
  bench.train();
  CHECK(bench.values("queue.keys") == queue);
  CHECK(bench.values("momentum.encoder.conv1.weight") == key);
  bench.status.collect();
  CHECK(bench.status.nonfinite());
}

TEST_CASE("queue objective: shuffling changes which images share statistics, and with one group nothing") {
  const auto loss = [](const char* groups, const char* shuffle) {
    ObjectiveBench bench({{"objective.name", "queue"},
                          {"queue.size", "32"},
                          {"queue.batch_norm_groups", groups},
                          {"queue.shuffle", shuffle}});
    return bench.train();
  };
  CHECK(loss("1", "on") == loss("1", "off"));
  CHECK(loss("4", "on") != loss("4", "off"));
}
