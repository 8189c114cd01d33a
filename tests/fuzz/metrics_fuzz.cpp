// metrics.jsonl of a run that is resumed, or counted.
#include "apps/run/metrics.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string records(text_of(data, size));
  const std::string all = apps::records_until(INT64_MAX, records), some = apps::records_until(20, records);
  must(apps::records_until(INT64_MAX, all) == all, "what was kept is kept");
  must(apps::records_until(20, all) == some, "first all and then some is some");
  apps::seconds_of_steps(records);
  return 0;
}
