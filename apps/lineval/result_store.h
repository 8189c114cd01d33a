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
/// Any number of evaluations may share the directory and be killed at any moment: the files of one evaluation stay
/// together, and the next evaluation that stores completes or removes what a killed one left.
class ResultStore {
 public:
  /// Creates the directory and checks in advance that `bytes` fit into it. Throws engine::Error if not.
  ResultStore(std::filesystem::path directory, std::uint64_t bytes);
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;
  ~ResultStore();  ///< removes the directories that it created if nothing was stored in them

  /// `write_files` writes the three files into the directory that it gets. They become the newest, all or none; the
  /// files that were the newest get the next number. Waits while another process stores, unless a signal asks to stop.
  void store(const std::function<void(const std::filesystem::path& directory)>& write_files);

 private:
  std::filesystem::path directory_;
  std::filesystem::path missing_;  // the topmost directory of the path that did not exist; empty: all existed
};

}  // namespace apps
