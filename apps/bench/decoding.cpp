#include "apps/bench/decoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "data/image/decode.h"
#include "data/image/resize.h"
#include "engine/io/files.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct ImageFile {
  fs::path path;
  std::string contents;
};

std::vector<ImageFile> read_images(const fs::path& directory) {
  if (!fs::is_directory(directory))
    throw UsageError(fmt::format("--images: there is no directory '{}'", directory.string()));
  std::vector<ImageFile> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && data::is_image_name(entry.path().filename().string()))
      files.push_back({.path = entry.path(), .contents = {}});
  }
  if (files.empty()) throw UsageError(fmt::format("--images: no JPEG or PNG file below '{}'", directory.string()));
  std::sort(files.begin(), files.end(), [](const ImageFile& a, const ImageFile& b) { return a.path < b.path; });
  for (ImageFile& file : files) file.contents = engine::read_file(file.path);
  return files;
}

/// Milliseconds of one pass over all files, and those that its threads spent on each part, together.
struct Pass {
  double wall_ms = 0, decode_ms = 0, resize_ms = 0;
};

double ms_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double, std::milli>(end - begin).count();
}

/// What one thread does of a pass. Keeps its memory from pass to pass.
class Worker {
 public:
  void run(const std::vector<ImageFile>& files, std::atomic<std::size_t>& next, std::int64_t side) {
    decode_ms = resize_ms = 0;
    for (std::size_t i = next++; i < files.size(); i = next++) {
      const auto begin = Clock::now();
      try {
        decoder_.decode(std::as_bytes(std::span(files[i].contents)), {.least_side = side}, 3, example_);
      } catch (const engine::DataError& reason) {
        throw engine::DataError(engine::concat("cannot read ", files[i].path, ": ", reason.what()));
      }
      const auto decoded = Clock::now();
      if (side > 0) {
        const data::Extent to{.height = side, .width = side};
        std::uint8_t* out = example_.scratch().resize(to, 3);
        data::resize({.pixels = example_.pixels.data(), .extent = example_.extent}, 3, to, out, scratch_);
      }
      decode_ms += ms_between(begin, decoded);
      resize_ms += ms_between(decoded, Clock::now());
    }
  }

  double decode_ms = 0, resize_ms = 0;

 private:
  data::ImageDecoder decoder_;
  data::Example example_;
  data::ResizeScratch scratch_;
};

Pass run_pass(const std::vector<ImageFile>& files, std::int64_t side, std::vector<Worker>& workers) {
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex failing;
  Pass pass;
  const auto begin = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (Worker& worker : workers) {
      threads.emplace_back([&] {
        try {
          worker.run(files, next, side);
        } catch (...) {
          const std::lock_guard lock(failing);
          failure = std::current_exception();
        }
      });
    }
  }
  pass.wall_ms = ms_between(begin, Clock::now());
  if (failure) std::rethrow_exception(failure);
  for (const Worker& worker : workers) {
    pass.decode_ms += worker.decode_ms;
    pass.resize_ms += worker.resize_ms;
  }
  return pass;
}

}  // namespace

void time_decoding(const fs::path& directory, std::int64_t side, int threads, const Repetitions& repetitions) {
  const std::vector<ImageFile> files = read_images(directory);
  std::vector<Worker> workers(static_cast<std::size_t>(threads));
  for (std::int64_t i = 0; i < repetitions.warmup; ++i) run_pass(files, side, workers);
  std::vector<double> ms;
  double decode_ms = 0, resize_ms = 0;
  for (std::int64_t i = 0; i < repetitions.timed; ++i) {
    const Pass pass = run_pass(files, side, workers);
    ms.push_back(pass.wall_ms);
    decode_ms += pass.decode_ms;
    resize_ms += pass.resize_ms;
  }
  const Times times = Times::of(ms);
  const double count = static_cast<double>(files.size()), resize_share = resize_ms / (decode_ms + resize_ms);
  std::cerr << fmt::format(
      "{} images: median {:.1f} images/s, best {:.1f} images/s with {} threads, {:.1f}% of it decoding, {:.1f}% "
      "resizing\n",
      files.size(), count / times.median_ms * 1e3, count / times.minimum_ms * 1e3, threads, 100 * (1 - resize_share),
      100 * resize_share);
  std::cout << json_text(nlohmann::ordered_json{{"work", "decode"},
                                                {"threads", threads},
                                                {"images", files.size()},
                                                {"side", side},
                                                {"ms", ms},
                                                {"median_ms", times.median_ms},
                                                {"per_second", count / times.median_ms * 1e3},
                                                {"unit", "images"},
                                                {"decode_share", 1 - resize_share},
                                                {"resize_share", resize_share}})
            << std::endl;
}

}  // namespace apps
