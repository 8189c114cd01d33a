#include "kernels/cases/augment.h"

#include <array>
#include <bit>

#include "kernels/cases/augment_definition.h"

namespace kernels {
namespace {

using DrawWords = std::array<std::int32_t, kDrawWords>;

AugmentationDraw draw_of(const double* words) {
  DrawWords bits;
  for (std::int32_t& word : bits) word = static_cast<std::int32_t>(*words++);
  return std::bit_cast<AugmentationDraw>(bits);
}

std::string name_of(const AugmentExample& p) {
  const AugmentationRules& r = p.rules;
  const auto part = [](bool has, const char* name) { return has ? name : ""; };
  return engine::concat(engine::name(p.dtype), ' ', p.views, " views of ", p.images.size(), " images, ", p.h, " x ",
                        p.w, " x ", p.channels, part(r.interpolation == Interpolation::bicubic, ", bicubic"),
                        part(r.jitter > 0, ", jitter"), part(r.gray > 0, ", grey"), part(r.blur > 0, ", blur"),
                        part(p.bit_planes > 0, ", bits"), part(p.skewed, ", skewed"));
}

}  // namespace

void append_words(const AugmentationDraw& draw, std::vector<double>& words) {
  for (const std::int32_t word : std::bit_cast<DrawWords>(draw)) words.push_back(word);
}

KernelCase<Augment> augment_case(const AugmentExample& p) {
  constexpr std::size_t kPixels = 0, kOffsets = 1, kExtents = 2, kDraws = 3, kBits = 4, kY = 5;
  const auto batch = static_cast<std::int64_t>(p.images.size());
  std::vector<double> offsets, extents, draws;
  double at = 0;
  for (const auto& [height, width] : p.images) {
    offsets.push_back(at);
    extents.push_back(static_cast<double>(height));
    extents.push_back(static_cast<double>(width));
    at += static_cast<double>(height * width * p.channels);
  }
  for (const AugmentationDraw& draw : p.draws) append_words(draw, draws);
  const bool bits_per_view = p.bits.size() > p.images.size();
  const std::int64_t depth = p.channels + p.bit_planes;
  return {.name = name_of(p),
          .buffers = {{.shape = {static_cast<std::int64_t>(p.pixels.size())}, .values = p.pixels, .dtype = Dtype::u8},
                      {.shape = {batch}, .values = offsets, .dtype = Dtype::i64},
                      {.shape = {batch, 2}, .values = extents, .dtype = Dtype::i32},
                      {.shape = {p.views, batch, kDrawWords}, .values = draws, .dtype = Dtype::i32},
                      {.shape = bits_per_view ? Shape{p.views, batch} : Shape{static_cast<std::int64_t>(p.bits.size())},
                       .values = p.bits,
                       .dtype = Dtype::i64},
                      // Contrast and saturation multiply roundings by up to 2 each; else results are rounded once.
                      {.shape = {p.views, batch, p.h, p.w, depth},
                       .dtype = p.dtype,
                       .tolerance = p.dtype == Dtype::bf16 ? 0x1p-8 : 4e-6,
                       .skewed = p.skewed}},
          .arguments =
              [p](const std::vector<View>& on) {
                return Augment{.rules = p.rules,
                               .pixels = on[kPixels],
                               .offsets = on[kOffsets],
                               .extents = on[kExtents],
                               .draws = on[kDraws],
                               .bits = p.bit_planes > 0 ? on[kBits] : View(),
                               .y = on[kY],
                               .bit_planes = p.bit_planes};
              },
          .definition =
              [=](CaseValues& v) {
                const AugmentDefinition definition(p.rules, p.h, p.w, p.channels);
                auto y = v[kY].begin();
                for (std::int64_t item = 0; item < p.views * batch; ++item) {
                  const auto image = static_cast<std::size_t>(item % batch);
                  const std::vector<double> view =
                      definition.view(v[kPixels].data() + static_cast<std::int64_t>(v[kOffsets][image]),
                                      static_cast<std::int64_t>(v[kExtents][2 * image + 1]) * p.channels,
                                      draw_of(v[kDraws].data() + item * kDrawWords));
                  const double* value = view.data();
                  const double word =
                      p.bits.empty() ? 0 : v[kBits][bits_per_view ? static_cast<std::size_t>(item) : image];
                  for (std::int64_t i = 0; i < p.h * p.w; ++i) {
                    for (std::int64_t c = 0; c < p.channels; ++c) *y++ = *value++;
                    for (int plane = 0; plane < p.bit_planes; ++plane)
                      *y++ = static_cast<double>(static_cast<std::int64_t>(word) >> plane & 1);
                  }
                }
              }};
}

}  // namespace kernels
