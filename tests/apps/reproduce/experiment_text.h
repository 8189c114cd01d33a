#pragma once
#include <string>

namespace tests {

/// A small experiment of two axes; `more` is added at its end.
inline std::string experiment_text(const std::string& more = {}) {
  return std::string(R"toml(title = "Sizes"
figure = "Table 0"
shows = "Nothing."
recipe = "randbits-mnist"

[[source]]
name = "mnist"
default = "mnist:datasets/mnist"
kinds = ["mnist"]
needs = "MNIST"

[set.data]
source = "multidigits({mnist}, digits={digits})"

[[axis]]
name = "method"
values = [
  { text = "warm SimCLR", name = "warm", set = { loss = { temperature = 0.5 } } },
  { text = "supervised", recipe = "supervised-multidigits" },
  { text = "random net", name = "random", untrained = true },
]

[[axis]]
name = "digits"
prefix = "d"
values = [1, 4, 16]

[[exclude]]
method = "random net"
digits = [4, 16]

[[measure]]
name = "online"
label = "online probe"
kind = "result"

[[measure]]
name = "linear"
kind = "lineval"
data = "multidigits({mnist}, digits={digits}, placement=grid)"

[published]
source = "somewhere"
linear = [[0.9, 0.8, 0.7], [0.95, 0.94, nan], [0.18, nan, nan]]
)toml")
      .append(more);
}

}  // namespace tests
