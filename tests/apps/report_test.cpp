// tools/report: plots and a page from the files of `pretrain` and `reproduce`.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"
#include "tests/data/sources/idx_files.h"

using namespace tests;
using engine::read_file;

namespace {

constexpr char kTool[] = SOURCE_DIR "/tools/report";
constexpr char kPython[] = "/usr/bin/python3";

Ended report(const fs::path& directory) { return Program(kTool, {directory.string()}).wait(); }

bool can_draw() {
  const Ended help = Program(kTool, {"--help"}).wait();
  if (help.exit_code != 0) MESSAGE("[skipped] tools/report needs matplotlib: apt-get install python3-matplotlib");
  return help.exit_code == 0;
}

/// Checks that the page needs no other file: every image is inside, and nothing is fetched.
void check_page(const fs::path& directory, const Strings& plots) {
  const std::string page = read_file(directory / "report.html");
  CHECK(page.ends_with("</html>\n"));
  CHECK(page.find("://") == std::string::npos);
  std::size_t images = 0;
  for (std::size_t at = 0; (at = page.find("src=\"", at)) != page.npos; ++at) {
    ++images;
    CHECK(page.compare(at, 27, "src=\"data:image/png;base64,") == 0);
  }
  CHECK(images == plots.size());
  Strings files;
  for (const std::string& plot : plots) {
    files.push_back(plot + ".png");
    files.push_back(plot + ".svg");
    CHECK(read_file(directory / "plots" / (plot + ".png")).starts_with("\x89PNG"));
  }
  CHECK(names(directory / "plots") == files);
}

}  // namespace

TEST_CASE("report: a table of runs, finished or not") {
  if (!can_draw()) return;
  const Workbench bench;
  const fs::path out = bench / "out";
  result(Program(REPRODUCE, {"randbits-mnist", "--data", "mnist:" + bench.data().string(), "--out", out.string(),
                             "--seeds", "1", "--steps", "2", "--set", "train.batch_size=64", "--threads", "1"})
             .wait());
  check_page(out, {"curves", "results"});
  const std::string page = read_file(out / "report.html");
  CHECK(page.find("<th>online probe, published</th><th>ours</th><th>difference</th>") != page.npos);
  CHECK(page.find("<td>0.05</td><td>0</td><td>0.8992</td><td>0.") != page.npos);
  CHECK(page.find("train.steps: 0 -&gt; 2") != page.npos);

  auto results = nlohmann::json::parse(read_file(out / "results.json"));
  results["runs_finished"] = 0;
  for (auto& entry : results["results"]) {
    auto& online = entry["values"]["online"];
    online["mean"] = online["difference"] = online["runs"][0] = nullptr;
    fs::remove_all(out / entry["runs"][0]["run"].get<std::string>());
  }
  fs::remove_all(out / "plots");
  engine::atomic_write_file(out / "results.json", results.dump());
  CHECK(report(out).exit_code == 0);
  check_page(out, {"results"});
  CHECK(read_file(out / "report.html").find("Not complete: 0 of 15 runs") != page.npos);
}

TEST_CASE("report: what suppress found, finished or not") {
  if (!can_draw()) return;
  const Workbench bench;
  const fs::path out = bench / "out";
  result(Program(SUPPRESS, {"--recipe",       "randbits-mnist",
                            "--data",         "mnist:" + bench.data().string(),
                            "--plant",        "bits=4",
                            "--remedy",       "ifm",
                            "--out",          out.string(),
                            "--steps",        "2",
                            "--every",        "1",
                            "--probe-images", "50",
                            "--set",          "train.batch_size=64",
                            "--threads",      "1"})
             .wait());
  check_page(out, {"suppression"});
  const std::string page = read_file(out / "report.html");
  auto results = nlohmann::json::parse(read_file(out / "suppress.json"));
  CHECK(page.find(results.at("verdict").at("text").get<std::string>()) != page.npos);
  CHECK(page.find("<h2>Remedies, on the planted arm</h2>") != page.npos);
  CHECK(page.find("<td>loss.ifm_epsilon = 0.1</td>") != page.npos);
  CHECK_FALSE(fs::exists(fs::path(kTool).parent_path() / "__pycache__"));

  results["verdict"] = nullptr;
  results["labels"] = nullptr;
  results["runs_finished"] = 0;
  for (auto& arm : results["arms"]) arm["curve"] = nlohmann::json::array();
  fs::remove_all(out / "plots");
  engine::atomic_write_file(out / "suppress.json", results.dump());
  CHECK(report(out).exit_code == 0);
  const std::string empty = read_file(out / "report.html");
  CHECK(empty.find("Not complete: 0 of 4 runs") != empty.npos);
  CHECK(empty.find("No verdict yet") != empty.npos);
  results.erase("arms");
  engine::atomic_write_file(out / "suppress.json", results.dump());
  const Ended damaged = report(out);
  CHECK(damaged.exit_code == 2);
  CHECK(damaged.err.find("is not what suppress writes") != std::string::npos);
}

