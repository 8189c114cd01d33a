#include "apps/objectives/groups.h"

namespace apps {
namespace {

struct Prefix {
  std::string_view group, exported;
};
constexpr Prefix kPrefixes[] = {{kEncoder, ""}, {kProjector, ""}, {kProbe, "fc."}, {kClassifier, "fc."}};

}  // namespace

bool is_probe(std::string_view group) {
  return group == kProbe || (group.starts_with(kProbe) && group[sizeof(kProbe) - 1] == '.');
}

std::string exported_name(std::string_view group, std::string_view name) {
  for (const Prefix& prefix : kPrefixes) {
    if (group == prefix.group) return std::string(prefix.exported).append(name.substr(group.size() + 1));
  }
  return std::string(name);
}

}  // namespace apps
