#include "kernels/runtime/entries.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace engine {

double sum_of_entries(const std::filesystem::path& path, std::initializer_list<std::string_view> names) {
  double sum = 0;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    double value = 0;
    words >> name >> value;
    if (std::find(names.begin(), names.end(), name) != names.end()) sum += value;
  }
  return sum;
}

}  // namespace engine
