#include "data/kinds.h"

#include <array>

#include "data/compositions/rand_bits.h"
#include "data/sources/digits.h"
#include "data/sources/mnist.h"
#include "data/sources/npy_images.h"

namespace data {
namespace {

std::shared_ptr<const Source> open_digits(const Arguments& arguments) {
  return std::make_shared<Digits>(split_of(arguments.opening().role));
}

std::shared_ptr<const Source> open_mnist_files(const Arguments& arguments) {
  return open_mnist(arguments.path(), split_of(arguments.opening().role));
}

std::shared_ptr<const Source> open_npy_files(const Arguments& arguments) {
  return open_npy(arguments.path(), split_of(arguments.opening().role));
}

constexpr std::array kRandBits{
    Parameter{.name = "bits", .fallback = "", .help = "number of bits, 0 to 64"},
    Parameter{.name = "redraw",
              .fallback = "never",
              .help = "draw them anew for every visit, or for every view (which then share nothing: the control)"},
};

std::shared_ptr<const Source> open_rand_bits(const Arguments& arguments) {
  return std::make_shared<RandBits>(arguments.source(),
                                    RandBits::Options{.bits = static_cast<int>(arguments.whole("bits", 0, 64)),
                                                      .redraw = arguments.choice<RandBits::Redraw>("redraw"),
                                                      .seed = arguments.opening().seed});
}

constexpr std::array kKinds{
    Kind{.name = "digits",
         .first = "",
         .help = "built-in drawn digits that stand for MNIST in demos, 28 x 28",
         .open = open_digits,
         .slow = true,
         .identified_by_images = true},
    Kind{.name = "mnist",
         .first = "DIR",
         .help = "MNIST, Fashion-MNIST or EMNIST as idx files, plain or .gz",
         .open = open_mnist_files},
    Kind{.name = "npy",
         .first = "DIR",
         .help = "{train,test}_images.npy, uint8 [N,H,W,C] or [N,H,W], and {train,test}_labels.npy",
         .open = open_npy_files},
    Kind{.name = "randbit",
         .first = "SOURCE",
         .help = "RandBit: random bits as constant planes, the label set \"bits\"",
         .parameters = kRandBits,
         .open = open_rand_bits},
};

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

}  // namespace data
