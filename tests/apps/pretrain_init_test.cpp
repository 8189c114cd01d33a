// `pretrain --init`: a run that starts with the weights of a file.
#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"

using namespace tests;
using engine::read_file;

TEST_CASE("pretrain --init: starts with the file's weights, says so, and resumes without the file") {
  const Workbench bench;
  result(bench.pretrain("first", {"--seed", "5"}));
  const fs::path weights = bench / "first/export/classifier.safetensors";
  const auto whole = result(bench.pretrain("whole", {"--init", weights.string()}));
  CHECK(read_file(bench / "whole/train.log")
            .find("the encoder starts with the weights of " + weights.string() + " (left out: fc.bias, fc.weight)\n") !=
        std::string::npos);
  CHECK(result(bench.pretrain("drawn")).at("loss") != whole.at("loss"));

  result(bench.pretrain("resumed", {"--init", weights.string(), "--epochs", "1"}));
  fs::remove(weights);
  result(bench.pretrain("resumed", {"--resume", "auto", "--init", weights.string()}));
  CHECK(same_tensors(bench / "resumed", bench / "whole"));
  const Ended other = bench.pretrain("resumed", {"--resume", "auto", "--init", (bench / "other").string()});
  CHECK(other.exit_code == 2);
  CHECK(other.err.find("a resumed run must go on as it began, but these fields differ:\n  model.init: ") !=
        std::string::npos);
}

TEST_CASE("pretrain --init: bad files end the program before anything is written") {
  const Workbench bench;
  result(bench.pretrain("first"));
  const fs::path weights = bench / "first/export/backbone.safetensors";
  const auto refusal = [&](const fs::path& file, const Strings& more = {}) {
    Strings arguments{"--init", file.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = bench.pretrain("refused", arguments);
    CHECK(ended.exit_code == 3);
    CHECK_FALSE(fs::exists(bench / "refused"));
    return complaint(ended);
  };
  CHECK(refusal(bench / "nowhere").starts_with("there is no file "));
  CHECK(refusal(bench / "first").ends_with(": it is a directory, not a regular file"));
  CHECK(refusal(weights, {"--arch", "resnet18", "--width", "0.25"}).ends_with("; it fits --arch convn --width 1"));
  CHECK(refusal(weights, {"--bits", "3"}).find("; it takes images of 1 channels, and ") != std::string::npos);
  const std::string bytes = read_file(weights);
  engine::atomic_write_file(bench / "cut", bytes.substr(0, bytes.size() / 2));
  CHECK(refusal(bench / "cut").ends_with("; the file is damaged or not a safetensors file"));
  const Ended dry = bench.pretrain("refused", {"--init", weights.string(), "--dry-run"});
  CHECK(dry.exit_code == 0);
  CHECK(dry.out.find("initial weights " + weights.string() + "\n") != std::string::npos);
}
