#include <doctest/doctest.h>

#include <unistd.h>

#include "kernels/collectives.h"
#include "kernels/context.h"
#include "tests/engine/io/message_of.h"
#include "tests/ranks/ranks.h"

using engine::Communicator;
using engine::Dtype;
using engine::Shape;
using engine::View;

namespace {

/// Values of a rank whose sum depends on the order in which they are added.
template <class T>
T value_of(int rank, std::int64_t i) {
  const double value = static_cast<double>((i + 1) * (2 * rank + 7919) % 104729) / 104729;
  return static_cast<T>(rank % 2 == 0 ? value : -1000 * value);
}

template <class T>
std::vector<T> values_of(int rank, std::int64_t count) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(value_of<T>(rank, i));
  return values;
}

/// Added rank after rank.
template <class T>
std::vector<T> sums_of(int ranks, std::int64_t count) {
  std::vector<T> sums = values_of<T>(0, count);
  for (int rank = 1; rank < ranks; ++rank) {
    const std::vector<T> values = values_of<T>(rank, count);  // rounded, before they are added
    for (std::size_t i = 0; i < values.size(); ++i) sums[i] += values[i];
  }
  return sums;
}

template <class T>
View view_of(std::vector<T>& values, const Shape& shape) {
  return {values.data(), engine::dtype_of<T>, shape};
}

/// Below and above the size from which sums are shared among the ranks, and one that chunks and ranks do not divide.
constexpr std::int64_t kCounts[] = {1, 3, 1000, 5000, 1'100'017};

}  // namespace

TEST_CASE("communicator: all_reduce adds in the order of the ranks, the same bytes everywhere") {
  Communicator& ranks = tests::ranks();
  for (const std::int64_t count : kCounts) {
    CAPTURE(count);
    std::vector<float> x = values_of<float>(ranks.rank(), count);
    ranks.all_reduce(view_of(x, {count}));
    CHECK(x == sums_of<float>(ranks.ranks(), count));
    std::vector<double> y = values_of<double>(ranks.rank(), count);
    ranks.all_reduce(view_of(y, {count}));
    CHECK(y == sums_of<double>(ranks.ranks(), count));
  }
}

TEST_CASE("communicator: bf16 is added in f32 and rounded once") {
  Communicator& ranks = tests::ranks();
  if (ranks.ranks() == 1) return;
  for (const std::int64_t count : kCounts) {
    CAPTURE(count);
    std::vector<engine::bf16> x;
    std::vector<float> sums(static_cast<std::size_t>(count)), y;
    for (const float value : values_of<float>(ranks.rank(), count)) x.emplace_back(value);
    ranks.all_reduce(view_of(x, {count}));
    for (int rank = 0; rank < ranks.ranks(); ++rank) {
      const std::vector<float> values = values_of<float>(rank, count);
      for (std::size_t i = 0; i < values.size(); ++i) sums[i] += static_cast<float>(engine::bf16(values[i]));
    }
    for (float& sum : sums) sum = static_cast<float>(engine::bf16(sum));
    for (const engine::bf16 value : x) y.push_back(static_cast<float>(value));
    CHECK(y == sums);
  }
}

TEST_CASE("communicator: sums go on beside other functions, and end with the bytes of all_reduce") {
  Communicator& ranks = tests::ranks();
  std::vector<std::vector<float>> begun;
  for (const std::int64_t count : kCounts) begun.push_back(values_of<float>(ranks.rank(), count));
  for (std::size_t i = 0; i < begun.size(); ++i) {
    ranks.begin_all_reduce(view_of(begun[i], {kCounts[i]}));
    std::vector<double> other = values_of<double>(ranks.rank(), 3000);  // a sum of the other kind in between
    ranks.all_reduce(view_of(other, {3000}));
    CHECK(other == sums_of<double>(ranks.ranks(), 3000));
    CHECK(ranks.highest(ranks.rank()) == ranks.ranks() - 1);
  }
  CHECK(ranks.finish_all_reduces() >= 0);
  for (std::size_t i = 0; i < begun.size(); ++i) CHECK(begun[i] == sums_of<float>(ranks.ranks(), kCounts[i]));
  CHECK(ranks.finish_all_reduces() == 0);  // nothing is left
}

