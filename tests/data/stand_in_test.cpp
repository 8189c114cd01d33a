#include "data/stand_in.h"

#include <doctest/doctest.h>

#include "data/kinds.h"

using data::with_blank_images;

TEST_CASE("stand-in: blank images in place of files, as many and as large as published") {
  const std::string mnist = "blank(examples=60000, test_examples=10000, height=28, width=28, channels=1, classes=10)",
                    imagenet = "blank(test_examples=50000)";
  CHECK(with_blank_images("mnist:datasets/mnist") == mnist);
  CHECK(with_blank_images("folder:datasets/imagenet") == imagenet);
  CHECK(with_blank_images("tar(\"train-*.tar\", test=\"val-*.tar\")") == imagenet);
  CHECK(with_blank_images("randbit( multidigits(mnist:/a/b, digits=2), bits=5 )") ==
        "randbit(multidigits(" + mnist + ", digits=2), bits=5)");
  CHECK(with_blank_images("overlay(resize(folder:/i, size=224, mode=squash), digits=mnist:/m, unique=4)") ==
        "overlay(resize(" + imagenet + ", size=224, mode=squash), digits=" + mnist + ", unique=4)");
  for (const std::string expression : {"cifar10:/c", "cifar100:/c", "subset(folder(/i, val=none), classes=[1, 2])"}) {
    CAPTURE(expression);
    const std::string blank = with_blank_images(expression).value_or("");
    CHECK(data::open_source(blank, {})->size() >= 2562);  // it can be opened
  }
  CHECK(data::open_source(*with_blank_images("cifar100:/c"), {})->layout().labels[0].classes == 100);
}

TEST_CASE("stand-in: what needs no files stays as it is") {
  CHECK(with_blank_images("digits:") == "digits:");
  CHECK(with_blank_images("overlay(trifeature(size=48), digits=digits:, fixed=off)") ==
        "overlay(trifeature(size=48), digits=digits:, fixed=off)");
}

TEST_CASE("stand-in: nothing where files could hold anything, or where the expression is wrong") {
  CHECK_FALSE(with_blank_images("npy:/n").has_value());
  CHECK_FALSE(with_blank_images("randbit(packed:/p, bits=3)").has_value());
  CHECK_FALSE(with_blank_images("mnits:/m").has_value());
  CHECK_FALSE(with_blank_images("randbit(mnist:/m, bits=3").has_value());
}