TEST_CASE("report: what suppress says of finished runs, with their weights or without") {
  if (!can_draw()) return;
  const Workbench bench;
  const fs::path table = bench / "table", out = table / "suppression";
  for (const std::string bits : {"0", "2", "10"}) {
    result(bench.pretrain("table/bits" + bits, {"--recipe", "randbits-mnist", "--bits", bits}));
  }
  const Strings words{"--table", table.string(), "--probe-images", "50", "--threads", "1"};
  result(Program(SUPPRESS, words).wait());
  check_page(out, {"row1", "row2", "strengths"});
  const std::string page = read_file(out / "report.html");
  CHECK(page.find("<h2>bits=2</h2>") != page.npos);
  CHECK(page.find("There is no control") != page.npos);
  CHECK(page.find("bits2, the weights of steps 0, 8, 16") != page.npos);
  for (const std::string bits : {"0", "2", "10"}) fs::remove_all(table / ("bits" + bits) / "checkpoints");
  fs::remove_all(out / "plots");
  result(Program(SUPPRESS, words).wait());
  check_page(out, {"row1", "row2"});
  CHECK(read_file(out / "report.html").find("<td>no weights to look at</td>") != std::string::npos);
  engine::atomic_write_file(out / "suppression.json", "{}");
  CHECK(report(out).err.find("is not what suppress --table writes") != std::string::npos);
}

TEST_CASE("report: pretrain and lineval draw it at their end, in one line") {
  if (!can_draw()) return;
  const Workbench bench;
  const fs::path run = bench / "run";
  const std::string line = "report: " + (run / "report.html").string() + "\n";
  const Ended trained = bench.pretrain("run", {"--report", "on"});
  result(trained);
  CHECK(trained.err.ends_with("\n" + line));
  check_page(run, {"training"});
  const Ended evaluated = Workbench::lineval({run.string(), "--epochs", "1", "--batch-size", "64"});
  result(evaluated);
  CHECK(evaluated.err.ends_with("\n" + line));
  check_page(run, {"lineval", "training"});
  fs::remove(run / "report.html");
  result(Workbench::lineval({run.string(), "--epochs", "1", "--batch-size", "64", "--report", "off"}));
  CHECK_FALSE(fs::exists(run / "report.html"));
}

