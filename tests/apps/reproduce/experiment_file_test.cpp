#include "apps/reproduce/experiment_file.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "kernels/runtime/error.h"
#include "tests/apps/reproduce/experiment_text.h"
#include "tests/engine/io/message_of.h"

using namespace apps;
using tests::experiment_text;

namespace {

Experiment read(const std::string& text) { return read_experiment(text, "sizes", "sizes.toml"); }

std::string refusal(const std::string& text) {
  return message_of<UsageError>([&] { read(text); });
}

/// The text with one part replaced.
std::string with(const std::string& part, const std::string& by) {
  std::string text = experiment_text();
  const auto at = text.find(part);
  REQUIRE_MESSAGE(at != text.npos, part);
  return text.replace(at, part.size(), by);
}

}  // namespace

TEST_CASE("experiment file: everything that it says is where the experiment has it") {
  const Experiment experiment = read(experiment_text(R"(
[[trend]]
says = "fewer with more"
measure = "linear_knn"
along = "digits"
to = 4
where = { method = "warm SimCLR" }
expect = "falls"
by = 0.1

[budget.small]
note = "shorter"
seeds = 1

[budget.small.values]
digits = [1, 8]
method = ["random net", "warm SimCLR"]

[budget.small.set]
train = { epochs = 1 }

[plot]
x = "digits"
lines = "method"
log_x = true
)"));
  CHECK(experiment.name == "sizes");
  CHECK(experiment.sources.front().usual == "mnist:datasets/mnist");
  REQUIRE(experiment.axes.size() == 2);
  CHECK(experiment.axes[0].values[0].name == "warm");
  CHECK(experiment.axes[0].values[0].set.front().text == "0.5");
  CHECK(experiment.axes[0].values[1].recipe == "supervised-multidigits");
  CHECK(experiment.axes[0].values[2].untrained);
  CHECK(experiment.axes[1].values[2].name == "d16");
  const Budget &paper = experiment.budget("paper"), &small = experiment.budget("small");
  CHECK(places(experiment, paper).size() == 7);  // 9 without the two that are excluded
  CHECK(published_at(experiment, paper, {0, 1}, "linear") == 0.8);
  CHECK_FALSE(published_at(experiment, paper, {1, 2}, "linear"));
  CHECK_FALSE(published_at(experiment, paper, {0, 0}, "online"));
  // The small budget's places, with the same names: 8 digits were not published, the order of methods is its own.
  CHECK(places(experiment, small).size() == 4);
  CHECK(name_at(experiment, small, {1, 1}) == "warm-d8");
  CHECK(experiment.values(experiment.axes[0], small)[0].untrained);
  CHECK_FALSE(published_at(experiment, small, {1, 1}, "linear"));
  CHECK(published_at(experiment, small, {1, 0}, "linear") == 0.9);
  CHECK(small.seeds == 1);
  CHECK(small.set.front().field->key == "train.epochs");
  const Trend& trend = experiment.trends.front();
  CHECK(trend.to == "4");
  CHECK(trend.where.at("method") == std::vector<std::string>{"warm SimCLR"});
  CHECK(experiment.quantities().size() == 3);
  CHECK(experiment.quantities()[2].label == "linear, kNN");
  CHECK(experiment.plot.log_x);
}

TEST_CASE("experiment file: what is wrong is one sentence with its line") {
  CHECK(refusal("title = ").starts_with("sizes.toml:1: this is not TOML: "));
  CHECK(refusal("titel = \"x\"") == "sizes.toml:1: an experiment needs title");
  CHECK(refusal(experiment_text("[budget.small]\nsteps = 3\n")) ==
        "sizes.toml:46: a budget has no 'steps'; the nearest is seeds");
  CHECK(refusal(experiment_text("[budget.large]\n")).find("[budget.paper] or [budget.small], not 'large'") !=
        std::string::npos);
  CHECK(refusal(with("recipe = \"randbits-mnist\"", "recipe = \"randbit\"")).find("unknown recipe 'randbit'") !=
        std::string::npos);
  CHECK(refusal(with("{digits})\"\n", "{digit})\"\n")) ==
        "sizes.toml:12: {digit} in 'multidigits({mnist}, digits={digit})' is neither a source nor an axis of the "
        "experiment");
  CHECK(refusal(with("temperature = 0.5", "temperatur = 0.5")).find("unknown key 'loss.temperatur'") !=
        std::string::npos);
  CHECK(refusal(with("temperature = 0.5", "temperature = -1")).find("must be") != std::string::npos);
  CHECK(refusal(with("values = [1, 4, 16]", "values = [1, 4, 4]")).find("digits has the value '4' twice") !=
        std::string::npos);
  CHECK(refusal(with("values = [1, 4, 16]", "values = []")).find("digits has no values") != std::string::npos);
  CHECK(refusal(with("values = [1, 4, 16]", "values = [true]")).find("must be a text, a number or a table") !=
        std::string::npos);
  CHECK(refusal(with("text = \"warm SimCLR\"", "text = \"warm, SimCLR\"")).find("has a comma or a bar") !=
        std::string::npos);
  CHECK(refusal(with("name = \"warm\", ", "")).find("'warm SimCLR' cannot be part of a run's name") !=
        std::string::npos);
  CHECK(refusal(with("digits = [4, 16]", "digits = [4, 17]")).find("digits has no value '17'; the nearest is 1") !=
        std::string::npos);
  CHECK(refusal(with("method = \"random net\"\n", "methods = \"random net\"\n")).find("there is no axis 'methods'") !=
        std::string::npos);
  CHECK(refusal(with("kind = \"result\"", "kind = \"probe\""))
            .find("one of result, metric, lineval, kmeans, not 'probe'") != std::string::npos);
  CHECK(refusal(with("[0.95, 0.94, nan]", "[0.95, 0.94]")) ==
        "sizes.toml:44: published linear needs 3 entries here, one for each value of digits, and has 2");
  CHECK(refusal(with("[0.95, 0.94, nan]", "0.95")).find("and has 1") != std::string::npos);
  CHECK(refusal(with("0.94, nan", "0.94, \"?\"")).find("must be numbers, nan where there is none") !=
        std::string::npos);
  CHECK(refusal(with("linear = [[", "nearest = [[")).find("nothing measures 'nearest'") != std::string::npos);
  const std::string clusters = "[[measure]]\nname = \"clusters\"\nkind = \"kmeans\"\n";
  CHECK(refusal(experiment_text(clusters)).find("a measure of kmeans needs k, its numbers of clusters") !=
        std::string::npos);
  CHECK(refusal(experiment_text(clusters + "k = [0]\n")).find("k must be whole numbers from 1 to 256") !=
        std::string::npos);
  CHECK(refusal(experiment_text(clusters + "k = 2\nraw = \"pixels\"\n")).find("raw is patches or mean-rgb") !=
        std::string::npos);
  std::string axes;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i"})
    axes += engine::concat("[[axis]]\nname = \"", name, "\"\nvalues = [1, 2, 3, 4]\n");
  std::string many = experiment_text(axes);
  many.erase(many.find("[published]"), many.find("[[axis]]\nname = \"a\"") - many.find("[published]"));
  CHECK(refusal(many).find("the axes have 2.36e+06 combinations with the budget paper; at most 100000 can be run") !=
        std::string::npos);
  const std::string trend = "[[trend]]\nsays = \"x\"\nmeasure = \"linear\"\nalong = \"digits\"\n";
  CHECK(refusal(experiment_text(trend + "expect = \"grows\"\n")).find("falls, rises or is flat; it is not 'grows'") !=
        std::string::npos);
  CHECK(refusal(experiment_text(trend)).find("a trend needs expect") != std::string::npos);
}
