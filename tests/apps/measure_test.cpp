// `measure` as a user starts it: golden values, files of every kind, labels, and what it refuses.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "engine/io/files.h"
#include "engine/io/npy.h"
#include "engine/io/safetensors.h"
#include "tests/apps/workbench.h"

using namespace tests;
using engine::StoredType;

namespace {

/// A directory with embeddings in files.
class Files {
 public:
  fs::path operator/(const std::string& name) const { return scratch_ / name; }
  std::string path(const std::string& name) const { return scratch_ / name; }

  template <class T>
  void npy(const std::string& name, StoredType type, const std::vector<std::int64_t>& shape,
           const std::vector<T>& values) const {
    engine::save_npy(scratch_ / name, {.type = type, .shape = shape, .bytes = std::as_bytes(std::span(values))});
  }
  void embeddings(const std::string& name, std::int64_t columns, const std::vector<double>& values) const {
    npy(name, StoredType::f64, {static_cast<std::int64_t>(values.size()) / columns, columns}, values);
  }
  void labels(const std::string& name, const std::vector<std::int64_t>& values) const {
    npy(name, StoredType::i64, {static_cast<std::int64_t>(values.size())}, values);
  }

 private:
  ScratchDirectory scratch_;
};

/// The two views of the golden values: n = 4, d = 3.
constexpr int kGolden = 12;
std::vector<double> golden(int view) {
  std::vector<double> values;
  for (int i = 0; i < kGolden; ++i) values.push_back(view == 1 ? std::sin(1 + 0.7 * i) : std::cos(0.3 + 0.5 * i));
  return values;
}
std::vector<double> both_views() {
  std::vector<double> values = golden(1);
  const std::vector<double> second = golden(2);
  values.insert(values.end(), second.begin(), second.end());
  return values;
}

/// A gradient of the golden views.
std::vector<float> floats(const fs::path& path) {
  const engine::NpyFile file(path);
  CHECK(file.array().type == StoredType::f32);
  REQUIRE(file.array().shape == std::vector<std::int64_t>{8, 3});
  std::vector<float> values(24);
  std::memcpy(values.data(), file.array().bytes.data(), file.array().bytes.size());
  return values;
}

Ended measure(Strings arguments) {
  arguments.insert(arguments.end(), {"--threads", "1"});
  return Program(MEASURE, arguments).wait();
}
nlohmann::json measured(Strings arguments) {
  arguments.push_back("--json");
  return result(measure(arguments));
}

void check_close(const nlohmann::json& got, double expected) {
  CHECK(got.get<double>() == doctest::Approx(expected).epsilon(2e-6));
}

}  // namespace

TEST_CASE("measure: golden values of a loss and its gradient, from two files and from a stacked one") {
  const Files files;
  files.embeddings("z1.npy", 3, golden(1));
  files.embeddings("z2.npy", 3, golden(2));
  files.embeddings("both.npy", 3, both_views());
  const Strings two{files.path("z1.npy"), files.path("z2.npy")}, stacked{files.path("both.npy")};
  for (const Strings& views : {two, stacked}) {
    const auto of = [&](const Strings& flags) {
      Strings arguments = views;
      arguments.insert(arguments.end(), flags.begin(), flags.end());
      const auto json = measured(arguments);
      REQUIRE(json.at("losses").size() == 1);
      return json.at("losses")[0];
    };
    const double expected[][2] = {
        {.05, 1.9368693108}, {.1, 1.4608597884}, {.2, 1.4120904644}, {.5, 1.8233050546}, {1, 2.4384801432}};
    for (const auto& [temperature, loss] : expected)
      check_close(of({"--loss", "nt-xent", "--temperature", std::to_string(temperature)}).at("value"), loss);
    check_close(of({"--loss", "cross-view", "--temperature", "0.1"}).at("value"), .8786400876);
    check_close(of({"--loss", "cross-view", "--temperature", "0.5"}).at("value"), 1.1460530479);

    const auto loss = of({"--loss", "nt-xent", "--temperature", "0.5", "--gradient", files.path("g.npy")});
    const std::vector<float> values = floats(files / "g.npy");
    const double first[] = {-.1841734210, .0266280638, .1903441665}, last[] = {-.1575690791, -.0883920318, .0709068597};
    double squares = 0;
    for (const float value : values) squares += static_cast<double>(value) * static_cast<double>(value);
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(values[j] == doctest::Approx(first[j]).epsilon(1e-5));
      CHECK(values[21 + j] == doctest::Approx(last[j]).epsilon(1e-5));
    }
    check_close(loss.at("gradient_norm"), std::sqrt(squares));
    check_close(loss.at("alignment").get<double>() + loss.at("distribution").get<double>(), 1.8233050546);
  }
}

