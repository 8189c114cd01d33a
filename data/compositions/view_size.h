#pragma once
#include <memory>

#include "data/source.h"

namespace data {

/// A source whose images a network sees in another size. The images stay as they are; whoever makes views of them
/// resizes them.
class ViewSize final : public Source {
 public:
  ViewSize(std::shared_ptr<const Source> source, const Extent& view);

  std::int64_t size() const override { return source_->size(); }
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override {
    source_->read(visit, hint, example);
  }
  std::optional<std::int32_t> label(std::int64_t example) const override { return source_->label(example); }
  bool varies() const override { return source_->varies(); }
  void fingerprint(engine::Sha256& hash) const override { source_->fingerprint(hash); }
  std::string caption(const Visit& visit) const override { return source_->caption(visit); }
  std::string file_name(std::int64_t example) const override { return source_->file_name(example); }
  std::string describe() const override { return source_->describe(); }

 private:
  std::shared_ptr<const Source> source_;
  InputLayout layout_;
};

}  // namespace data
