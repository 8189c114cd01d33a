#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "data/source.h"

namespace apps {

/// Reads all examples of a source once, in order, on several threads. At most four images a thread wait in memory, and
/// no more of them than 256 MB.
class OrderedReader {
 public:
  /// Images whose shorter side is longer than `short_side` are shrunk to it; 0: none. `source` must outlive the reader.
  OrderedReader(const data::Source& source, std::int64_t short_side, int workers);
  OrderedReader(const OrderedReader&) = delete;
  OrderedReader& operator=(const OrderedReader&) = delete;
  ~OrderedReader();  ///< each thread stops after its current image

  /// The next example, until the next call. Throws the source's exception if it cannot be read. Not after the last one.
  const data::Example& next();

 private:
  struct Slot {
    data::Example example;
    std::exception_ptr failure;
    bool is_read = false;
  };
  void work(const std::stop_token& stopped);
  void read(std::int64_t i, data::Example& example) const;
  void give_back();
  Slot& slot_of(std::int64_t i) { return slots_[static_cast<std::size_t>(i) % slots_.size()]; }
  bool may_read() const;

  const data::Source& source_;
  std::int64_t short_side_;

  std::mutex mutex_;                       // guards all members below, except slots between reading and lending
  std::condition_variable_any slot_free_;  // _any: it can wait with a stop token
  std::condition_variable next_is_read_;
  std::vector<Slot> slots_;
  std::int64_t to_read_ = 0, to_lend_ = 0;
  std::size_t waiting_bytes_ = 0;
  bool lent_ = false;  // the example before to_lend_

  std::vector<std::jthread> workers_;  // declared last: they end before the other members
};

}  // namespace apps