TEST_CASE("measure: golden values of the generalized loss, its two terms and its gradient") {
  const Files files;
  files.embeddings("both.npy", 3, both_views());
  const auto measured_loss = [&](Strings flags) {
    flags.insert(flags.begin(), files.path("both.npy"));
    return measured(flags).at("losses")[0];
  };
  const auto loss = measured_loss({"--loss", "decoupled", "--gradient", files.path("g.npy")});
  check_close(loss.at("value"), .1713227695);
  check_close(loss.at("alignment"), .0430773470);
  check_close(loss.at("distribution"), 1.2824542253);
  CHECK(loss.at("temperature") == 1);
  CHECK(loss.at("lambda").get<double>() == doctest::Approx(0.1));
  CHECK(loss.at("scaling") == "notebook");
  CHECK_FALSE(loss.contains("temperature_schedule"));
  const Ended table =
      measure({files.path("both.npy"), "--loss", "decoupled", "--self-pair", "off", "--temperature", "0.5"});
  CHECK(table.out.find("temperature 0.5, lambda 0.1, self_pair off\n") != std::string::npos);
  const std::vector<float> gradient = floats(files / "g.npy");
  const double first[] = {-.0143231776, .0033956010, .0128581995};
  for (std::size_t j = 0; j < 3; ++j) CHECK(gradient[j] == doctest::Approx(first[j]).epsilon(1e-5));
  check_close(measured_loss({"--loss", "decoupled", "--temperature", "0.5"}).at("distribution"), 1.9813678331);
  check_close(measured_loss({"--loss", "decoupled", "--temperature", "0.2"}).at("distribution"), 4.6642536522);
  check_close(measured_loss({"--loss", "decoupled", "--normalize", "off"}).at("alignment"), .0773283902);
}

TEST_CASE("measure: metrics of the golden views against their definitions") {
  const Files files;
  files.embeddings("both.npy", 3, both_views());
  const auto json = measured({files.path("both.npy")});
  CHECK(json.at("rows") == 8);
  CHECK(json.at("images") == 4);
  CHECK(json.at("dimensions") == 3);
  CHECK(json.at("files") == nlohmann::json{files.path("both.npy")});
  std::vector<double> u = both_views();
  for (std::size_t i = 0; i < 8; ++i) {
    const double length = std::sqrt(u[3 * i] * u[3 * i] + u[3 * i + 1] * u[3 * i + 1] + u[3 * i + 2] * u[3 * i + 2]);
    for (std::size_t j = 0; j < 3; ++j) u[3 * i + j] /= length;
  }
  double alignment = 0, potential = 0, same = 0, other = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t k = i + 1; k < 8; ++k) {
      double cosine = 0;
      for (std::size_t j = 0; j < 3; ++j) cosine += u[3 * i + j] * u[3 * k + j];
      (k == i + 4 ? same : other) += cosine / (k == i + 4 ? 4 : 24);
      if (k == i + 4) alignment += (2 - 2 * cosine) / 4;
      if (k != i + 4) potential += std::exp(-2 * (2 - 2 * cosine)) / 24;
    }
  }
  check_close(json.at("alignment"), alignment);
  check_close(json.at("uniformity"), std::log(potential));
  check_close(json.at("cosine_same_image"), same);
  check_close(json.at("cosine_other_images"), other);
  CHECK(json.at("rank_me").get<double>() > 1);
  CHECK(json.at("rank_me").get<double>() < 3.001);
  CHECK(json.at("lidar").get<double>() >= 1);
  CHECK(json.at("labels").empty());
}

