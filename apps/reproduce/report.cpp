#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "apps/reproduce/results.h"
#include "apps/run/environment.h"
#include "apps/run/json_text.h"

namespace apps {
namespace {

using Json = nlohmann::ordered_json;

std::string figure_text(const Json& value, const char* format = "{:.4f}") {
  return value.is_null() ? "" : fmt::format(fmt::runtime(format), value.get<double>());
}

/// "0.8881 (0.8931, 0.8830)"; of a single run, its value.
std::string ours_text(const Json& value) {
  if (value["mean"].is_null()) return "";
  std::vector<std::string> runs;
  for (const Json& run : value["runs"]) {
    if (!run.is_null()) runs.push_back(figure_text(run));
  }
  const std::string mean = figure_text(value["mean"]);
  return runs.size() == 1 ? mean : fmt::format("{} ({})", mean, fmt::join(runs, ", "));
}

/// How far the unfinished runs of a place are: "s1: step 3 of 10", "s2: failed".
std::string standing_text(const Json& entry) {
  std::vector<std::string> all;
  for (const Json& run : entry["runs"]) {
    if (run["finished"] == true) continue;
    const std::string seed = fmt::format("s{}", run["seed"].dump());
    if (!run["failure"].is_null())
      all.push_back(seed + ": failed");
    else if (run["step"] == run["steps"] && run["steps"] != 0)
      all.push_back(seed + ": trained, not measured yet");
    else if (run["step"] > 0)
      all.push_back(fmt::format("{}: step {} of {}", seed, run["step"].dump(), run["steps"].dump()));
  }
  return fmt::format("{}", fmt::join(all, "; "));
}

std::string warnings(const Json& results) {
  std::string text;
  if (results["runs_finished"] != results["runs"])
    text += fmt::format("**Not complete: {} of {} runs are finished.**\n\n", results["runs_finished"].dump(),
                        results["runs"].dump());
  if (results["runs_failed"] != 0) {
    text += "**Failed. These runs would fail again, so they are repeated only if their directories are deleted:**\n\n";
    for (const Json& entry : results["results"]) {
      for (const Json& run : entry["runs"]) {
        if (!run["failure"].is_null())
          text += fmt::format("- `{}`: {}\n", plain_text(run["run"]), plain_text(run["failure"]));
      }
    }
    text += "\n";
  }
  if (!results["changes"].empty()) {
    text += "**Shortened or changed: these figures are not a reproduction.** Unlike the experiment:\n\n";
    for (const Json& change : results["changes"]) text += fmt::format("- `{}`\n", plain_text(change));
    text += "\n";
  }
  if (results["compares"] == false) {
    text +=
        fmt::format("**Scaled down (budget {}): to be compared with the paper's trends, not with its numbers.** {}\n\n",
                    plain_text(results["budget"]), plain_text(results["note"]));
  } else if (!plain_text(results["note"]).empty()) {
    text += plain_text(results["note"]) + "\n\n";
  }
  return text;
}

std::string table_text(const Json& results) {
  const bool compares = results["compares"] == true;
  std::string head = "|", rule = "|";
  const auto column = [&](const std::string& name, bool right = true) {
    head += " " + name + " |";
    rule += right ? "---:|" : "---|";
  };
  for (const Json& axis : results["axes"]) column(plain_text(axis["name"]), false);
  const auto is_published = [&](const std::string& quantity) {
    return compares && std::any_of(results["results"].begin(), results["results"].end(), [&](const Json& entry) {
             return !entry["values"][quantity]["published"].is_null();
           });
  };
  for (const Json& quantity : results["quantities"]) {
    const std::string label = plain_text(quantity["label"]);
    if (is_published(quantity["name"])) column(label + ", published");
    column(compares && is_published(quantity["name"]) ? "ours" : label);
    if (is_published(quantity["name"])) column("difference");
  }
  column("unfinished", false);
  std::string text = head + "\n" + rule + "\n";
  for (const Json& entry : results["results"]) {
    text += "|";
    for (const Json& axis : results["axes"]) text += fmt::format(" {} |", plain_text(entry[plain_text(axis["name"])]));
    for (const Json& quantity : results["quantities"]) {
      const Json& value = entry["values"][plain_text(quantity["name"])];
      const bool published = is_published(quantity["name"]);
      if (published) text += fmt::format(" {} |", figure_text(value["published"]));
      text += fmt::format(" {} |", ours_text(value));
      if (published) text += fmt::format(" {} |", figure_text(value["difference"], "{:+.4f}"));
    }
    text += fmt::format(" {} |\n", standing_text(entry));
  }
  return text;
}

/// "falls from 0.98 to 0.40", "between 0.02 of each other".
std::string change_text(const Json& trend, const Json& change) {
  if (trend["expected"] == "is flat")
    return change["largest"].is_null() ? "" : fmt::format("within {:.3f}", change["largest"].get<double>());
  if (change["first"].is_null() || change["last"].is_null()) return "";
  return fmt::format("{:.3f} to {:.3f}", change["first"].get<double>(), change["last"].get<double>());
}

/// The paper's change at the same place, if it has one there.
std::string paper_text(const Json& trend, const Json& at) {
  for (const Json& change : trend["paper"]) {
    if (change["at"] == at) return change_text(trend, change);
  }
  return "";
}

std::string trends_text(const Json& results) {
  if (results["trends"].empty()) return "";
  std::string text = "\n## Trends\n\n| trend | at | paper | ours | seen |\n|---|---|---|---|---|\n";
  for (const Json& trend : results["trends"]) {
    for (const Json& change : trend["ours"]) {
      const std::string seen = change["seen"].is_null() ? "not known yet" : change["seen"] == true ? "yes" : "**no**";
      text += fmt::format("| {} | {} | {} | {} | {} |\n", plain_text(trend["says"]), plain_text(change["at"]),
                          paper_text(trend, change["at"]), change_text(trend, change), seen);
    }
  }
  return text;
}

std::string durations(const Json& results) {
  std::vector<double> seconds;
  for (const Json& entry : results["results"]) {
    for (const Json& run : entry["runs"]) {
      if (run["finished"] == true && run["seconds"] > 0) seconds.push_back(run["seconds"]);
    }
  }
  if (seconds.empty()) return "";
  const auto [least, most] = std::minmax_element(seconds.begin(), seconds.end());
  return fmt::format("\nTraining took {:.0f} to {:.0f} s a run.\n", *least, *most);
}

}  // namespace

std::string report_markdown(const Json& results) {
  std::string text =
      fmt::format("# {}\n\n{}: {}.\n\n{}\n\n", plain_text(results["experiment"]), plain_text(results["title"]),
                  plain_text(results["figure"]), plain_text(results["shows"]));
  text += warnings(results) + table_text(results) + trends_text(results) + durations(results);
  const std::string published = plain_text(results["published"]["source"]);
  if (!published.empty()) text += fmt::format("\nPublished: {}.", published);
  text += "\nOurs: the mean of the seeds, and in brackets each of them.";
  if (!plain_text(results["protocol"]).empty()) text += fmt::format("\nProtocol: {}.", plain_text(results["protocol"]));
  text += "\n`tools/report` draws plots and report.html from this directory; results.csv has every number.\n\n" +
          environment_markdown(results["environment"]) + "; a run's own env.json says what it ran on.\n";
  return text;
}

}  // namespace apps
