#include "apps/objectives/encode.h"

#include "engine/ops/rows.h"

namespace apps {

using engine::Mode;
using engine::Tensor;

Encoded encode(const Network& network, const Tensor& views, std::int64_t passes, std::span<const std::string> taps) {
  const auto& s = views.shape();
  const std::int64_t of_view = s[1], all = s[0] * of_view, of_pass = all / passes;
  EXPECTS(all % passes == 0 && (of_pass % of_view == 0 || of_view % of_pass == 0), "encode: ", passes,
          " passes do not divide ", s[0], " views of ", of_view, " images equally");
  const Tensor images = views.view_as({all, s[2], s[3], s[4]});
  Encoded encoded;
  std::vector<std::vector<Tensor>> shown(taps.size());  // of each tap, in each pass
  for (std::int64_t begin = 0; begin < all; begin += of_pass) {
    models::Taps kept({taps.begin(), taps.end()});
    Tensor rows = network.encoder->forward(images.narrow(begin, of_pass), Mode::train, &kept);
    kept.offer(Representation::kFeatures, rows);
    if (network.projector) rows = network.projector->forward(rows, Mode::train, &kept);
    encoded.rows = begin == 0 ? rows : engine::concat_rows(encoded.rows, rows);
    for (std::size_t i = 0; i < taps.size(); ++i) shown[i].push_back(kept.features(taps[i]).detach());
  }
  for (std::size_t i = 0; i < taps.size(); ++i) {
    Tapped tapped{.tap = taps[i], .views = {}};
    for (std::int64_t view = 0; view < s[0]; ++view) {
      const std::int64_t first = view * of_view, end = first + of_view;
      Tensor of_this;
      for (std::int64_t at = first; at < end; at += std::min(of_pass, of_view)) {
        const Tensor part =
            shown[i][static_cast<std::size_t>(at / of_pass)].narrow(at % of_pass, std::min(of_pass, of_view));
        of_this = at == first ? part : engine::concat_rows(of_this, part);
      }
      tapped.views.push_back(of_this);
    }
    encoded.tapped.push_back(std::move(tapped));
  }
  return encoded;
}

}  // namespace apps