TEST_CASE("measure: the same numbers in every file format, and the tensor that is meant") {
  const Files files;
  std::vector<float> single;
  std::vector<std::uint16_t> brain;
  for (const double value : both_views()) {
    single.push_back(static_cast<float>(value));
    brain.push_back(engine::bf16(single.back()).bits);
  }
  files.npy("single.npy", StoredType::f32, {8, 3}, single);
  const auto bytes = [](const auto& values) { return std::as_bytes(std::span(values)); };
  const std::vector<std::uint16_t> ones(24, 0x3c00);  // 1 in half precision
  engine::save_safetensors(files / "one.safetensors",
                           std::vector<engine::StoredTensor>{{"z", StoredType::f32, {8, 3}, bytes(single)}});
  engine::save_safetensors(files / "more.safetensors",
                           std::vector<engine::StoredTensor>{{"z", StoredType::f32, {8, 3}, bytes(single)},
                                                             {"brain", StoredType::bf16, {8, 3}, bytes(brain)},
                                                             {"half", StoredType::f16, {8, 3}, bytes(ones)}});
  const auto expected = measured({files.path("single.npy"), "--loss", "nt-xent"}).at("losses");
  CHECK(measured({files.path("one.safetensors"), "--loss", "nt-xent"}).at("losses") == expected);
  CHECK(measured({files.path("more.safetensors:z"), "--loss", "nt-xent"}).at("losses") == expected);
  CHECK(measured({files.path("more.safetensors"), "--tensor", "z", "--loss", "nt-xent"}).at("losses") == expected);
  const double rounded =
      measured({files.path("more.safetensors:brain"), "--loss", "nt-xent"}).at("losses")[0].at("value");
  CHECK(rounded == doctest::Approx(expected[0].at("value").get<double>()).epsilon(0.02));
  CHECK(rounded != expected[0].at("value").get<double>());
  CHECK(measured({files.path("more.safetensors:half")}).at("rank_me").get<double>() ==
        doctest::Approx(1).epsilon(1e-4));
}

TEST_CASE("measure: without flags every loss, the table says the same, and one view has no losses") {
  const Files files;
  files.embeddings("both.npy", 3, both_views());
  const auto json = measured({files.path("both.npy")});
  Strings names;
  for (const auto& loss : json.at("losses")) {
    names.push_back(loss.at("loss"));
    CHECK(std::isfinite(loss.at("value").get<double>()));
    CHECK(loss.at("gradient_norm").get<double>() > 0);
  }
  CHECK(std::count(names.begin(), names.end(), "nt-xent") == 1);
  CHECK(std::count(names.begin(), names.end(), "cross-view") == 1);
  REQUIRE(json.at("priors").size() == 3);
  for (const auto& prior : json.at("priors")) {
    CHECK(prior.at("swd").get<double>() > 0);
    CHECK(prior.at("noise_floor").get<double>() > 0);
    CHECK(prior.at("unit_rows") == (prior.at("prior") == "sphere"));
  }
  const Ended table = measure({files.path("both.npy")});
  CHECK(table.exit_code == 0);
  CHECK(table.err.empty());
  for (const std::string& name : names) CHECK(table.out.find("\n  " + name + " ") != std::string::npos);
  for (const char* part : {"8 embeddings of 3 dimensions: 4 images in two views", "uniformity", "RankMe", "LiDAR"})
    CHECK(table.out.find(part) != std::string::npos);

  const auto one = measured({files.path("both.npy"), "--views", "1"});
  CHECK(one.at("losses").empty());
  CHECK(one.at("images") == 8);
  CHECK(one.at("alignment").is_null());
  CHECK(one.at("lidar").is_null());
  CHECK(one.at("uniformity").is_number());
}

