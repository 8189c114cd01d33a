#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "data/source.h"

namespace data {

/// The two data sets of Krizhevsky 2009, whose files have one form.
enum class CifarSet { cifar10, cifar100 };

/// Images of a file, [32,32,3] each, and their labels: of CIFAR-10 one each, of CIFAR-100 the fine one of 100 and the
/// coarse one of 20.
struct CifarImages {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
};

/// Appends the images of a file of the binary version: records of one label (CIFAR-100: the coarse, then the fine one)
/// and the planes of red, green and blue, a byte each. Throws engine::DataError with the reason alone.
void parse_cifar(std::span<const std::byte> file, CifarSet set, CifarImages& images);

/// The binary version of CIFAR-10 or CIFAR-100: a directory with its .bin files, or with the directory that holds them
/// when unpacked, or with the archive as published (cifar-10-binary.tar.gz, cifar-100-binary.tar.gz); or the archive
/// itself. The label sets are "label", 10 or 100 classes, and for CIFAR-100 also "coarse", 20. Everything is held in
/// memory. Throws engine::DataError for what is missing or damaged.
std::unique_ptr<Source> open_cifar(const std::filesystem::path& path, CifarSet set, Split split);

}  // namespace data