TEST_CASE("communicator: all_gather gives every rank the parts of all") {
  Communicator& ranks = tests::ranks();
  for (const std::int64_t count : kCounts) {
    CAPTURE(count);
    std::vector<float> x(static_cast<std::size_t>(ranks.ranks() * count), -1), expected;
    for (int rank = 0; rank < ranks.ranks(); ++rank) {
      const std::vector<float> part = values_of<float>(rank, count);
      if (rank == ranks.rank()) std::copy(part.begin(), part.end(), x.begin() + rank * count);
      expected.insert(expected.end(), part.begin(), part.end());
    }
    ranks.all_gather(view_of(x, {ranks.ranks(), count}));
    CHECK(x == expected);
  }
}

TEST_CASE("communicator: reduce_scatter leaves each rank the sums of its part") {
  Communicator& ranks = tests::ranks();
  const std::int64_t count = 1001, all = ranks.ranks() * count, first = ranks.rank() * count;
  std::vector<float> x = values_of<float>(ranks.rank(), all);
  const std::vector<float> sums = sums_of<float>(ranks.ranks(), all);
  ranks.reduce_scatter(view_of(x, {all}));
  CHECK(std::equal(x.begin() + first, x.begin() + first + count, sums.begin() + first));
}

TEST_CASE("communicator: broadcast gives every rank what one has") {
  Communicator& ranks = tests::ranks();
  for (int from = 0; from < ranks.ranks(); ++from) {
    std::vector<std::int64_t> x{ranks.rank(), 10 * ranks.rank()};
    ranks.broadcast(view_of(x, {2}), from);
    CHECK(x == std::vector<std::int64_t>{from, 10 * from});
  }
}

TEST_CASE("communicator: ranks agree on the highest value, and exchange texts of any length") {
  Communicator& ranks = tests::ranks();
  CHECK(ranks.highest(ranks.rank() == 1 ? 75 : 0) == (ranks.ranks() > 1 ? 75 : 0));
  CHECK(ranks.highest(-5 - ranks.rank()) == -5);
  const auto text_of = [](int rank) {
    return std::string(static_cast<std::size_t>(rank) * 1000, 'a' + static_cast<char>(rank));
  };
  std::vector<std::string> expected;
  for (int rank = 0; rank < ranks.ranks(); ++rank) expected.push_back(text_of(rank));
  CHECK(ranks.exchange(text_of(ranks.rank())) == expected);
  CHECK(ranks.exchange("").back().empty());
}

TEST_CASE("communicator: parts that are not equal and sums of whole numbers are refused on every rank") {
  Communicator& ranks = tests::ranks();
  if (ranks.ranks() == 1) return;  // nothing to do, so nothing to refuse
  std::vector<std::int32_t> whole(1);
  CHECK(message_of<engine::Error>([&] { ranks.all_reduce(view_of(whole, {1})); }) ==
        "all_reduce: sums are of f32, f64 or bf16, got i32");
  std::vector<float> uneven(static_cast<std::size_t>(ranks.ranks() + 1));
  const std::string said = message_of<engine::Error>([&] { ranks.all_gather(view_of(uneven, {ranks.ranks() + 1})); });
  CHECK(said.starts_with("all_gather: "));
  CHECK(said.find("ranks need equal numbers of rows, got [") != said.npos);
}

TEST_CASE("communicator: a context has its ranks, and kernels between them are timed like others") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1, .communicator = &tests::ranks()});
  CHECK(context.ranks() == tests::ranks().ranks());
  context.profiler().enable(true);
  std::vector<float> x{1, 2};
  kernels::all_reduce(context, {.x = view_of(x, {2})});
  CHECK(x == std::vector<float>{static_cast<float>(context.ranks()), static_cast<float>(2 * context.ranks())});
  CHECK(context.profiler().entries().at("all_reduce").calls == 1);
  CHECK(kernels::make_context({.device = {}, .threads = 1}).ranks() == 1);
}

TEST_CASE("communicator: waiting for a rank that does not answer ends with a sentence") {
  Communicator& ranks = tests::ranks();
  if (ranks.ranks() == 1) return;
  ranks.set_patience(0.1);
  if (ranks.rank() == 0) {
    const std::string said = message_of<engine::Error>([&] { ranks.highest(1); });
    CHECK(said.starts_with("rank 0 has waited 0.1 s for the other "));
  } else {
    usleep(400'000);
    ranks.highest(1);  // what rank 0 has given up still arrives
  }
  ranks.set_patience(20);
  ranks.barrier();
}
