#include "kernels/cuda/nccl_communicator.h"

#include <errno.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <utility>

#include "kernels/cuda/device_wait.h"
#include "kernels/cuda/vendor_library.h"
#include "kernels/runtime/collective_views.h"
#include "kernels/runtime/error.h"

namespace kernels::cuda {
namespace {

using engine::View;
using nccl::Result;
using nccl::Type;
using Clock = std::chrono::steady_clock;

/// How often the waits are looked at, and how long the end of NCCL's work and of the program may take.
constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::seconds kEnd{20};
constexpr char kRemedy[] = "; what the last checkpoint holds is kept, go on with --resume";

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

Type summed_type(const char* name, const View& x) {
  switch (x.dtype) {
    case engine::Dtype::f32: return Type::f32;
    case engine::Dtype::f64: return Type::f64;
    case engine::Dtype::bf16: return Type::bf16;
    case engine::Dtype::i32:
    case engine::Dtype::i64:
    case engine::Dtype::u8: break;
  }
  throw engine::Error(engine::concat(name, ": sums are of f32, f64 or bf16, got ", engine::name(x.dtype)));
}

std::size_t count_of(const View& x) { return static_cast<std::size_t>(x.shape.elements()); }

/// Ends the process if the program has not come to an end by itself: what waits for a GPU that hangs cannot be woken.
void end_process_later(const std::string& sentence, int rank, const std::shared_ptr<std::atomic<bool>>& ended) {
  std::thread([=] {
    std::this_thread::sleep_for(kEnd);
    if (*ended) return;
    std::fprintf(stderr, "%s: error: rank %d: %s\n", program_invocation_short_name, rank, sentence.c_str());
    std::_Exit(EXIT_FAILURE);
  }).detach();
}

}  // namespace

NcclCommunicator::NcclCommunicator(cudaStream_t stream, engine::Communicator& host)
    : nccl_(nccl::functions()),
      stream_(stream),
      host_(host),
      exceptions_(std::uncaught_exceptions()),
      patience_seconds_(host.patience()) {
  const nccl::Id id = shared_id();
  // A call must not wait for ranks that do not come: this one would, and the first ones that connect devices.
  nccl::Config config{.blocking = 0};
  try {
    issue("ncclCommInitRankConfig",
          [&] { return nccl_.comm_init_rank_config(&comm_, host.ranks(), id, host.rank(), &config); });
  } catch (const engine::Error&) {
    forget_end();
    throw;
  }
  watch_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

/// The id that rank 0 has made, after all have compared their versions.
nccl::Id NcclCommunicator::shared_id() const {
  int version = 0;
  nccl_.get_version(&version);
  nccl::Id id{};
  if (rank() == 0) {
    const Result result = nccl_.get_unique_id(&id);
    EXPECTS(result == Result::success, "ncclGetUniqueId failed: ", nccl_.get_error_string(result),
            "; NCCL_DEBUG=WARN in the environment says more");
  }
  const std::string own(id.bytes, sizeof id.bytes);
  const std::vector<std::string> all = host_.exchange(own + nccl::version_text(version));
  const std::string first = all[0].substr(own.size());
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    EXPECTS(all[rank].substr(own.size()) == first, "rank ", rank, " has NCCL ", all[rank].substr(own.size()),
            ", and rank 0 has ", first, ": install one version everywhere, `pip install ", kNcclLibrary.package, "`");
  }
  std::memcpy(id.bytes, all[0].data(), sizeof id.bytes);
  return id;
}

NcclCommunicator::~NcclCommunicator() {
  try {
    if (std::uncaught_exceptions() > exceptions_) {
      const std::lock_guard lock(mutex_);
      end("an error ended the run");
    }
    const DeviceWait wait;
    cudaStreamSynchronize(stream_);
    watch_.request_stop();
    stopped_.notify_all();
    watch_.join();
    if (comm_ != nullptr) {
      // Others may still read what this rank has sent, and rank 0 may still be drawing plots.
      host_.set_patience(1e9);
      host_.barrier();
      host_.set_patience(patience_seconds_);
      nccl_.comm_destroy(comm_);
    }
  } catch (const engine::Error&) { end("another rank ended"); }
  forget_end();
}

/// Nothing can wait for what was ended any more.
void NcclCommunicator::forget_end() {
  *ended_ = true;
  DeviceWait::fail("");
}

void NcclCommunicator::set_patience(double seconds) {
  patience_seconds_ = seconds;
  host_.set_patience(seconds);
}

/// Rank 0 speaks for all; the others only if it is the one that is gone.
double NcclCommunicator::limit() const { return patience_seconds_ + (host_.rank() > 0 ? 3 : 0); }

/// Makes a call of NCCL, which may go on after its return: connecting devices takes time.
void NcclCommunicator::issue(const char* name, const std::function<Result()>& call) {
  const std::lock_guard lock(mutex_);
  DeviceWait::expect_good();
  Result result = call();
  for (const Clock::time_point begin = Clock::now(); result == Result::in_progress;) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    const Result asked = nccl_.comm_get_async_error(comm_, &result);
    if (asked != Result::success) result = asked;
    if (result == Result::in_progress && seconds_since(begin) > limit()) {
      fail(engine::concat("rank ", rank(), " has waited ", patience_seconds_.load(), " s in ", name,
                          " for the other ranks' GPUs: a rank ended, hangs, or cannot be reached by NCCL "
                          "(NCCL_DEBUG=WARN in the environment says more)",
                          kRemedy));
    }
  }
  if (result == Result::success) return;
  fail(engine::concat(name, " failed: ", nccl_.get_error_string(result),
                      "; NCCL_DEBUG=WARN in the environment says more"));
}

