#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/stage_times.h"
#include "engine/io/sha256.h"
#include "kernels/runtime/names.h"
#include "kernels/runtime/shape.h"

namespace data {

/// What a source is opened for. A leaf takes its training split for the first two and its test split for the third; a
/// composition may show probes something else than it shows the network (one digit per canvas instead of many).
enum class Role { pretrain, probe_train, probe_test };

/// The two parts that published data sets come in.
enum class Split { train, test };
constexpr Split split_of(Role role) { return role == Role::probe_test ? Split::test : Split::train; }

struct Extent {
  std::int64_t height = 0, width = 0;
  std::int64_t pixels() const { return height * width; }
  bool operator==(const Extent&) const = default;
};

/// The label set of a leaf that has one; and the name by which the first label set of any source can be asked for.
inline constexpr char kClassLabel[] = "label";
/// The label set of random bits (data/compositions/rand_bits.h).
inline constexpr char kBitsLabel[] = "bits";

/// Something that examples are labelled with. An example may have several labels of a set, and each one several times.
struct LabelSet {
  std::string name;
  int classes = 0;
  int per_example = 1;
  bool operator==(const LabelSet&) const = default;
};

/// What the examples of a source have in common.
struct InputLayout {
  int channels = 0;
  std::optional<Extent> extent = {};  ///< none: images differ in size
  std::optional<Extent> view = {};    ///< in which a network sees them; none: as they are
  std::vector<LabelSet> labels = {};  ///< the first is the one that is meant where none is named; none: no labels
  /// The number of low bits of `Example::bits` that are features of the example. They become constant image planes
  /// after the augmentation, which therefore does not change them; they are never stored as pixels (Chen, Luo & Li
  /// 2021, section 5).
  int bit_planes = 0;
  int bit_views = 1;    ///< 1: all views of an example share its bits; 2: each of two views has its own
  int image_views = 1;  ///< 1: all views are made of one image; 2: each of two views of an image of its own

  /// Labels of one example, over all sets.
  int label_count() const;
  /// The index of the set of this name; of the first for kClassLabel. Nothing if there is none.
  std::optional<std::size_t> find(std::string_view label_set) const;
};

/// One visit of an example. `fetch` = epoch * size + example is different at every visit of a run: what is drawn anew
/// each time is drawn from it. Evaluation visits an example as fetch = example.
struct Visit {
  std::int64_t example = 0;
  std::uint64_t fetch = 0;
  /// The example whose planted feature is shown instead of its own: the bits, the value or the digit that belong to it,
  /// of the outermost composition that plants one. Negative: its own.
  std::int64_t donor = -1;

  /// The example that the planted feature belongs to.
  std::int64_t planted() const { return donor < 0 ? example : donor; }
  /// The same visit of what a planting composition is made of.
  Visit beneath() const { return {.example = example, .fetch = fetch}; }
};

/// What the reader will do with the image, so that a decoder may do less.
struct DecodeHint {
  std::int64_t least_side = 0;  ///< a smaller decoded image will do if its shorter side is no less; 0: the whole image
  bool operator==(const DecodeHint&) const = default;
};

/// One example in host memory, written by Source::read and reused for the next.
struct Example {
  static constexpr int kMostViews = 2;

  Extent extent;
  std::vector<std::uint8_t> pixels;                 ///< [height,width,channels], 0 to 255
  std::vector<std::uint8_t> second;                 ///< the same for the second view, if image_views = 2
  std::vector<std::int32_t> labels;                 ///< of each set of the layout in turn, its per_example labels
  std::array<std::uint64_t, kMostViews> bits = {};  ///< of each view, zero above bit_planes; equal unless bit_views = 2
  StageTimes* times = nullptr;                      ///< where sources add the time that reading takes; null: nowhere

  /// Memory for an image of this size, whose contents are then undefined.
  std::uint8_t* resize(const Extent& to, int channels);
  /// A second example, for a source that makes its image of another's. Allocated at its first use.
  Example& scratch();

 private:
  std::shared_ptr<Example> scratch_;
};

/// A set of labelled examples, for one role. Every method is const and thread-safe, and a visit always shows the same:
/// shuffling, cropping and prefetching are done elsewhere. A composition is a Source built on another Source.
class Source {
 public:
  virtual ~Source() = default;

  virtual std::int64_t size() const = 0;
  virtual const InputLayout& layout() const = 0;

  /// Writes all of `example` but its scratch and its `times`. Throws engine::DataError with the file, where it cannot
  /// be read.
  virtual void read(const Visit& visit, const DecodeHint& hint, Example& example) const = 0;
  /// The label of the first set, if that has one per example, without reading the image: to choose examples by it.
  virtual std::optional<std::int32_t> label([[maybe_unused]] std::int64_t example) const { return {}; }

  /// Whether an example differs from visit to visit.
  virtual bool varies() const { return false; }

  /// Adds what identifies the contents, wherever they were read from: by default the size of the images, and every
  /// image and label in order, as first visited.
  virtual void fingerprint(engine::Sha256& hash) const;

  /// What was drawn for a visit, for people: "image 52452 at 41,56". One thing a line; empty where nothing is
  /// drawn.
  virtual std::string caption([[maybe_unused]] const Visit& visit) const { return {}; }

  /// The file that an example is the image of, below its split: "cat/1.jpg". Empty where images are no files.
  virtual std::string file_name([[maybe_unused]] std::int64_t example) const { return {}; }

  /// One phrase for logs and messages: "mnist:DIR (train, 60000 images)".
  virtual std::string describe() const = 0;
};

/// [H,W,C]. Throws engine::DataError if the images of the source differ in size.
engine::Shape image_shape(const Source& source);
/// The same of the views that a network sees of them.
engine::Shape view_shape(const Source& source);

/// SHA-256 of what identifies a source's contents.
std::string fingerprint(const Source& source);

}  // namespace data

template <>
inline constexpr std::array engine::kNames<data::Role> = {"pretrain", "probe-train", "probe-test"};
