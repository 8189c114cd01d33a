#pragma once
#include <filesystem>

namespace tests {

/// The default number of images.
constexpr int kTrainImages = 512, kTestImages = 128;

/// Writes a data set in MNIST's format: a few of the drawn digits, as four idx files.
void write_tiny_mnist(const std::filesystem::path& directory, int train_images = kTrainImages);

}  // namespace tests
