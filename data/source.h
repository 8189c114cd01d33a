#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/runtime/shape.h"

namespace data {

enum class Split { train, test };

/// The name of the set of labels that every source has: the class of the image.
inline constexpr char kClassLabel[] = "label";

/// Something that examples are labelled with. An example may have several labels of a set, and each one several times.
struct LabelSet {
  std::string name;
  int classes = 0;
  int per_example = 1;
};

/// A set of labelled examples. Every method is const and thread-safe, and example i is always the same: shuffling,
/// cropping and prefetching are done elsewhere. A composition is a Source built on another Source.
class Source {
 public:
  virtual ~Source() = default;

  virtual std::int64_t size() const = 0;
  /// [H,W,C], the same for every example.
  virtual engine::Shape image_shape() const = 0;
  virtual int classes() const = 0;

  /// Writes the image of example i: H*W*C bytes, row-major, 0 to 255.
  virtual void image(std::int64_t i, std::uint8_t* out) const = 0;
  /// In [0, classes()).
  virtual std::int32_t label(std::int64_t i) const = 0;

  /// All sets of labels; the first is kClassLabel, the one of `classes` and `label`.
  virtual std::vector<LabelSet> label_sets() const { return {{.name = kClassLabel, .classes = classes()}}; }
  /// Writes the labels of example i from a further set, of index 1 or more: per_example numbers in [0, classes). `bits`
  /// are the example's bits at this visit.
  virtual void labels([[maybe_unused]] std::size_t set, [[maybe_unused]] std::int64_t i,
                      [[maybe_unused]] std::uint64_t bits, [[maybe_unused]] std::int32_t* out) const {}

  /// The number of low bits of `bits` that are features of the example. They become constant image planes after the
  /// augmentation, which therefore does not change them; they are never stored as pixels (Chen, Luo & Li 2021, section
  /// 5).
  virtual int bit_planes() const { return 0; }
  /// The bits of example i, zero above bit_planes(). `fetch` = epoch * size() + i identifies one visit of the example,
  /// for sources that draw new bits at every visit; all others ignore it.
  virtual std::uint64_t bits([[maybe_unused]] std::int64_t i, [[maybe_unused]] std::uint64_t fetch) const { return 0; }

  /// One phrase for logs and messages: "mnist:DIR (train, 60000 images)".
  virtual std::string describe() const = 0;
};

}  // namespace data
