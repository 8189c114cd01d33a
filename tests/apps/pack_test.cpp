// `pack` as a user starts it: what it writes from each kind of source, and what is left when it fails or is stopped.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "data/kinds.h"
#include "data/sources/packed.h"
#include "engine/io/files.h"
#include "tests/apps/workbench.h"
#include "tests/data/drawn_source.h"
#include "tests/data/sources/image_tree.h"

using namespace tests;
using data::open_source;
using data::Role;

namespace {

/// Images of several sizes in two classes; one of them may be damaged.
void write_images(const fs::path& root, bool one_is_bad = false) {
  ImageTree tree;
  for (int i = 0; i < 12; ++i) {
    const std::string folder = std::string(i < 8 ? "train" : "val") + (i % 2 == 0 ? "/cat/" : "/dog/");
    tree.emplace_back(folder + std::to_string(i) + ".png",
                      red_png(static_cast<std::uint8_t>(10 * i), {.height = 20 + i, .width = 30 - i}));
  }
  if (one_is_bad) tree[3].second.resize(tree[3].second.size() / 2);
  write_tree(root, tree);
}

class Packer {
 public:
  fs::path operator/(const std::string& name) const { return scratch_ / name; }
  std::string path(const std::string& name) const { return scratch_ / name; }
  Strings arguments(const std::string& source, const std::string& out, const Strings& more = {}) const {
    Strings all{"--data", source, "--out", path(out)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Ended pack(const std::string& source, const std::string& out, const Strings& more = {},
             const Program::Options& options = {}) const {
    return Program(PACK, arguments(source, out, more), options).wait();
  }
  /// The names beside the data.
  Strings files() const { return names(scratch_.path()); }

 private:
  ScratchDirectory scratch_;
};

void check_equal(const std::string& packed, const std::string& source) {
  for (const Role role : {Role::pretrain, Role::probe_train, Role::probe_test}) {
    const auto one = open_source(packed, {.role = role}), other = open_source(source, {.role = role});
    REQUIRE(one->size() == other->size());
    CHECK(one->layout().labels == other->layout().labels);
    CHECK(one->layout().channels == other->layout().channels);
    CHECK(one->layout().extent == other->layout().extent);
    for (std::int64_t i = 0; i < one->size(); i += std::max<std::int64_t>(one->size() / 300, 1)) {
      const data::Example here = read_example(*one, i), there = read_example(*other, i);
      CHECK(here.extent == there.extent);
      CHECK(here.pixels == there.pixels);
      CHECK(here.labels == there.labels);
      CHECK(one->label(i) == other->label(i));
    }
  }
}

/// A packing that takes long: the program when it has begun to write.
Program& begun(Program& program, const fs::path& out) {
  const fs::path temporary = out.string() + ".tmp";
  std::error_code none;
  while (program.running() && !(fs::exists(temporary) && fs::file_size(temporary, none) > 0))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  REQUIRE(program.running());
  return program;
}

constexpr char kLong[] = "resize(digits:, size=300)";

}  // namespace

TEST_CASE("pack: from a folder, an archive, digits and MNIST, then read in every role") {
  const Packer packer;
  write_images(packer / "images");
  write_tiny_mnist(packer / "mnist");
  write_plain(packer / "all.tar", tree_tar({{"cat/1.png", red_png(1)}, {"dog/1.png", red_png(2)}}));
  const std::string sources[] = {
      "folder:" + packer.path("images"),
      "tar:" + packer.path("all.tar"),
      "mnist:" + packer.path("mnist"),
      "subset(digits:, classes=[3])",
      "folder(" + packer.path("images") + ", labels=off)",
      "overlay(resize(folder:" + packer.path("images") + ", size=64), digits=mnist:" + packer.path("mnist") + ")"};
  for (const std::string& source : sources) {
    INFO(source);
    const auto printed = result(packer.pack(source, "file", {"--force"}));
    check_equal("packed:" + packer.path("file"), source);
    const auto train = open_source(source, {})->size(), test = open_source(source, {.role = Role::probe_test})->size();
    CHECK(printed.at("train") == train);
    CHECK(printed.at("test") == test);
    CHECK(printed.at("examples") == train + test);
    CHECK(printed.at("bytes") == fs::file_size(packer / "file"));
    CHECK(printed.at("seconds").get<double>() > 0);
    CHECK_FALSE(printed.contains("skipped"));
    CHECK(result(Program(PACK, {"--verify", packer.path("file")}).wait()).at("examples") == train + test);
  }
}

TEST_CASE("pack: the same bytes with 1 and 16 workers, and progress on stderr") {
  const Packer packer;
  write_images(packer / "images");
  const std::string source = "folder:" + packer.path("images");
  const Ended one = packer.pack(source, "one", {"--workers", "1", "--short-side", "10"});
  CHECK(one.exit_code == 0);
  CHECK(one.err.starts_with("pack 12/12 images  100%"));
  CHECK(packer.pack(source, "many", {"--workers", "16", "--short-side", "10"}).exit_code == 0);
  CHECK(engine::read_file(packer / "one") == engine::read_file(packer / "many"));
}

TEST_CASE("pack: a short side shrinks what is larger, and the packed file packs again") {
  const Packer packer;
  write_images(packer / "images");
  result(packer.pack("folder:" + packer.path("images"), "small", {"--short-side", "24"}));
  const auto small = open_source("packed:" + packer.path("small"), {});
  CHECK(read_example(*small, 0).extent == data::Extent{20, 30});
  CHECK(read_example(*small, 1).extent == data::Extent{22, 28});
  CHECK(read_example(*small, 6).extent == data::Extent{24, 24});
  result(packer.pack("packed:" + packer.path("small"), "again"));
  check_equal("packed:" + packer.path("again"), "packed:" + packer.path("small"));
}

TEST_CASE("pack: pretrain and lineval work from a packed file") {
  const Workbench bench;
  const std::string file = (bench / "mnist.pack").string();
  result(Program(PACK, {"--data", "mnist:" + bench.data().string(), "--out", file}).wait());
  const auto from_files = result(bench.pretrain("files"));
  const auto from_packed = result(bench.pretrain("packed", {"--data", "packed:" + file}));
  CHECK(from_packed.at("loss") == from_files.at("loss"));
  result(
      bench.lineval({(bench / "packed").string(), "--epochs", "1", "--batch-size", "64", "--learning-rates", "0.1"}));
}

TEST_CASE("pack: what is drawn anew, or differs by role, cannot be packed") {
  const Packer packer;
  write_images(packer / "images");
  const auto refuses = [&](const std::string& source, const std::string& why) {
    const Ended ended = packer.pack(source, "file");
    CHECK(ended.exit_code == 2);
    CHECK(complaint(ended) ==
          "--data: '" + source + "' cannot be packed, since " + why +
              "; pack what it is made of, and compose it when it is used, as in randbit(packed:FILE, bits=5) (see "
              "`pack --help`)");
    CHECK(packer.files() == Strings{"images"});
  };
  refuses("multidigits(digits:, digits=2)", "its images are drawn anew at every visit");
  refuses("randbit(digits:, bits=2)", "its bits are no pixels");
  refuses("overlay(resize(folder:" + packer.path("images") + ", size=64), digits=digits:, unique=1, probe_unique=10)",
          "probes see other images than the network");
}

TEST_CASE("pack: a bad image is an error that leaves no file, or is replaced, named and counted") {
  const Packer packer;
  write_images(packer / "images", true);
  const std::string source = "folder:" + packer.path("images"), bad = packer.path("images") + "/train/dog/3.png";
  const Ended failed = packer.pack(source, "file");
  CHECK(failed.exit_code == 3);
  CHECK(failed.err.find("cannot decode " + bad) != std::string::npos);
  CHECK(packer.files() == Strings{"images"});
  const Ended skipped = packer.pack(source, "file", {"--skip-bad"});
  CHECK(result(skipped).at("skipped") == 1);
  CHECK(skipped.err.find("pack: replaced: cannot decode " + bad) != std::string::npos);
  CHECK(open_source("packed:" + packer.path("file"), {})->size() == 8);
}

TEST_CASE("pack: an existing file is replaced only on request") {
  const Packer packer;
  write_plain(packer / "file", "precious");
  const Ended refused = packer.pack("digits:", "file");
  CHECK(refused.exit_code == 2);
  CHECK(complaint(refused) ==
        "--out: " + packer.path("file") + " exists; give another name, or --force to replace it (see `pack --help`)");
  CHECK(engine::read_file(packer / "file") == "precious");
  result(packer.pack("digits:", "file", {"--force"}));
  CHECK(engine::read_file(packer / "file").starts_with("ANTIPACK"));
}

TEST_CASE("pack: a full disk or a missing directory is one sentence and leaves nothing") {
  const Packer packer;
  const Ended full = packer.pack("digits:", "file", {}, {.largest_file_bytes = 1 << 20});
  CHECK(full.exit_code == 1);
  CHECK(full.err.find("cannot write " + packer.path("file.tmp") + ": File too large") != std::string::npos);
  CHECK(packer.files().empty());
  const Ended nowhere = packer.pack("digits:", "nowhere/file");
  CHECK(nowhere.exit_code == 1);
  CHECK(complaint(nowhere) == "cannot create " + packer.path("nowhere/file.tmp") + ": No such file or directory");
}

TEST_CASE("pack: a signal ends it with code 75 and nothing written, a kill leaves no file, and both can begin again") {
  const Packer packer;
  for (const int signal : {SIGINT, SIGTERM}) {
    Program program(PACK, packer.arguments(kLong, "file"));
    begun(program, packer / "file").send(signal);
    const Ended ended = program.wait();
    CHECK(ended.exit_code == 75);
    CHECK(ended.err.find("nothing was written; the same command begins again") != std::string::npos);
    CHECK(ended.out.empty());
    CHECK(packer.files().empty());
  }
  Program program(PACK, packer.arguments(kLong, "file"));
  begun(program, packer / "file").send(SIGKILL);
  CHECK(program.wait().signal == SIGKILL);
  CHECK(packer.files() == Strings{"file.tmp"});
  result(packer.pack("subset(digits:, classes=[3])", "file"));
  CHECK(packer.files() == Strings{"file"});
}

TEST_CASE("pack: two that write one file do not disturb each other") {
  const Packer packer;
  Program program(PACK, packer.arguments(kLong, "file"));
  begun(program, packer / "file");
  const Ended second = packer.pack("digits:", "file");
  CHECK(second.exit_code == 1);
  CHECK(complaint(second) ==
        "another process is writing " + packer.path("file") + "; wait for its end, or write to another file");
  CHECK(program.running());
  CHECK(fs::exists(packer / "file.tmp"));
}

TEST_CASE("pack: --verify finds a damaged image, and every program refuses to read it") {
  const Packer packer;
  write_tiny_mnist(packer / "mnist");
  result(packer.pack("mnist:" + packer.path("mnist"), "file"));
  std::string bytes = engine::read_file(packer / "file");
  bytes[64 + 832 * 100 + 300] ^= 1;
  write_plain(packer / "file", bytes);
  const std::string damage = "packed: " + packer.path("file") +
                             ": image 100 of the train split, at offset 83264, is damaged: its bytes do not have its "
                             "checksum; copy or pack the file again";
  const Ended verified = Program(PACK, {"--verify", packer.path("file")}).wait();
  CHECK(verified.exit_code == 3);
  CHECK(verified.err.find(damage) != std::string::npos);
  const Ended trained =
      Workbench::plain_pretrain({"--data", "packed:" + packer.path("file"), "--out", packer.path("run"), "--batch-size",
                                 "64", "--epochs", "1", "--threads", "1", "--report", "off"});
  CHECK(trained.exit_code == 3);
  CHECK(trained.err.find(damage) != std::string::npos);
  CHECK(complaint(Program(PACK, {"--verify", packer.path("none")}).wait()) ==
        "packed: cannot open " + packer.path("none") + ": No such file or directory");
}
