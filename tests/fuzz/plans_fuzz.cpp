// plans.json of a run or of a machine.
#include "apps/train/plan_file.h"
#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string made_for = R"({"format":1})";
  try {
    const apps::PlanChoices choices = apps::parse_plans(text_of(data, size), "input", made_for);
    const apps::PlanChoices again = apps::parse_plans(apps::plan_text(made_for, choices), "written", made_for);
    must(again == choices, "plans come back as they were written");
  } catch (const engine::DataError& error) {
    must(std::string_view(error.what()).starts_with("input "), "an error names the file");
  }
  return 0;
}
