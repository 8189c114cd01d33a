// NCCL's whole sequence of calls without a GPU: ranks in processes of their own, each with an interpreter for a device.
#include "kernels/cuda/nccl_communicator.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/device_wait.h"
#include "kernels/cuda/make_backend.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/simt/interpreter/global_memory.h"
#include "tests/simt/interpreter/stream.h"
#include "tests/simt/nccl/ranks_in_processes.h"
#include "tests/simt/nccl/stand_in.h"

using engine::Communicator;
using engine::Dtype;
using engine::View;
using kernels::cuda::CudaBackend;
using kernels::cuda::NcclCommunicator;
namespace nccl = kernels::cuda::nccl;

namespace {

/// A rank's device, with its connection to the others'.
struct Rank {
  explicit Rank(Communicator& host) : backend(0), communicator(backend.stream(), host) {
    simt::pace() = simt::Pace::when_awaited;
  }
  template <class T>
  View upload(const std::vector<T>& values, const engine::Shape& shape) {
    void* const memory = backend.allocate(values.size() * sizeof(T));
    backend.copy(memory, values.data(), values.size() * sizeof(T), engine::CopyKind::host_to_device);
    return {memory, engine::dtype_of<T>, shape};
  }
  template <class T>
  std::vector<T> download(const View& x) {
    std::vector<T> values(static_cast<std::size_t>(x.shape.elements()));
    backend.copy(values.data(), x.data, values.size() * sizeof(T), engine::CopyKind::device_to_host);
    return values;
  }
  CudaBackend backend;
  NcclCommunicator communicator;
};

/// Collects what is not as it should be.
struct Complaints {
  void expect(bool right, const std::string& what) {
    if (!right) text += what + "; ";
  }
  std::string text;
};

void expect_none(const std::vector<std::string>& said) {
  for (const std::string& each : said) CHECK(each == "");
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TEST_CASE("nccl: sums, parts and broadcasts of three ranks, in place and in the order of the stream") {
  expect_none(tests::in_processes(3, [](Communicator& host) {
    Rank rank(host);
    Complaints wrong;
    const int r = host.rank();
    const auto own = static_cast<float>(r);

    const View floats = rank.upload<float>({own, 10 * own, 100 * own, 1}, {2, 2});
    rank.communicator.all_reduce(floats);
    rank.communicator.all_reduce(floats);  // of what the first one gives
    wrong.expect(simt::stream(rank.backend.stream()).issued() > 0 && static_cast<const float*>(floats.data)[1] != 90.0f,
                 "done before anybody waits");
    wrong.expect(rank.download<float>(floats) == std::vector<float>{9, 90, 900, 9}, "all_reduce f32");

    const View doubles = rank.upload<double>({1.0 + r, 1e300 * (r == 0 ? 1 : 0)}, {2});
    rank.communicator.all_reduce(doubles);
    wrong.expect(rank.download<double>(doubles) == std::vector<double>{6, 1e300}, "all_reduce f64");

    const View rounded = rank.upload<engine::bf16>({engine::bf16(own), engine::bf16(0.5f)}, {2});
    rank.communicator.begin_all_reduce(rounded);
    rank.communicator.finish_all_reduces();
    wrong.expect(static_cast<float>(rank.download<engine::bf16>(rounded)[0]) == 3 &&
                     static_cast<float>(rank.download<engine::bf16>(rounded)[1]) == 1.5f,
                 "all_reduce bf16");

    std::vector<std::int64_t> parts(6, -1);
    parts[static_cast<std::size_t>(2 * r)] = r;
    parts[static_cast<std::size_t>(2 * r + 1)] = r + 100;
    const View gathered = rank.upload(parts, {3, 2});
    rank.communicator.all_gather(gathered);
    wrong.expect(rank.download<std::int64_t>(gathered) == std::vector<std::int64_t>{0, 100, 1, 101, 2, 102},
                 "all_gather i64");

    const View scattered = rank.upload<float>({1, 2, 3, 4, 5, own}, {3, 2});
    rank.communicator.reduce_scatter(scattered);
    const std::vector<float> sums = rank.download<float>(scattered), expected{3, 6, 9, 12, 15, 3};
    for (std::size_t i = 0; i < 2; ++i) {
      const auto at = static_cast<std::size_t>(2 * r) + i;
      wrong.expect(sums[at] == expected[at], "reduce_scatter");
    }

    for (int from = 0; from < 3; ++from) {
      const View x =
          rank.upload<std::uint8_t>({static_cast<std::uint8_t>(r), 7, static_cast<std::uint8_t>(r + 10)}, {3});
      rank.communicator.broadcast(x, from);
      const auto as = static_cast<std::uint8_t>(from);
      wrong.expect(
          rank.download<std::uint8_t>(x) == std::vector<std::uint8_t>{as, 7, static_cast<std::uint8_t>(as + 10)},
          "broadcast u8");
    }
    const View nothing{floats.data, Dtype::f32, {0, 2}};
    rank.communicator.all_reduce(nothing);
    rank.communicator.all_gather(nothing);
    rank.communicator.reduce_scatter(nothing);
    rank.communicator.broadcast(nothing, 1);
    wrong.expect(rank.communicator.highest(r) == 2, "highest");
    wrong.expect(rank.communicator.exchange(std::to_string(r)) == std::vector<std::string>{"0", "1", "2"}, "exchange");
    return wrong.text;
  }));
}

TEST_CASE("nccl: a captured graph communicates at each launch, between calls that are not captured") {
  expect_none(tests::in_processes(2, [](Communicator& host) {
    Rank rank(host);
    Complaints wrong;
    const View x = rank.upload<float>({1, 2}, {2});
    rank.communicator.all_reduce(x);
    const auto graph = rank.backend.capture([&] {
      rank.communicator.all_reduce(x);
      rank.communicator.all_gather(x);
    });
    wrong.expect(rank.download<float>(x) == std::vector<float>{2, 4}, "capturing computed");
    graph->launch();
    graph->launch();
    rank.communicator.all_reduce(x);
    graph->launch();
    wrong.expect(rank.download<float>(x) == std::vector<float>{32, 64}, "launches");
    return wrong.text;
  }));
}

TEST_CASE("nccl: sums of whole numbers and parts that are not equal are refused before NCCL sees them") {
  expect_none(tests::in_processes(2, [](Communicator& host) {
    Rank rank(host);
    Complaints wrong;
    const View whole = rank.upload<std::int32_t>({1, 2, 3}, {3});
    const auto said = [&](const std::function<void()>& call) {
      try {
        call();
      } catch (const engine::Error& error) { return std::string(error.what()); }
      return std::string();
    };
    wrong.expect(
        said([&] { rank.communicator.all_reduce(whole); }) == "all_reduce: sums are of f32, f64 or bf16, got i32",
        "all_reduce");
    wrong.expect(said([&] {
                   rank.communicator.all_gather(whole);
                 }).starts_with("all_gather: 2 ranks need equal numbers of rows, got "),
                 "all_gather");
    wrong.expect(said([&] { rank.communicator.reduce_scatter(whole); }).starts_with("reduce_scatter: sums are of"),
                 "reduce_scatter");
    return wrong.text;
  }));
}

TEST_CASE("nccl: a failed call is told with NCCL's words, and the rank ends without waiting for others") {
  const auto said = tests::in_processes(2, [](Communicator& host) -> std::string {
    Rank rank(host);
    float on_host[2] = {};
    rank.communicator.all_reduce({on_host, Dtype::f32, {2}});
    return "accepted";
  });
  for (const std::string& each : said)
    CHECK(each ==
          "ncclAllReduce failed: the stand-in refuses: memory that is not the device's; NCCL_DEBUG=WARN in the "
          "environment says more");
}

TEST_CASE("nccl: the stand-in refuses wrong arguments") {
  expect_none(tests::in_processes(2, [](Communicator& host) {
    Rank rank(host);
    Complaints wrong;
    const nccl::Functions& f = nccl::functions();
    const View x = rank.upload<float>({1, 2, 3, 4}, {4});
    auto* const at = static_cast<float*>(x.data);
    cudaStream_t const stream = rank.backend.stream();
    // A second communicator, whose calls are not guarded.
    nccl::Id id{};
    if (host.rank() == 0) f.get_unique_id(&id);
    std::memcpy(id.bytes, host.exchange({id.bytes, sizeof id.bytes})[0].data(), sizeof id.bytes);
    nccl::Comm* comm = nullptr;
    nccl::Config config{.blocking = 0}, blocking, other{.magic = 1};
    wrong.expect(f.comm_init_rank_config(&comm, 2, id, host.rank(), &blocking) != nccl::Result::in_progress,
                 "blocking");
    wrong.expect(f.comm_init_rank_config(&comm, 2, id, host.rank(), &other) != nccl::Result::in_progress, "magic");
    wrong.expect(f.comm_init_rank_config(&comm, 2, id, 2, &config) != nccl::Result::in_progress, "rank");
    f.comm_init_rank_config(&comm, 2, id, host.rank(), &config);
    for (nccl::Result state = nccl::Result::in_progress; state == nccl::Result::in_progress;)
      f.comm_get_async_error(comm, &state);
    const auto refuses = [&](nccl::Result result, const std::string& why) {
      wrong.expect(result != nccl::Result::success && f.get_error_string(result) == "the stand-in refuses: " + why,
                   why);
    };
    const auto sum = nccl::Operation::sum;
    const auto f32 = nccl::Type::f32;
    refuses(f.all_reduce(at, at, 0, f32, sum, comm, stream), "nothing to send");
    refuses(f.all_reduce(at, at, 5, f32, sum, comm, stream), "memory that is not the device's");
    refuses(f.all_reduce(at, at + 1, 2, f32, sum, comm, stream), "buffers that are not in place");
    refuses(f.all_reduce(at, at, 4, nccl::Type::u8, sum, comm, stream), "a sum of bytes");
    refuses(f.all_reduce(at, at, 4, static_cast<nccl::Type>(5), sum, comm, stream), "an unknown type");
    refuses(f.all_reduce(at, at, 4, f32, static_cast<nccl::Operation>(2), comm, stream),
            "another operation than a sum");
    refuses(f.all_reduce(at, at, 4, f32, sum, comm, nullptr), "the default stream");
    refuses(f.all_reduce(at + 1, at + 1, 1, nccl::Type::f64, sum, comm, stream), "memory that is not aligned");
    refuses(f.all_gather(at, at + 2 * (1 - host.rank()), 2, f32, comm, stream), "buffers that are not in place");
    refuses(f.reduce_scatter(at, at + 2 * (1 - host.rank()), 2, f32, sum, comm, stream),
            "buffers that are not in place");
    refuses(f.broadcast(at, at, 4, f32, 2, comm, stream), "the root is no rank");
    f.comm_destroy(comm);
    refuses(f.all_reduce(at, at, 4, f32, sum, comm, stream), "the communicator does not live");
    refuses(f.comm_destroy(comm), "the communicator does not live");
    return wrong.text;
  }));
}

TEST_CASE("nccl: ranks that make different calls are noticed, and their waits end") {
  const auto said = tests::in_processes(2, [](Communicator& host) -> std::string {
    Rank rank(host);
    const View x = rank.upload<float>({1, 2}, {2});
    if (host.rank() == 0)
      rank.communicator.all_reduce(x);
    else
      rank.communicator.broadcast(x, 0);
    rank.backend.synchronize();
    return "finished";
  });
  for (const std::string& each : said) {
    CHECK(each.starts_with("NCCL reports: the stand-in refuses: ranks make different calls: "));
    CHECK(
        each.ends_with("; a rank ended or cannot be reached; what the last checkpoint holds is kept, go on with "
                       "--resume"));
  }
}

TEST_CASE("nccl: a capture on one rank alone is noticed") {
  const auto said = tests::in_processes(2, [](Communicator& host) -> std::string {
    Rank rank(host);
    const View x = rank.upload<float>({1, 2}, {2});
    if (host.rank() == 0)
      rank.backend.capture([&] { rank.communicator.all_reduce(x); })->launch();
    else
      rank.communicator.all_reduce(x);
    rank.backend.synchronize();
    return "finished";
  });
  for (const std::string& each : said) CHECK(each.find("captured") != std::string::npos);
}

TEST_CASE("nccl: waiting for a rank that does not answer ends with a sentence, and so does all that follows") {
  const auto said = tests::in_processes(2, [](Communicator& host) -> std::string {
    std::optional<Rank> rank(host);
    const View x = rank->upload<float>({1, 2}, {2});
    host.barrier();
    if (host.rank() == 1) {  // hangs
      std::this_thread::sleep_for(std::chrono::seconds(3));
      throw engine::Error("awake");
    }
    rank->communicator.set_patience(0.3);
    rank->communicator.all_reduce(x);
    const auto begin = std::chrono::steady_clock::now();
    const std::string first = message_of<engine::Error>([&] { rank->backend.synchronize(); });
    Complaints wrong;
    wrong.expect(first ==
                     "rank 0 has waited 0.3 s for its GPU and the other 1 rank, of which one ended, hangs, or needs "
                     "longer than --rank-timeout; what the last checkpoint holds is kept, go on with --resume",
                 first);
    wrong.expect(seconds_since(begin) < 2.5, "it took too long");
    wrong.expect(message_of<engine::Error>([&] { rank->communicator.all_reduce(x); }) == first, "another call");
    wrong.expect(message_of<engine::Error>([&] { rank->backend.synchronize(); }) == first, "another wait");
    rank->backend.deallocate(x.data, 8);
    rank.reset();
    return wrong.text;
  });
  CHECK(said[0] == "");
  CHECK(said[1] == "awake");
}

TEST_CASE("nccl: the end of a rank ends the others' waits") {
  const auto said = tests::in_processes(3, [](Communicator& host) -> std::string {
    std::optional<Rank> rank(host);
    const View x = rank->upload<float>({1, 2}, {2});
    rank->communicator.all_reduce(x);
    rank->backend.synchronize();
    host.barrier();
    if (host.rank() == 2) throw engine::Error("no space left");
    rank->communicator.all_reduce(x);
    rank->backend.synchronize();
    return "finished";
  });
  CHECK(said[2] == "no space left");
  for (int rank : {0, 1}) {
    CHECK(said[static_cast<std::size_t>(rank)].starts_with("NCCL reports: the stand-in refuses: rank "));
  }
}

TEST_CASE("nccl: ranks whose GPUs are never connected are not waited for either") {
  const auto said = tests::in_processes(2, [](Communicator& host) -> std::string {
    host.set_patience(0.5);
    if (host.rank() == 0) {
      const CudaBackend backend(0);
      NcclCommunicator communicator(backend.stream(), host);
      return "connected";
    }
    host.set_patience(20);
    host.exchange(std::string(sizeof(nccl::Id), '\0') + nccl::version_text(nccl_stand_in::version()));
    std::this_thread::sleep_for(std::chrono::seconds(2));
    return "";
  });
  CHECK(
      said[0].starts_with("rank 0 has waited 0.5 s in ncclCommInitRankConfig for the other ranks' GPUs: a rank ended"));
}

TEST_CASE("nccl: versions that differ are refused on all ranks") {
  const auto said = tests::in_processes(2, [](Communicator& host) -> std::string {
    if (host.rank() == 1) nccl_stand_in::version() = 22703;
    const CudaBackend backend(host.rank());
    NcclCommunicator communicator(backend.stream(), host);
    return "connected";
  });
  for (const std::string& each : said)
    CHECK(each ==
          "rank 1 has NCCL 2.27.3, and rank 0 has 2.28.9: install one version everywhere, `pip install "
          "nvidia-nccl-cu13`");
}

TEST_CASE("nccl: each rank takes the GPU of its number on the machine, or the only one that it sees") {
  const auto chosen = [](int ranks, const std::function<const char*(int rank)>& visible) {
    return tests::in_processes(ranks, [&](Communicator& host) {
      if (const char* devices = visible(host.rank())) setenv("SIMT_DEVICES", devices, 1);
      return engine::concat(kernels::cuda::device_of_rank(host));
    });
  };
  const auto all = [](int) -> const char* { return nullptr; };
  CHECK(chosen(2, all) == std::vector<std::string>{"cuda:0", "cuda:1"});
  CHECK(chosen(3, [](int) { return "4,2,7"; }) == std::vector<std::string>{"cuda:0", "cuda:1", "cuda:2"});
  CHECK(chosen(2, [](int rank) { return rank == 0 ? "5" : "6"; }) == std::vector<std::string>{"cuda:0", "cuda:0"});
  for (const std::string& each : chosen(3, all)) {
    CHECK(each.starts_with("device: rank 2 has no GPU: "));
    CHECK(
        each.ends_with(" has 2 CUDA devices, and this is rank 3 there: start no more ranks on a machine than it has "
                       "GPUs"));
  }
  for (const std::string& each : chosen(2, [](int) { return "5"; }))
    CHECK(each.starts_with("device: ranks 0 and 1 would compute on the same GPU: start no more ranks on a machine"));
  for (const std::string& each : chosen(2, [](int rank) { return rank == 0 ? "5" : ""; })) {
    CHECK(each.starts_with("device: rank 1 has no GPU: CUDA finds no device on "));
    CHECK(
        each.ends_with("(no CUDA-capable device is detected): each rank needs one; look at CUDA_VISIBLE_DEVICES, or "
                       "use --device cpu"));
  }
}
