#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/config/config.h"
#include "apps/evaluation/features.h"
#include "apps/objectives/objective.h"
#include "apps/suppress/observation.h"
#include "data/source.h"
#include "kernels/runtime/context.h"

namespace apps {

/// Reads off a network which features it carries. The same images are shown every time, as evaluation shows them.
class FeatureReader {
 public:
  struct Options {
    std::string images;          ///< expression of what is shown
    std::string planted = {};    ///< label set of the planted feature; empty: the images do not have it
    std::int64_t most = 0;       ///< images to train probes on, and to test them on
    std::int64_t crossed = 100;  ///< test images that are shown with several values of the planted feature
  };
  static constexpr std::size_t kMostValues = 8;  ///< of the planted feature, that they are shown with

  /// `config`: of the run, for everything but the images.
  FeatureReader(const engine::Context& context, const Config& config, const Options& options);

  /// Nothing if a signal asks to stop meanwhile.
  std::optional<Observation> read(const Objective& objective, std::int64_t step) const;

  /// Why label sets are not probed: "coarse: it has one class".
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  /// A label set, with the labels of each of its parts: one part, or one for every bit.
  struct Probed {
    std::string name;
    std::vector<std::vector<std::int32_t>> train, test;  ///< of each part: of each image
    int classes = 0;                                     ///< of each part
  };
  void add_probed(const data::LabelSet& set, const std::vector<data::Example>& train,
                  const std::vector<data::Example>& test, std::size_t first_label);
  Features extract(const Objective& objective, const data::Source& source) const;
  void measure_cosines(const Objective& objective, Observation& observation) const;

  const engine::Context& context_;
  const Config config_;
  std::shared_ptr<const data::Source> train_, test_;
  std::shared_ptr<const data::Source> crossed_;  ///< none without the planted feature, or if all have the same value
  std::int64_t donors_ = 0;                      ///< in crossed_
  std::vector<Probed> probed_;
  std::vector<std::string> left_out_;
};

}  // namespace apps