void NcclCommunicator::fail(const std::string& sentence) {
  end(sentence);
  throw engine::Error(sentence);
}

void NcclCommunicator::watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, stop, kLook, [] { return false; });
    if (comm_ == nullptr) return;
    Result state = Result::success;
    nccl_.comm_get_async_error(comm_, &state);
    if (state != Result::success && state != Result::in_progress) {
      end(engine::concat("NCCL reports: ", nccl_.get_error_string(state), "; a rank ended or cannot be reached",
                         kRemedy));
    } else if (DeviceWait::seconds() > limit()) {
      end(engine::concat("rank ", rank(), " has waited ", patience_seconds_.load(), " s for its GPU and the other ",
                         ranks() - 1, ranks() == 2 ? " rank" : " ranks",
                         ", of which one ended, hangs, or needs longer than --rank-timeout", kRemedy));
    }
  }
}

/// Ends what NCCL does on the device; the caller holds the mutex.
void NcclCommunicator::end(const std::string& sentence) {
  if (comm_ == nullptr) return;
  DeviceWait::fail(sentence);
  end_process_later(sentence, rank(), ended_);
  nccl_.comm_abort(std::exchange(comm_, nullptr));
}

void NcclCommunicator::all_reduce(const View& x) {
  const Type type = summed_type("all_reduce", x);
  if (count_of(x) == 0) return;
  issue("ncclAllReduce",
        [&] { return nccl_.all_reduce(x.data, x.data, count_of(x), type, nccl::Operation::sum, comm_, stream_); });
}

void NcclCommunicator::reduce_scatter(const View& x) {
  const Type type = summed_type("reduce_scatter", x);
  const std::int64_t bytes = engine::part_bytes("reduce_scatter", x, ranks());
  if (bytes == 0) return;
  auto* const own = static_cast<std::byte*>(x.data) + rank() * bytes;
  issue("ncclReduceScatter", [&] {
    return nccl_.reduce_scatter(x.data, own, count_of(x) / static_cast<std::size_t>(ranks()), type,
                                nccl::Operation::sum, comm_, stream_);
  });
}

void NcclCommunicator::all_gather(const View& x) {
  const std::int64_t bytes = engine::part_bytes("all_gather", x, ranks());
  if (bytes == 0) return;
  const auto* const own = static_cast<const std::byte*>(x.data) + rank() * bytes;
  issue("ncclAllGather",
        [&] { return nccl_.all_gather(own, x.data, static_cast<std::size_t>(bytes), Type::u8, comm_, stream_); });
}

void NcclCommunicator::broadcast(const View& x, int from) {
  const std::int64_t bytes = engine::whole_bytes(x);
  if (bytes == 0) return;
  issue("ncclBroadcast", [&] {
    return nccl_.broadcast(x.data, x.data, static_cast<std::size_t>(bytes), Type::u8, from, comm_, stream_);
  });
}

}  // namespace kernels::cuda