TEST_CASE("measure: a loss with a prior is measured with each, or with the one that is asked for") {
  const Files files;
  files.embeddings("both.npy", 3, both_views());
  const auto priors = [&](Strings flags) {
    flags.insert(flags.begin(), files.path("both.npy"));
    Strings names;
    const auto json = measured(flags);
    for (const auto& loss : json.at("losses")) {
      if (loss.at("loss") != "swd") continue;
      names.push_back(loss.at("prior"));
      CHECK(loss.at("slices") == 3);
      CHECK(loss.at("normalize") == (names.back() == "sphere" ? "on" : "off"));
      for (const auto& prior : json.at("priors")) {  // the same numbers, by another way
        if (prior.at("prior") == names.back()) check_close(loss.at("distribution"), prior.at("swd").get<double>());
      }
    }
    return names;
  };
  CHECK(priors({}) == Strings{"sphere", "cube", "normal"});
  CHECK(priors({"--prior", "cube", "--prior-scale", "2"}) == Strings{"cube"});
  CHECK(priors({"--loss", "swd"}) == Strings{"sphere"});
  CHECK(priors({"--loss", "swd", "--prior", "normal"}) == Strings{"normal"});
  CHECK(measure({files.path("both.npy"), "--prior-sample", "quantiles"}).exit_code == 0);
}

TEST_CASE("measure: a planted shortcut shows in nearest neighbours and in pair cosines, and its control does not") {
  const Files files;
  constexpr int kImages = 60, kValues = 3, kColours = 6;
  // Every image with each of three watermarks. Planted: the watermark decides the embedding; control: the image does.
  std::vector<double> planted, control;
  std::vector<std::int64_t> images, watermarks, colours;
  for (int image = 0; image < kImages; ++image) {
    for (int value = 0; value < kValues; ++value) {
      images.push_back(image);
      watermarks.push_back(value * 1000 - 7);
      colours.push_back(image % kColours);
      for (int j = 0; j < 8; ++j) {
        const double of_image = std::sin(7.0 * image * (j + 1) + j), of_value = std::cos(5.0 * value * (j + 1) + 3 * j);
        planted.push_back(0.05 * of_image + of_value);
        control.push_back(of_image + 0.05 * of_value);
      }
    }
  }
  files.embeddings("planted.npy", 8, planted);
  files.embeddings("control.npy", 8, control);
  files.labels("images.npy", images);
  files.labels("watermarks.npy", watermarks);
  files.labels("colours.npy", colours);
  const auto of = [&](const std::string& name) {
    const auto json =
        measured({files.path(name), "--images", files.path("images.npy"), "--k", "5", "--labels",
                  "watermark=" + files.path("watermarks.npy"), "--labels", "colour=" + files.path("colours.npy")});
    CHECK(json.at("images") == kImages);
    CHECK(json.at("losses").empty());
    REQUIRE(json.at("labels").size() == 2);
    CHECK(json.at("labels")[0].at("name") == "watermark");
    CHECK(json.at("labels")[0].at("values") == kValues);
    CHECK(json.at("labels")[0].at("most_frequent").get<double>() == doctest::Approx(1.0 / kValues));
    CHECK(json.at("labels")[1].at("cosine_same_image_other_value").is_null());  // an image has one colour
    return json.at("labels")[0];
  };
  const auto shortcut = of("planted.npy"), healthy = of("control.npy");
  CHECK(shortcut.at("knn").get<double>() > 0.99);
  CHECK(shortcut.at("cosine_other_image_same_value").get<double>() > 0.9);
  CHECK(shortcut.at("cosine_same_image_other_value").get<double>() < 0);
  CHECK(healthy.at("knn").get<double>() < 0.6);
  CHECK(std::abs(healthy.at("cosine_other_image_same_value").get<double>()) < 0.1);
  CHECK(healthy.at("cosine_same_image_other_value").get<double>() > 0.9);
}