TEST_CASE("report: one run, before and after linear evaluation") {
  if (!can_draw()) return;
  const Workbench bench;
  const fs::path run = bench / "run";
  result(bench.pretrain("run"));
  CHECK(report(run).exit_code == 0);
  check_page(run, {"training"});
  const auto evaluate = [&](const Strings& more) {
    Strings arguments{run.string(),       "--epochs", "1",        "--batch-size", "64",
                      "--learning-rates", "0.1,1",    "--report", "off"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    result(Workbench::lineval(arguments));
    CHECK(report(run).exit_code == 0);
    check_page(run, {"lineval", "training"});
  };
  evaluate({});
  evaluate({"--tap", "layer1"});
  CHECK(read_file(run / "report.html").find("linear evaluation of layer1, top-1") != std::string::npos);
}

TEST_CASE("report: a scalar is drawn and listed as scalars.json says, whatever it is") {
  if (!can_draw()) return;
  const Workbench bench;
  const fs::path run = bench / "run";
  fs::create_directory(run);
  write_plain(run / "config.toml", "");
  write_plain(run / "metrics.jsonl", R"({"step":1,"epoch":1,"phase":"train","loss":1,"novelty":3.5,"unseen":7})"
                                     "\n"
                                     R"({"step":1,"epoch":1,"phase":"eval","probe_acc":0.5,"novelty":2.5})"
                                     "\n");
  const auto drawn = [&] {
    CHECK(report(run).exit_code == 0);
    return read_file(run / "plots/training.svg") + read_file(run / "report.html");
  };
  const auto has = [](const std::string& text, const char* part) { return text.find(part) != text.npos; };
  const std::string earlier = drawn();  // an earlier version, without scalars.json
  CHECK(has(earlier, "<!-- loss (nats) -->"));
  CHECK(has(earlier, "<td>loss</td><td>1.0000</td>"));
  CHECK_FALSE(has(earlier, "novelty"));
  write_plain(run / "scalars.json", R"([{"name":"loss","axis":"nats"},{"name":"unseen","axis":""},)"
                                    R"({"name":"novelty","axis":"surprises","min":0,"headline":true}])");
  const std::string now = drawn();
  CHECK(has(now, "<!-- surprises -->"));
  CHECK(has(now, "<!-- novelty -->"));
  CHECK(has(now, "<!-- novelty, test images -->"));
  CHECK(has(now, "<td>novelty</td><td>3.5000</td>"));
  CHECK(has(now, "<td>novelty, test images</td><td>2.5000</td>"));
  CHECK_FALSE(has(now, "unseen"));
  for (const char* text : {"{", R"([{"name":"loss"}])", R"([{"name":1,"axis":""}])",
                           R"([{"name":"loss","axis":"nats","min":"0"}])", "7"}) {
    CAPTURE(text);
    write_plain(run / "scalars.json", text);
    const Ended ended = report(run);
    CHECK(ended.exit_code == 2);
    CHECK(has(ended.err, "scalars.json"));
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
}

TEST_CASE("report: a wrong directory is exit 2 and one sentence") {
  if (!can_draw()) return;
  const Workbench bench;
  const auto complaint_about = [](const fs::path& directory) {
    const Ended ended = report(directory);
    CHECK(ended.exit_code == 2);
    CHECK(ended.out.empty());
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
    return ended.err;
  };
  CHECK(complaint_about(bench / "no")
            .starts_with("report: " + (bench / "no").string() + " is no directory of reproduce"));
  write_plain(bench / "results.json", "{}");
  CHECK(complaint_about(bench / "").find("results.json is not what reproduce writes") != std::string::npos);
  write_plain(bench / "results.json", "{");
  CHECK(complaint_about(bench / "").find("results.json cannot be read") != std::string::npos);
  fs::remove(bench / "results.json");
  write_plain(bench / "config.toml", "");
  CHECK(complaint_about(bench / "").find("has no records of steps") != std::string::npos);

  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  write_plain(bench / "results.json", deep);
  CHECK(complaint_about(bench / "").find("results.json cannot be read") != std::string::npos);
  fs::remove(bench / "results.json");
  const std::string record = R"({"step":1,"epoch":1,"phase":"train","loss":1})";
  for (const std::string& text : {std::string(R"({"phase":"train","loss":1})"), "half a line\n" + record,
                                  "\xff" + record, deep + "\n" + record}) {
    CAPTURE(text);
    write_plain(bench / "metrics.jsonl", text + "\n");
    CHECK(complaint_about(bench / "").find("metrics.jsonl is not what pretrain writes (") != std::string::npos);
  }
  write_plain(bench / "metrics.jsonl", record + "\n{\"ste");  // as a kill leaves it
  fs::create_directory(bench / "eval");
  for (const std::string name : {"eval/lineval.json", "eval/knn.json"}) {
    write_plain(bench / name, R"({"run":"x"})");
    CHECK(complaint_about(bench / "").find(name + " is not what lineval writes (") != std::string::npos);
    for (const std::string& text : {std::string("\xff"), deep}) {
      write_plain(bench / name, text);
      CHECK(complaint_about(bench / "").find(name + " cannot be read") != std::string::npos);
    }
    fs::remove(bench / name);
    mkfifo((bench / name).c_str(), 0600);
    CHECK(complaint_about(bench / "").find(name + " cannot be read: it is not a regular file") != std::string::npos);
    fs::remove(bench / name);
  }
  CHECK_FALSE(fs::exists(bench / "report.html"));
  CHECK(report(bench / "").exit_code == 0);
  for (const std::string& word : {(bench / "").string(), std::string("--help")}) {
    const Ended unwritten = Program(kTool, {word}, {.standard_output = "/dev/full"}).wait();
    CHECK(unwritten.exit_code == 1);
    CHECK(unwritten.err == "report: cannot write to standard output: [Errno 28] No space left on device\n");
  }
}

TEST_CASE("report: no setting of the user's, the system's or the working directory's matters") {
  if (!can_draw()) return;
  const Workbench bench;
  result(bench.pretrain("caf\xc3\xa9"));
  const fs::path run = bench / "caf\xc3\xa9", here = bench / "here";
  fs::create_directory(here);
  const auto drawn = [&](Strings settings) {
    for (const std::string& setting : settings) CAPTURE(setting);
    fs::remove(run / "report.html");
    settings.insert(settings.end(), {kTool, run.string()});
    const Ended ended = Program("/usr/bin/env", settings, {.directory = here}).wait();
    CHECK(ended.exit_code == 0);
    CHECK(ended.out == "report: " + (run / "report.html").string() + "\n");
    CHECK(ended.err.empty());
    CHECK(read_file(run / "report.html").find("<title>caf\xc3\xa9</title>") != std::string::npos);
  };
  const std::string nowhere = "/proc/nowhere";
  drawn({"LC_ALL=C", "PYTHONCOERCECLOCALE=0", "PYTHONUTF8=0"});
  drawn({"MPLBACKEND=module://no_such.backend"});
  drawn({"-u", "HOME", "-u", "XDG_CACHE_HOME"});
  drawn({"HOME=" + nowhere, "XDG_CACHE_HOME="});
  drawn({"XDG_CACHE_HOME=" + nowhere, "MPLCONFIGDIR=" + nowhere});
  write_plain(here / "matplotlibrc", "text.usetex: True\nbackend: nonsense\nfont.family: none such\n");
  drawn({"MATPLOTLIBRC=" + (here / "matplotlibrc").string(), "MPLCONFIGDIR=" + here.string()});
  write_plain(here / "matplotlibrc", "\xff\xfe");
  drawn({});
}

TEST_CASE("report: names that are options or no UTF-8 are names") {
  if (!can_draw()) return;
  const Workbench bench;
  const std::string latin1 = "caf\xe9";
  result(bench.pretrain("-x"));
  fs::copy(bench / "-x", bench / latin1, fs::copy_options::recursive);
  const auto drawn = [&](const Strings& arguments) {
    const Ended ended = Program(kTool, arguments, {.directory = bench / ""}).wait();
    CHECK(ended.exit_code == 0);
    CHECK(ended.out == "report: " + arguments.back() + "/report.html\n");
  };
  drawn({"-x"});
  drawn({"--", "-x"});
  drawn({latin1});
  CHECK(read_file(bench / latin1 / "report.html").find("<title>caf\xef\xbf\xbd</title>") != std::string::npos);
}

TEST_CASE("report: several at once draw one after the other") {
  if (!can_draw()) return;
  const Workbench bench;
  result(bench.pretrain("run"));
  std::vector<std::unique_ptr<Program>> programs;
  for (int i = 0; i < 3; ++i) programs.push_back(std::make_unique<Program>(kTool, Strings{(bench / "run").string()}));
  for (const auto& program : programs) CHECK(program->wait().exit_code == 0);
  check_page(bench / "run", {"training"});
  CHECK_FALSE(has_leftovers(bench / "run"));
}

TEST_CASE("report: a tool that hangs keeps no program, which ends at a signal with its result") {
  const Workbench bench;
  fs::create_directory(bench / "path");
  write_plain(bench / "path/python3", "#!/bin/sh\necho drawing >&2\nexec /bin/sleep 1000\n");
  fs::permissions(bench / "path/python3", fs::perms::owner_all);
  Strings arguments{"PATH=" + (bench / "path").string(), PRETRAIN};
  const Strings run = bench.arguments("run", {"--report", "on"});
  arguments.insert(arguments.end(), run.begin(), run.end());
  Program program("/usr/bin/env", arguments);
  while (program.running() && program.err().find("drawing\n") == std::string::npos) usleep(1000);
  REQUIRE(program.running());
  program.send(SIGTERM);
  const Ended ended = program.wait();
  CHECK(result(ended).at("step") == 16);
  CHECK(ended.err.find("no plots: stopped by SIGTERM; draw them with ") != std::string::npos);
}

TEST_CASE("report: without matplotlib it says what to install") {
  if (!fs::exists(kPython)) {
    MESSAGE("[skipped] there is no " << kPython);
    return;
  }
  const Ended ended = Program(kPython, {"-S", kTool, "."}).wait();  // -S: none of the installed packages
  CHECK(ended.exit_code == 1);
  CHECK(ended.err.starts_with("report: no plots without matplotlib: apt-get install python3-matplotlib, then "));
  CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
}
