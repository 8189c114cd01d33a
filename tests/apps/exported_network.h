#pragma once
#include <filesystem>
#include <vector>

#include "data/source.h"

namespace tests {

/// Computes the features of the built-in digits from the exported weights of a ConvN, in double, by the definition of
/// each layer. So accuracies can be checked with no code of the programs but the reader of their files.
class ExportedNetwork {
 public:
  using Rows = std::vector<std::vector<double>>;

  /// `backbone` is RUN/export/backbone.safetensors, of images with one channel.
  explicit ExportedNetwork(const std::filesystem::path& backbone);

  Rows features(data::Split split, std::int64_t count) const;

 private:
  struct Layer {
    std::vector<double> weight;         // OIHW, or [out,in]
    std::vector<double> scale, offset;  // of batch norm by running statistics
  };
  std::vector<double> forward(const std::vector<std::uint8_t>& pixels) const;

  std::vector<Layer> layers_;  // three convolutions and the dense layer
};

/// The accuracy of the linear classifier in a file (fc.weight and fc.bias) on features of the first images of a split.
/// `first_class` is the class of digit 0.
double linear_accuracy(const std::filesystem::path& head, const ExportedNetwork::Rows& rows, data::Split split,
                       std::size_t first_class = 0);

/// The accuracy of the k nearest neighbours by cosine similarity, with votes of weight exp(cosine / 0.07) (Wu et al.
/// 2018), on features of the first images of both splits.
double nearest_accuracy(const ExportedNetwork::Rows& train, const ExportedNetwork::Rows& test, std::size_t k);

}  // namespace tests
