#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>

namespace apps {

/// The directory of an evaluation's results:
///
///     lineval.json, knn.json, linear_head.safetensors            of the newest evaluation
///     lineval.N.json, knn.N.json, linear_head.N.safetensors      of an earlier one, under one number
///     lineval.lock                                               held while results are stored
///
/// Any number of evaluations may share it, and be killed at any moment: files of one evaluation stay together, and what
/// a killed one left is put in order or cleared when the next one stores.
class ResultStore {
 public:
  /// Makes the directory and sees, before the work, whether `bytes` fit into it. Throws engine::Error if not.
  ResultStore(std::filesystem::path directory, std::uint64_t bytes);
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;
  ~ResultStore();  ///< removes the directories that it made and that nothing was stored in

  /// `write_files` puts the three files into the directory that it is given. They become the newest, all or none, and
  /// the earlier newest get the next number. Waits while another process stores, unless a signal asks to stop.
  void store(const std::function<void(const std::filesystem::path& directory)>& write_files);

 private:
  std::filesystem::path directory_;
  std::filesystem::path missing_;  // the first of its parents, or itself, that was not there; empty: all were
};

}  // namespace apps
