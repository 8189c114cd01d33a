#include "apps/bench/work_list.h"

#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "apps/train/make_context.h"

namespace apps {
namespace {

bool share_a_context(const Compute& a, const Compute& b) {
  return a.device == b.device && a.threads == b.threads && a.repeatable == b.repeatable &&
         (a.precision == Precision::tf32) == (b.precision == Precision::tf32);
}

void print(const char* name, const std::string& text) {
  std::cout << json_text(nlohmann::ordered_json{{name, text}}) << std::endl;
}

}  // namespace

std::vector<BenchSettings> read_work_list(const BenchSettings& shared) {
  std::ifstream file(shared.list);
  if (!file)
    throw UsageError(engine::concat("--works must be a file with the arguments of one bench in each line, and ",
                                    shared.list, " cannot be read"));
  std::vector<BenchSettings> works;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    std::istringstream text(line);
    std::vector<std::string> words{"bench"};
    for (std::string word; text >> word;) words.push_back(word);
    if (words.size() == 1 || words[1].starts_with('#')) continue;
    std::vector<const char*> arguments;
    for (const std::string& word : words) arguments.push_back(word.c_str());
    BenchSettings settings = shared;
    settings.list.clear();
    settings.line = line;
    try {
      if (!parse(static_cast<int>(arguments.size()), arguments.data(), settings)) throw UsageError("it times nothing");
      if (!settings.list.empty()) throw UsageError("a line names one work, not another file");
    } catch (const UsageError& error) {
      throw UsageError(engine::concat(shared.list, ", line ", number, ": ", error.what()));
    }
    works.push_back(std::move(settings));
  }
  if (works.empty()) throw UsageError(engine::concat("--works ", shared.list, " names no work"));
  return works;
}

int time_in_one_process(const std::vector<BenchSettings>& works,
                        const std::function<void(const engine::Context&, const BenchSettings&)>& time) {
  int status = kSuccess;
  std::unique_ptr<const engine::Context> context;
  Compute computes;
  for (const BenchSettings& work : works) {
    print("arguments", work.line);
    try {
      if (!context || !share_a_context(computes, work.compute)) {
        context.reset();                                                 // its memory goes back first
        context.reset(new engine::Context(make_context(work.compute)));  // it cannot be moved
        computes = work.compute;
      }
      time(*context, work);
    } catch (const std::exception& error) {
      status = kFailure;
      std::cerr << "bench: error: " << work.line << ": " << error.what() << "\n";
      print("error", error.what());
    }
  }
  return status;
}

}  // namespace apps
