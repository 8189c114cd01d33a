#include "tests/simt/nccl/stand_in.h"

#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "kernels/cuda/nccl.h"
#include "kernels/tcp/tcp_communicator.h"
#include "tests/simt/interpreter/global_memory.h"
#include "tests/simt/interpreter/stream.h"

namespace {

using engine::Dtype;
using engine::View;
using kernels::cuda::nccl::Comm;
using kernels::cuda::nccl::Config;
using kernels::cuda::nccl::Id;
using kernels::cuda::nccl::Operation;
using kernels::cuda::nccl::Result;
using kernels::cuda::nccl::Type;
using Clock = std::chrono::steady_clock;

constexpr double kForEver = 1e9;
constexpr double kConnectSeconds = 60;

/// Where rank 0 listens, from the call that makes the id on.
kernels::Socket& listening() {
  static kernels::Socket socket;
  return socket;
}

std::mutex mutex;  // of `last_error`; calls come from the guard's thread, too
std::string last_error;

Result refuse(Result result, const std::string& why) {
  const std::lock_guard lock(mutex);
  last_error = "the stand-in refuses: " + why;
  return result;
}
Result invalid(const std::string& why) { return refuse(Result::invalid_argument, why); }

}  // namespace

/// The state of a communicator. Work that was issued shares it.
struct kernels::cuda::nccl::Comm {
  int rank = 0, ranks = 0;
  std::unique_ptr<kernels::TcpCommunicator> connection;
  std::atomic<Result> state{Result::in_progress};
  std::atomic<bool> aborted{false};
};

