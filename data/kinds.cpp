#include "data/kinds.h"

#include <array>
#include <limits>

#include "data/compositions/multi_digits.h"
#include "data/compositions/overlay.h"
#include "data/compositions/planted_values.h"
#include "data/compositions/rand_bits.h"
#include "data/compositions/resident.h"
#include "data/compositions/resize.h"
#include "data/compositions/subset.h"
#include "data/sources/blank.h"
#include "data/sources/cifar.h"
#include "data/sources/digits.h"
#include "data/sources/folder.h"
#include "data/sources/mnist.h"
#include "data/sources/npy_classes.h"
#include "data/sources/npy_images.h"
#include "data/sources/packed.h"
#include "data/sources/tar_images.h"
#include "data/sources/trifeature.h"

namespace data {
namespace {

std::uint64_t seed_of(const Arguments& arguments) {
  return static_cast<std::uint64_t>(arguments.whole("seed", 0, std::numeric_limits<std::int64_t>::max()));
}

std::shared_ptr<const Source> open_digits(const Arguments& arguments) {
  return std::make_shared<Digits>(split_of(arguments.opening().role));
}

std::shared_ptr<const Source> open_mnist_files(const Arguments& arguments) {
  return open_mnist(arguments.path(), split_of(arguments.opening().role));
}

std::shared_ptr<const Source> open_npy_files(const Arguments& arguments) {
  return open_npy(arguments.path(), split_of(arguments.opening().role));
}

std::shared_ptr<const Source> open_packed(const Arguments& arguments) {
  return std::make_shared<Packed>(arguments.path(), split_of(arguments.opening().role));
}

template <CifarSet kSet>
std::shared_ptr<const Source> open_cifar_files(const Arguments& arguments) {
  return open_cifar(arguments.path(), kSet, split_of(arguments.opening().role));
}

ImageFiles::Options image_options(const Arguments& arguments) {
  return {.labels = arguments.on_off("labels"), .skip_bad = arguments.opening().skip_bad};
}

constexpr std::array kFolder{
    Parameter{.name = "train",
              .fallback = "train",
              .help = "directory of the training images; without it and that of the test images, all are both"},
    Parameter{.name = "test", .fallback = "val", .help = "directory of the test images; where there is no val, test"},
    Parameter{.name = "train_list", .fallback = "none", .help = "file with a path and, if you like, a label a line"},
    Parameter{.name = "test_list", .fallback = "none", .help = "the same of the test images"},
    Parameter{.name = "labels", .fallback = "on", .help = "off: directories are no classes"},
};

std::shared_ptr<const Source> open_folder_files(const Arguments& arguments) {
  FolderOptions options;
  options.images = image_options(arguments);
  if (arguments.given("train")) options.splits.train = arguments.text("train");
  if (arguments.given("test")) options.splits.test = arguments.text("test");
  if (arguments.given("train_list")) options.train_list = arguments.text("train_list");
  if (arguments.given("test_list")) options.test_list = arguments.text("test_list");
  return open_folder(arguments.path(), split_of(arguments.opening().role), options);
}

constexpr std::array kTar{
    Parameter{.name = "test", .fallback = "none", .help = "archives of the test images, if the first are all training"},
    Parameter{.name = "labels", .fallback = "on", .help = "off: directories are no classes"},
};

std::shared_ptr<const Source> open_tar_files(const Arguments& arguments) {
  TarOptions options;
  options.images = image_options(arguments);
  if (arguments.given("test")) options.test = arguments.text("test");
  return open_tar(arguments.path(), split_of(arguments.opening().role), options);
}

constexpr std::array kTrifeature{
    Parameter{.name = "size", .fallback = "224", .help = "side of the images in pixels"},
    Parameter{.name = "train", .fallback = "100", .help = "training images for each of the 1000 combinations"},
    Parameter{.name = "test", .fallback = "10", .help = "test images for each"},
    Parameter{.name = "texture_period", .fallback = "10", .help = "pixels after which textures repeat"},
    Parameter{.name = "correlate",
              .fallback = "none",
              .help = "shape-colour, shape-texture, colour-texture: in pretraining the second follows the first"},
    Parameter{.name = "correlation", .fallback = "1", .help = "with this probability"},
    Parameter{.name = "seed", .fallback = "0", .help = "of the test images and of correlated features"},
};

std::shared_ptr<const Source> open_trifeature(const Arguments& arguments) {
  if (!arguments.given("correlate")) arguments.refuse_without("correlation", "correlate");
  return std::make_shared<Trifeature>(Trifeature::Options{.size = arguments.whole("size", 16, 512),
                                                          .train = arguments.whole("train", 1, 1000000),
                                                          .test = arguments.whole("test", 1, 1000000),
                                                          .texture_period = arguments.number("texture_period", 4, 32),
                                                          .correlate = arguments.choice<Trifeature::Pair>("correlate"),
                                                          .correlation = arguments.number("correlation", 0, 1),
                                                          .seed = seed_of(arguments)},
                                      arguments.opening().role, arguments.opening().seed);
}

constexpr std::array kBlank{
    Parameter{.name = "examples", .fallback = "1281167", .help = "training images; as many as ImageNet's"},
    Parameter{.name = "test_examples", .fallback = "0", .help = "test images; 0: a tenth as many"},
    Parameter{.name = "height", .fallback = "375", .help = "pixels"},
    Parameter{.name = "width", .fallback = "500", .help = "pixels"},
    Parameter{.name = "channels", .fallback = "3", .help = "1 is grey"},
    Parameter{.name = "classes", .fallback = "1000", .help = "image i is of class i modulo this; 0: no labels"},
};

std::shared_ptr<const Source> open_blank(const Arguments& arguments) {
  return std::make_shared<Blank>(
      Blank::Options{.examples = arguments.whole("examples", 1, Blank::kMostExamples),
                     .test_examples = arguments.whole("test_examples", 0, Blank::kMostExamples),
                     .extent = {.height = arguments.whole("height", 1, Blank::kMostSide),
                                .width = arguments.whole("width", 1, Blank::kMostSide)},
                     .channels = static_cast<int>(arguments.whole("channels", 1, Blank::kMostChannels)),
                     .classes = static_cast<int>(arguments.whole("classes", 0, Blank::kMostClasses))},
      split_of(arguments.opening().role));
}

constexpr std::array kMultiDigits{
    Parameter{.name = "digits", .fallback = "2", .help = "on a canvas for pretraining, 1 to 16; probes see one"},
    Parameter{.name = "placement", .fallback = "random", .help = "or grid: in different cells of a grid"},
    Parameter{.name = "canvas", .fallback = "112", .help = "side of the canvas in pixels"},
    Parameter{.name = "combine", .fallback = "max", .help = "digits that overlap: max, or sum, cut at 255"},
    Parameter{.name = "first_size", .fallback = "20", .help = "side of the first digit, with a second_size"},
    Parameter{.name = "second_size", .fallback = "0", .help = "side of the second digit; 0: digits keep their size"},
    Parameter{.name = "probe", .fallback = "first", .help = "or second: the digit that probes see, with a second_size"},
    Parameter{.name = "channels", .fallback = "3", .help = "1, or 3 equal ones"},
    Parameter{.name = "seed", .fallback = "0", .help = "of the places on test canvases"},
};

std::shared_ptr<const Source> open_multidigits(const Arguments& arguments) {
  constexpr std::int64_t kLargest = MultiDigits::kLargestCanvas;
  const std::int64_t second_size = arguments.whole("second_size", 0, kLargest);
  if (second_size == 0) {
    arguments.refuse_without("first_size", "second_size");
    arguments.refuse_without("probe", "second_size");
  }
  return std::make_shared<MultiDigits>(
      arguments.source(),
      MultiDigits::Options{.digits = static_cast<int>(arguments.whole("digits", 1, MultiDigits::kMostDigits)),
                           .placement = arguments.choice<MultiDigits::Placement>("placement"),
                           .canvas = arguments.whole("canvas", 1, kLargest),
                           .combine = arguments.choice<Combine>("combine"),
                           .first_size = arguments.whole("first_size", 1, kLargest),
                           .second_size = second_size,
                           .probe = arguments.choice<MultiDigits::Probe>("probe"),
                           .channels = static_cast<int>(arguments.whole("channels", 1, 3)),
                           .seed = seed_of(arguments)},
      arguments.opening().role, arguments.opening().seed);
}

constexpr std::array kOverlay{
    Parameter{.name = "digits", .fallback = "", .help = "the source of the digits"},
    Parameter{.name = "unique", .fallback = "0", .help = "how many of them training images show; 0: all"},
    Parameter{.name = "probe_unique", .fallback = "0", .help = "the same for probes; 0: as unique"},
    Parameter{.name = "fixed", .fallback = "on", .help = "the digit belongs to the image; off: drawn at every visit"},
    Parameter{.name = "per_view",
              .fallback = "off",
              .help = "with fixed=off: drawn for every view, which then share nothing of it (the control)"},
    Parameter{.name = "combine", .fallback = "max", .help = "image and digit: max, or sum, cut at 255"},
    Parameter{
        .name = "digit_size", .fallback = "0.125", .help = "side: below 1 of the image's shorter side, else pixels"},
    Parameter{.name = "seed", .fallback = "0", .help = "of the digits that belong to images"},
};

std::shared_ptr<const Source> open_overlay(const Arguments& arguments) {
  if (arguments.on_off("fixed")) arguments.refuse_without("per_view", "fixed=off");
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  return std::make_shared<Overlay>(arguments.source(), arguments.source("digits"),
                                   Overlay::Options{.unique = arguments.whole("unique", 0, kMost),
                                                    .probe_unique = arguments.whole("probe_unique", 0, kMost),
                                                    .fixed = arguments.on_off("fixed"),
                                                    .per_view = arguments.on_off("per_view"),
                                                    .combine = arguments.choice<Combine>("combine"),
                                                    .digit_size = arguments.number("digit_size", 0, 4096),
                                                    .seed = seed_of(arguments)},
                                   arguments.opening().role, arguments.opening().seed);
}

constexpr std::array kRandBits{
    Parameter{.name = "bits", .fallback = "", .help = "number of bits, 0 to 64"},
    Parameter{.name = "redraw",
              .fallback = "never",
              .help = "draw them anew for every visit, or for every view (which then share nothing: the control)"},
    Parameter{.name = "blank", .fallback = "off", .help = "all planes zero: the same network without the feature"},
};

std::shared_ptr<const Source> open_rand_bits(const Arguments& arguments) {
  return std::make_shared<RandBits>(arguments.source(),
                                    RandBits::Options{.bits = static_cast<int>(arguments.whole("bits", 0, 64)),
                                                      .redraw = arguments.choice<RandBits::Redraw>("redraw"),
                                                      .blank = arguments.on_off("blank"),
                                                      .seed = arguments.opening().seed});
}

constexpr std::array kPlanted{
    Parameter{.name = "values", .fallback = "", .help = "file .npy of whole numbers [N] from 0 to 999"},
    Parameter{.name = "redraw",
              .fallback = "never",
              .help = "draw them from the file anew for every visit, or for every view (the control)"},
    Parameter{.name = "blank", .fallback = "off", .help = "all planes zero: the same network without the feature"},
};

std::shared_ptr<const Source> open_planted(const Arguments& arguments) {
  const std::string file = arguments.text("values");
  PlantedValues::Options options{.values = read_npy_classes(file, "planted", "value", PlantedValues::kMostValues),
                                 .file = file,
                                 .redraw = arguments.choice<RandBits::Redraw>("redraw"),
                                 .blank = arguments.on_off("blank")};
  return std::make_shared<PlantedValues>(arguments.source(), std::move(options), arguments.opening().role,
                                         arguments.opening().seed);
}

constexpr std::array kResize{
    Parameter{.name = "size", .fallback = "", .help = "side in pixels, or HEIGHTxWIDTH"},
    Parameter{.name = "mode",
              .fallback = "crop",
              .help = "cut out the middle of the image that just covers the size; or squash the whole image into it"},
};

std::shared_ptr<const Source> open_resize(const Arguments& arguments) {
  const Resize::Options options{.size = arguments.extent("size", Resize::kMostSide),
                                .mode = arguments.choice<Resize::Mode>("mode")};
  auto resized = std::make_shared<Resize>(arguments.source(), options);
  Opening once = arguments.opening();
  if (once.resident_bytes == 0 || !Resident::fits(*resized, once.resident_bytes)) return resized;
  once.resident_bytes = 0;  // images that are kept resized are read once as they were, and not kept as that, too
  resized.reset();          // its list of files may be long
  return std::make_shared<Resize>(arguments.source(once), options);
}

constexpr std::array kSubset{
    Parameter{.name = "classes",
              .fallback = "all",
              .help = "classes of the first label set, as in [3, 5]; they keep their numbers"},
    Parameter{.name = "fraction", .fallback = "1", .help = "of the training images of each class, drawn by the seed"},
    Parameter{.name = "seed", .fallback = "0", .help = "of that draw"},
};

std::shared_ptr<const Source> open_subset(const Arguments& arguments) {
  constexpr std::int64_t kMostClasses = 1 << 30;
  Subset::Options options{.fraction = arguments.number("fraction", 0, 1), .seed = seed_of(arguments)};
  if (arguments.given("classes")) options.classes = arguments.whole_numbers("classes", 0, kMostClasses);
  return std::make_shared<Subset>(arguments.source(), options, split_of(arguments.opening().role));
}

constexpr char kLikeImageNet[] = "test_examples=50000";

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
         .open = open_mnist_files,
         .blank = "examples=60000, test_examples=10000, height=28, width=28, channels=1, classes=10"},
    Kind{.name = "cifar10",
         .first = "DIR",
         .help = "CIFAR-10's binary version: its files or the archive as published",
         .open = open_cifar_files<CifarSet::cifar10>,
         .blank = "examples=50000, test_examples=10000, height=32, width=32, classes=10"},
    Kind{.name = "cifar100",
         .first = "DIR",
         .help = "CIFAR-100's; label sets label (100 classes) and coarse (20)",
         .open = open_cifar_files<CifarSet::cifar100>,
         .blank = "examples=50000, test_examples=10000, height=32, width=32, classes=100"},
    Kind{.name = "folder",
         .first = "DIR",
         .help = "JPEG and PNG files; directories are classes; ImageNet's train and val are the splits",
         .parameters = kFolder,
         .open = open_folder_files,
         .slow = true,
         .blank = kLikeImageNet},
    Kind{.name = "tar",
         .first = "FILES",
         .help = "the same in archives, plain, .gz or .zst; several as train-{000..012}.tar or train-*.tar; or "
                 "WebDataset's names",
         .parameters = kTar,
         .open = open_tar_files,
         .slow = true,
         .blank = kLikeImageNet},
    Kind{.name = "npy",
         .first = "DIR",
         .help = "{train,test}_images.npy, uint8 [N,H,W,C] or [N,H,W], and {train,test}_labels.npy",
         .open = open_npy_files},
    Kind{.name = "packed",
         .first = "FILE",
         .help = "any of these decoded into one file by the program `pack`; its size and labels",
         .open = open_packed},
    Kind{.name = "trifeature",
         .first = "",
         .help = "drawn shapes with a texture and a colour; label sets shape, colour, texture",
         .parameters = kTrifeature,
         .open = open_trifeature,
         .slow = true},
    Kind{.name = "blank",
         .first = "",
         .help = "grey images without content, to try or time a run without its data",
         .parameters = kBlank,
         .open = open_blank},
    Kind{.name = "multidigits",
         .first = "SOURCE",
         .help = "several digits on a canvas (MultiDigits); label set digit",
         .parameters = kMultiDigits,
         .open = open_multidigits},
    Kind{.name = "overlay",
         .first = "SOURCE",
         .help = "a digit at nine places of every image (DigitOnImageNet); adds the label set digit",
         .parameters = kOverlay,
         .open = open_overlay},
    Kind{.name = "randbit",
         .first = "SOURCE",
         .help = "random bits as constant planes (RandBit); adds the label set bits",
         .parameters = kRandBits,
         .open = open_rand_bits},
    Kind{.name = "planted",
         .first = "SOURCE",
         .help = "a value for every image, read from a file, as constant planes; adds the label set planted",
         .parameters = kPlanted,
         .open = open_planted},
    Kind{.name = "subset",
         .first = "SOURCE",
         .help = "some of the classes, or a fraction of the training images",
         .parameters = kSubset,
         .open = open_subset},
    Kind{.name = "resize",
         .first = "SOURCE",
         .help = "images of one size",
         .parameters = kResize,
         .open = open_resize,
         .slow = true},
};

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

}  // namespace data
