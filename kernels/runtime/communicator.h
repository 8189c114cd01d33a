#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/runtime/views.h"

namespace engine {

/// The processes that compute together. Each is a rank, with one device. All functions are collective: every rank calls
/// the same ones in the same order, with views of the same shape and dtype.
///
/// The functions of views take memory of the context's device and are ordered with its kernels: they come after the
/// work issued before, and the host need not wait for them. They work in place, so that one rank has nothing to do.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int ranks() const = 0;

  /// x becomes the sum of all ranks' x, the same bytes on every rank, added in a fixed order. f32, f64, or bf16, which
  /// is added in f32 and rounded once.
  virtual void all_reduce(const View& x) = 0;
  /// Begins that sum, which goes on beside whatever follows; nobody may touch x until `finish_all_reduces`.
  virtual void begin_all_reduce(const View& x) { all_reduce(x); }
  /// Waits for the sums that have begun. Returns for how many seconds they went on while nobody waited for them, as far
  /// as the host can tell.
  virtual double finish_all_reduces() { return 0; }
  /// x has one part per rank: equal numbers of rows, in the order of the ranks. Each rank has written its own part, and
  /// gets those of the others.
  virtual void all_gather(const View& x) = 0;
  /// x has parts as for `all_gather`. The own part becomes the sum of all ranks' values of that part, as by
  /// `all_reduce`; the other parts lose their values. f32 or f64.
  virtual void reduce_scatter(const View& x) = 0;
  /// x becomes that of rank `from`.
  virtual void broadcast(const View& x, int from) = 0;

  // Of the host: these wait for the other ranks, but not for the device.

  /// The highest of all ranks' values: all get the same, so that they can decide alike.
  virtual std::int64_t highest(std::int64_t value) = 0;
  /// The texts of all ranks, in the order of the ranks.
  virtual std::vector<std::string> exchange(const std::string& text) = 0;
  /// Returns when all ranks have called it.
  void barrier() { highest(0); }

  /// How many seconds to wait for a rank that does not answer before a function throws engine::Error.
  virtual double patience() const = 0;
  virtual void set_patience(double seconds) = 0;
  /// Ends the communication of ranks that all end now; waits for them however long they take.
  virtual void leave() = 0;
  /// Ends this process and all the others, with this exit code.
  virtual void abort(int exit_code) = 0;
};

/// A process that computes alone.
class OneRank final : public Communicator {
 public:
  int rank() const override { return 0; }
  int ranks() const override { return 1; }
  void all_reduce(const View&) override {}
  void all_gather(const View&) override {}
  void reduce_scatter(const View&) override {}
  void broadcast(const View&, int) override {}
  std::int64_t highest(std::int64_t value) override { return value; }
  std::vector<std::string> exchange(const std::string& text) override { return {text}; }
  double patience() const override { return 0; }  // there is nobody to wait for
  void set_patience(double) override {}
  void leave() override {}
  void abort(int) override {}
};

}  // namespace engine