namespace {

using Shared = std::shared_ptr<Comm>;

std::map<const Comm*, Shared>& living() {
  static std::map<const Comm*, Shared> all;
  return all;
}

Shared find(const Comm* comm) {
  const std::lock_guard lock(mutex);
  const auto found = living().find(comm);
  return found == living().end() ? nullptr : found->second;
}

Shared take(const Comm* comm) {
  Shared shared = find(comm);
  const std::lock_guard lock(mutex);
  living().erase(comm);
  return shared;
}

/// A collective as it was called.
struct Call {
  std::string name;
  void *from, *to;
  std::size_t count;  // of the sender's or the receiver's part, as NCCL has it
  Type type;
  int root = 0;
  bool captured = false;
};

std::size_t size_of(Type type) {
  switch (type) {
    case Type::u8: return 1;
    case Type::bf16: return 2;
    case Type::f32: return 4;
    case Type::f64: return 8;
  }
  return 0;
}

Dtype dtype_of(Type type) {
  switch (type) {
    case Type::u8: break;
    case Type::bf16: return Dtype::bf16;
    case Type::f32: return Dtype::f32;
    case Type::f64: return Dtype::f64;
  }
  return Dtype::u8;
}

/// What must be equal on all ranks.
std::string signature(const Call& call) {
  return engine::concat(call.name, " of ", call.count, " of type ", static_cast<int>(call.type), ", root ", call.root,
                        call.captured ? ", captured" : "");
}

/// The whole buffer, with the parts of all ranks where there are parts.
View whole(const Comm& comm, const Call& call) {
  const bool parts = call.name == "all_gather" || call.name == "reduce_scatter";
  const auto rows = static_cast<std::int64_t>(call.count) * (parts ? comm.ranks : 1);
  void* const begin = call.name == "reduce_scatter" ? call.from : call.to;
  return {begin, dtype_of(call.type), {rows}};
}

void compute(Comm& comm, const Call& call) {
  const std::string own = signature(call);
  for (const std::string& other : comm.connection->exchange(own)) {
    EXPECTS(other == own, "ranks make different calls: ", own, " and ", other);
  }
  const View all = whole(comm, call);
  simt::touch_from_host(all.data, static_cast<std::size_t>(all.shape.elements()) * size_of(call.type), true);
  if (call.name == "all_reduce") comm.connection->all_reduce(all);
  if (call.name == "all_gather") comm.connection->all_gather(all);
  if (call.name == "reduce_scatter") comm.connection->reduce_scatter(all);
  if (call.name == "broadcast") comm.connection->broadcast(all, call.root);
}

/// The work on the stream. Like NCCL's kernels, it does not end when a rank is gone, but when it is aborted.
void run(Comm& comm, const Call& call) {
  if (comm.aborted) return;
  try {
    compute(comm, call);
  } catch (const engine::Error& error) {
    comm.state = refuse(Result::remote_error, error.what());
    while (!comm.aborted) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Result issue(const Comm* handle, cudaStream_t stream, Call call, std::ptrdiff_t to_minus_from) {
  const Shared comm = find(handle);
  if (!comm) return invalid("the communicator does not live");
  if (comm->state == Result::in_progress) return refuse(Result::invalid_usage, "it is still connecting");
  if (stream == nullptr) return invalid("the default stream");
  if (size_of(call.type) == 0) return invalid("an unknown type");
  if (call.name.find("reduce") != std::string::npos && call.type == Type::u8) return invalid("a sum of bytes");
  if (call.count == 0) return invalid("nothing to send");
  if (call.root < 0 || call.root >= comm->ranks) return invalid("the root is no rank");
  const auto* const from = static_cast<const char*>(call.from);
  const auto* const to = static_cast<const char*>(call.to);
  const auto part = static_cast<std::ptrdiff_t>(call.count * size_of(call.type));
  if (to - from != to_minus_from * part) return invalid("buffers that are not in place");
  const View all = whole(*comm, call);
  const std::size_t bytes = static_cast<std::size_t>(all.shape.elements()) * size_of(call.type);
  const auto address = reinterpret_cast<std::uintptr_t>(all.data);
  if (!simt::in_allocation(address, bytes)) return invalid("memory that is not the device's");
  if (address % size_of(call.type) != 0) return invalid("memory that is not aligned");
  call.captured = simt::stream(stream).captures();
  simt::stream(stream).issue([comm, call] { run(*comm, call); });
  return Result::success;
}

Result get_version(int* version) {
  *version = nccl_stand_in::version();
  return Result::success;
}

Result get_unique_id(Id* id) {
  listening() = kernels::listen_at(0, true);
  const int port = kernels::port_of(listening());
  std::memcpy(id->bytes, &port, sizeof port);
  return Result::success;
}

/// Connects beside the caller, as NCCL does where it must not block.
Result comm_init_rank_config(Comm** comm, int ranks, Id id, int rank, Config* config) {
  if (config == nullptr || config->magic != 0xcafebeef || config->size != sizeof(Config)) return invalid("the config");
  if (config->blocking != 0) return invalid("a communicator whose calls wait for ever");
  if (ranks < 2 || rank < 0 || rank >= ranks) return invalid("the rank");
  const auto made = std::make_shared<Comm>();
  made->rank = rank;
  made->ranks = ranks;
  {
    const std::lock_guard lock(mutex);
    living()[made.get()] = made;
  }
  *comm = made.get();
  std::thread([made, id] {
    try {
      int port = 0;
      std::memcpy(&port, id.bytes, sizeof port);
      if (made->rank == 0) {
        made->connection =
            std::make_unique<kernels::TcpCommunicator>(std::move(listening()), made->ranks, kConnectSeconds);
      } else {
        made->connection = std::make_unique<kernels::TcpCommunicator>(
            made->rank, made->ranks, engine::Meeting{.host = "127.0.0.1", .port = port}, kConnectSeconds);
      }
      made->connection->set_patience(kForEver);
      made->state = Result::success;
    } catch (const engine::Error& error) { made->state = refuse(Result::system_error, error.what()); }
  }).detach();
  return Result::in_progress;
}

Result comm_get_async_error(Comm* comm, Result* error) {
  const Shared found = find(comm);
  if (!found) return invalid("the communicator does not live");
  *error = found->state;
  return Result::success;
}

Result comm_abort(Comm* comm) {
  const Shared found = take(comm);
  if (!found) return invalid("the communicator does not live");
  if (found->state != Result::in_progress) found->connection->set_patience(-10);  // who waits, waits no longer
  found->aborted = true;
  return Result::success;
}

Result comm_destroy(Comm* comm) { return take(comm) ? Result::success : invalid("the communicator does not live"); }

const char* get_error_string(Result) {
  static thread_local std::string text;
  const std::lock_guard lock(mutex);
  text = last_error;
  return text.c_str();
}

Result all_reduce(const void* from, void* to, std::size_t count, Type type, Operation operation, Comm* comm,
                  cudaStream_t stream) {
  if (operation != Operation::sum) return invalid("another operation than a sum");
  return issue(comm, stream, {"all_reduce", const_cast<void*>(from), to, count, type}, 0);
}
Result all_gather(const void* from, void* to, std::size_t sent, Type type, Comm* comm, cudaStream_t stream) {
  const Shared found = find(comm);
  return issue(comm, stream, {"all_gather", const_cast<void*>(from), to, sent, type}, found ? -found->rank : 0);
}
Result reduce_scatter(const void* from, void* to, std::size_t received, Type type, Operation operation, Comm* comm,
                      cudaStream_t stream) {
  if (operation != Operation::sum) return invalid("another operation than a sum");
  const Shared found = find(comm);
  return issue(comm, stream, {"reduce_scatter", const_cast<void*>(from), to, received, type}, found ? found->rank : 0);
}
Result broadcast(const void* from, void* to, std::size_t count, Type type, int root, Comm* comm, cudaStream_t stream) {
  return issue(comm, stream, {"broadcast", const_cast<void*>(from), to, count, type, root}, 0);
}

}  // namespace

int& nccl_stand_in::version() {
  static int version = 22809;
  return version;
}

const kernels::cuda::nccl::Functions& kernels::cuda::nccl::functions() {
  static constexpr Functions all{.get_version = ::get_version,
                                 .get_unique_id = ::get_unique_id,
                                 .comm_init_rank_config = ::comm_init_rank_config,
                                 .comm_get_async_error = ::comm_get_async_error,
                                 .comm_abort = ::comm_abort,
                                 .comm_destroy = ::comm_destroy,
                                 .get_error_string = ::get_error_string,
                                 .all_reduce = ::all_reduce,
                                 .all_gather = ::all_gather,
                                 .reduce_scatter = ::reduce_scatter,
                                 .broadcast = ::broadcast};
  return all;
}
