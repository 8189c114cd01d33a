#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "data/source.h"

namespace data {

/// Keeps the images of a source in memory once they have been read: size * H * W * C bytes. For sets that are slow to
/// decode or draw. Nothing is read ahead, so that opening takes no time.
class Resident final : public Source {
 public:
  /// What identifies the contents: what the source says, or the images themselves, which are then all read.
  enum class Fingerprint { of_source, of_images };
  /// The source must not vary, have no bits, and have images of one size.
  Resident(std::shared_ptr<const Source> source, Fingerprint fingerprint);

  static std::int64_t bytes_needed(const Source& source);
  /// Whether a source can be kept, in that many bytes.
  static bool fits(const Source& source, std::int64_t bytes);

  std::int64_t size() const override { return source_->size(); }
  const InputLayout& layout() const override { return source_->layout(); }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  std::optional<std::int32_t> label(std::int64_t i) const override { return source_->label(i); }
  std::string caption(const Visit& visit) const override { return source_->caption(visit); }
  std::string file_name(std::int64_t example) const override { return source_->file_name(example); }
  void fingerprint(engine::Sha256& hash) const override;
  std::string describe() const override { return source_->describe() + ", resident"; }

 private:
  enum class State : std::uint8_t { empty, filling, held };

  std::shared_ptr<const Source> source_;
  Fingerprint fingerprint_;
  std::size_t image_bytes_, label_count_;
  // Threads that read different examples write to different places; whoever sees `held` sees what was written before.
  mutable std::vector<std::atomic<State>> states_;
  std::unique_ptr<std::uint8_t[]> images_;
  std::unique_ptr<std::int32_t[]> labels_;
};

}  // namespace data
