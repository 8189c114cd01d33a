#include "tests/apps/exported_network.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>

#include "data/sources/digits.h"
#include "engine/io/safetensors.h"
#include "tests/data/drawn_source.h"

namespace tests {
namespace {

constexpr double kEpsilon = 1e-5;  // of batch norm, the default

std::vector<double> values(const engine::SafetensorsFile& file, const std::string& name) {
  const engine::StoredTensor& tensor = file.at(name);
  std::vector<float> stored(tensor.bytes.size() / sizeof(float));
  std::memcpy(stored.data(), tensor.bytes.data(), tensor.bytes.size());
  return {stored.begin(), stored.end()};
}

std::size_t largest(const std::vector<double>& scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

std::size_t label(data::Split split, std::size_t i) {
  return static_cast<std::size_t>(*data::Digits(split).label(static_cast<std::int64_t>(i)));
}

}  // namespace

ExportedNetwork::ExportedNetwork(const std::filesystem::path& backbone) {
  const engine::SafetensorsFile file(backbone);
  int number = 0;
  for (const std::string layer : {"conv1", "conv2", "conv3", "dense"}) {
    const std::string norm = "bn" + std::to_string(++number);
    Layer next{.weight = values(file, layer + ".weight"),
               .scale = values(file, norm + ".weight"),
               .offset = values(file, norm + ".bias")};
    const std::vector<double> mean = values(file, norm + ".running_mean"),
                              variance = values(file, norm + ".running_var");
    for (std::size_t c = 0; c < mean.size(); ++c) {
      next.scale[c] /= std::sqrt(variance[c] + kEpsilon);
      next.offset[c] -= mean[c] * next.scale[c];
    }
    layers_.push_back(std::move(next));
  }
}

std::vector<double> ExportedNetwork::forward(const std::vector<std::uint8_t>& pixels) const {
  std::size_t side = 28, channels = 1;
  std::vector<double> x;  // [side,side,channels]
  for (const std::uint8_t pixel : pixels) x.push_back(pixel / 255.0);
  const auto activation = [](const Layer& layer, std::size_t c, double sum) {
    return std::max(0.0, sum * layer.scale[c] + layer.offset[c]);
  };
  for (std::size_t i = 0; i < 3; ++i) {
    const Layer& layer = layers_[i];
    const std::size_t out = layer.scale.size(), half = (side - 3) / 2 + 1;  // 3x3, stride 2, no padding
    std::vector<double> y;
    for (std::size_t p = 0; p < half; ++p)
      for (std::size_t q = 0; q < half; ++q)
        for (std::size_t k = 0; k < out; ++k) {
          double sum = 0;
          for (std::size_t r = 0; r < 3; ++r)
            for (std::size_t s = 0; s < 3; ++s)
              for (std::size_t c = 0; c < channels; ++c)
                sum += x[((2 * p + r) * side + 2 * q + s) * channels + c] *
                       layer.weight[((k * channels + c) * 3 + r) * 3 + s];
          y.push_back(activation(layer, k, sum));
        }
    x = std::move(y), side = half, channels = out;
  }
  const Layer& dense = layers_[3];
  std::vector<double> features;
  for (std::size_t k = 0; k < dense.scale.size(); ++k) {
    const double* row = &dense.weight[k * x.size()];
    features.push_back(activation(dense, k, std::inner_product(x.begin(), x.end(), row, 0.0)));
  }
  return features;
}

ExportedNetwork::Rows ExportedNetwork::features(data::Split split, std::int64_t count) const {
  const data::Digits digits(split);
  Rows rows;
  for (std::int64_t i = 0; i < count; ++i) rows.push_back(forward(read_example(digits, i).pixels));
  return rows;
}

double linear_accuracy(const std::filesystem::path& head, const ExportedNetwork::Rows& rows, data::Split split,
                       std::size_t first_class) {
  const engine::SafetensorsFile file(head);
  const std::vector<double> weight = values(file, "fc.weight"), bias = values(file, "fc.bias");
  double correct = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::vector<double> logits = bias;
    for (std::size_t c = 0; c < bias.size(); ++c) {
      logits[c] = std::inner_product(rows[i].begin(), rows[i].end(), &weight[c * rows[i].size()], logits[c]);
    }
    correct += largest(logits) == first_class + label(split, i) ? 1 : 0;
  }
  return correct / static_cast<double>(rows.size());
}

double nearest_accuracy(const ExportedNetwork::Rows& train, const ExportedNetwork::Rows& test, std::size_t k) {
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  double correct = 0;
  for (std::size_t i = 0; i < test.size(); ++i) {
    std::vector<std::pair<double, std::size_t>> neighbours;
    for (std::size_t j = 0; j < train.size(); ++j) {
      const double length = std::sqrt(dot(train[j], train[j]) * dot(test[i], test[i]));
      neighbours.emplace_back(-dot(train[j], test[i]) / length, label(data::Split::train, j));
    }
    std::sort(neighbours.begin(), neighbours.end());
    std::vector<double> votes(10);
    for (std::size_t j = 0; j < k; ++j) votes[neighbours[j].second] += std::exp(-neighbours[j].first / 0.07);
    correct += largest(votes) == label(data::Split::test, i) ? 1 : 0;
  }
  return correct / static_cast<double>(test.size());
}

}  // namespace tests