TEST_CASE("measure: labels of images hold for both views, labels of rows for each") {
  const Files files;
  files.embeddings("both.npy", 3, both_views());
  files.labels("images.npy", {3, 1, 3, 1});
  files.labels("rows.npy", {3, 1, 3, 1, 3, 1, 3, 1});
  const auto labels = [&](const std::string& name) {
    return measured({files.path("both.npy"), "--labels", "a=" + files.path(name)}).at("labels");
  };
  CHECK(labels("images.npy") == labels("rows.npy"));
}

TEST_CASE("measure: what is wrong is one sentence, and leaves nothing") {
  const Files files;
  files.embeddings("z.npy", 3, both_views());
  files.embeddings("view.npy", 3, golden(1));
  files.embeddings("wide.npy", 2, golden(1));
  files.embeddings("odd.npy", 3, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  files.embeddings("pair.npy", 3, {1, 2, 3, 4, 5, 6});
  files.npy<double>("none.npy", StoredType::f64, {0, 3}, {});
  files.npy("flat.npy", StoredType::f64, {12}, golden(1));
  files.labels("labels.npy", {1, 2, 3, 4, 5, 6, 7});
  files.labels("ones.npy", {1, 1, 1, 1, 1, 1, 1, 1});
  std::vector<double> bad = both_views();
  bad[16] = NAN;
  bad[20] = INFINITY;
  files.embeddings("nan.npy", 3, bad);
  bad[16] = 1e300;
  files.embeddings("huge.npy", 3, bad);
  const std::string whole = engine::read_file(files / "z.npy");
  engine::atomic_write_file(files / "cut.npy", whole.substr(0, whole.size() - 9));
  const std::vector<float> values(24);
  const auto bytes = std::as_bytes(std::span(values));
  engine::save_safetensors(
      files / "two.safetensors",
      std::vector<engine::StoredTensor>{{"a", StoredType::f32, {8, 3}, bytes}, {"b", StoredType::i32, {8, 3}, bytes}});
  const auto sentence = [&](int exit_code, const Strings& arguments) {
    Strings full;
    for (const std::string& argument : arguments) {
      const bool is_file = argument.find(".npy") != argument.npos || argument.find(".safetensors") != argument.npos;
      const std::size_t equals = argument.find('=');
      full.push_back(!is_file ? argument
                     : equals == argument.npos
                         ? files.path(argument)
                         : argument.substr(0, equals + 1) + files.path(argument.substr(equals + 1)));
    }
    const Ended ended = measure(full);
    CHECK(ended.exit_code == exit_code);
    const std::string directory = files.path("");
    std::string text = complaint(ended);
    for (std::size_t at; (at = text.find(directory)) != text.npos;) text.erase(at, directory.size());
    return text;
  };
  const auto data = [&](const Strings& arguments) { return sentence(3, arguments); };
  CHECK(data({"absent.npy"}) == "there is no file absent.npy");
  CHECK(data({"cut.npy"}).starts_with("cut.npy: the file is truncated: its header promises 8 x 3 elements of 8 bytes"));
  CHECK(data({"nan.npy"}).starts_with("nan.npy: row 5 (counted from 0) is not finite"));
  CHECK(data({"huge.npy"}).starts_with("huge.npy: row 5 (counted from 0) is not finite"));
  CHECK(data({"view.npy", "nan.npy"}).starts_with("nan.npy: row 5"));
  CHECK(data({"odd.npy"}).starts_with("odd.npy: two stacked views have an even number of rows, got 3"));
  CHECK(data({"pair.npy"}).starts_with("pair.npy: 2 rows of one image tell nothing"));
  CHECK(data({"none.npy"}).starts_with("none.npy: embeddings must have the shape [rows,d]"));
  CHECK(data({"flat.npy"}).ends_with("one row for each image, got [12]"));
  CHECK(data({"labels.npy"}).starts_with("labels.npy: embeddings must be floating-point numbers, got int64"));
  CHECK(data({"view.npy", "wide.npy"}) ==
        "wide.npy: two views must have the same shape, got [6,2] beside [4,3] of view.npy");
  CHECK(data({"z.npy", "--labels", "a=labels.npy"}) == "labels.npy: 7 labels do not fit 8 rows of 4 images");
  CHECK(data({"z.npy", "--labels", "a=flat.npy"}).starts_with("flat.npy: labels must be whole numbers, got float64"));
  CHECK(data({"z.npy", "--images", "labels.npy"}) == "labels.npy: 7 image numbers do not fit the 8 rows of z.npy");
  CHECK(data({"z.npy", "--images", "ones.npy"}).starts_with("z.npy: 8 rows of one image tell nothing"));
  CHECK(data({"two.safetensors"}) == "two.safetensors: which of its 2 tensors? Give --tensor NAME: a, b");
  CHECK(data({"two.safetensors:c"}) == "two.safetensors: there is no tensor 'c', only a, b");
  CHECK(
      data({"two.safetensors:b"}).starts_with("two.safetensors: embeddings must be floating-point numbers, got int32"));

  const auto usage = [&](const Strings& arguments) { return sentence(2, arguments); };
  CHECK(usage({}).starts_with("give a file of embeddings: measure EMBEDDINGS [SECOND_VIEW]"));
  CHECK(usage({"z.npy", "--loss", "nt-xnt"}).starts_with("--loss must be one of nt-xent, cross-view, "));
  for (const char* temperature : {"0", "-1", "nan", "inf"})
    CHECK(usage({"z.npy", "--temperature", temperature}).starts_with("--temperature must be "));
  CHECK(usage({"z.npy", "--loss", "decoupled", "--lambda", "-0.1"}).starts_with("--lambda must be "));
  CHECK(usage({"z.npy", "--loss", "nt-xent", "--lambda", "0.5"}).find("has no effect while loss.name is nt-xent") !=
        std::string::npos);
  CHECK(usage({"z.npy", "--loss", "swd", "--slices", "4"}).starts_with("loss.slices = 4 must not be above the 3 dim"));
  CHECK(usage({"z.npy", "--slices", "4"}).find("; every loss is measured here, give --loss NAME for one") !=
        std::string::npos);
  CHECK(usage({"z.npy", "--loss", "sigreg", "--lambda", "2"}).starts_with("loss.lambda = 2 must be at most 1"));
  CHECK(usage({"z.npy", "--ifm-epsilon", "0.1", "--hard-negative-beta", "1"}).starts_with("loss.ifm_epsilon excludes"));
  CHECK(usage({"z.npy", "--temprature", "1"}).starts_with("unknown flag --temprature; the nearest is --temperature"));
  CHECK(usage({"z.npy", "--labels", "labels.npy"}).starts_with("--labels must be NAME=FILE.npy"));
  CHECK(usage({"z.npy", "--labels", "a=labels.npy", "--labels", "a=labels.npy"}).starts_with("--labels has 'a' twice"));
  CHECK(usage({"z.npy", "--gradient", "g.npy"}).starts_with("--gradient is of one loss: give --loss NAME too"));
  CHECK(usage({"z.npy", "--views", "1", "--loss", "nt-xent"}).starts_with("--loss compares two views of each image"));
  CHECK(usage({"z.npy", "view.npy", "--views", "1"}).starts_with("--views is of a single file"));
  CHECK(usage({"z.npy", "z.npy", "--images", "labels.npy"}).starts_with("--images is of a single file"));
  CHECK(usage({"z.npy", "--views", "3"}).starts_with("--views must be a whole number from 1 to 2, got '3'"));
  CHECK(usage({"z.npy", "--k", "0"}).starts_with("--k must be a whole number from 1 to 10000"));
  CHECK_FALSE(fs::exists(files / "g.npy"));
}

TEST_CASE("measure: a gradient that cannot be written is said, and nothing is printed") {
  const Files files;
  files.embeddings("z.npy", 3, both_views());
  const Ended ended =
      measure({files.path("z.npy"), "--loss", "nt-xent", "--gradient", files.path("absent/gradient.npy")});
  CHECK(ended.exit_code == 1);
  CHECK(complaint(ended).find("absent/gradient.npy") != std::string::npos);
}
