#include "kernels/cases/similarity.h"

#include "kernels/cases/similarity_definition.h"

namespace kernels {
namespace {

Similarities similarities_of(const SimilarityExample& e, const std::vector<View>& on) {
  Similarities s{.view1 = on[kU].narrow(0, e.n),
                 .view2 = on[kU].narrow(e.n, e.n),
                 .temperature = {e.temperature},
                 .sharpness = e.sharpness,
                 .candidates = e.candidates,
                 .first_anchor = e.first,
                 .bf16_products = e.bf16_products,
                 .unit_rows = e.unit_rows};
  if (s.of_queue()) s.queue = on[kQueue];
  if (e.temperature_on_device) s.temperature = {.value = -1, .now = on[kTemperature]};
  return s;
}

/// Tolerances. The error of a similarity in f32 is up to a few ulp of the largest one; likewise for lse and the log of
/// each weight. Debiasing divides by what it leaves of a sum, which magnifies errors.
struct Errors {
  double similarity, magnified, gradient;

  explicit Errors(const SimilarityExample& e) {
    const auto temperature = static_cast<double>(e.temperature), sharpness = static_cast<double>(e.sharpness);
    similarity = 1e-6 + 2e-7 * sharpness * e.length * e.length / temperature;
    const bool plain = e.rule.kind == AnchorRule::Kind::cross_entropy || e.rule.kind == AnchorRule::Kind::negatives;
    magnified = similarity * (plain ? 1 : e.rule.tau_plus > 0 ? 40 : 2);
    // An anchor's weights w_ik + w_ki sum to a few. On tensor cores they are rounded to bf16, and so is the gradient.
    const bool narrow = e.dtype == Dtype::bf16 || e.bf16_products;
    const double weights = 4 * sharpness * e.length / (static_cast<double>(e.n) * temperature);
    gradient = weights * (magnified + (narrow ? 0x1p-8 : 0)) + (e.dtype == Dtype::bf16 ? 0x1p-7 : 0x1p-22);
    if (e.relative) gradient = narrow ? 0x1p-6 : 3e-4;
  }
};

/// With the results of both passes, but no tolerances.
std::vector<CaseBuffer> buffers_of(const SimilarityExample& e, const SimilarityContents& contents) {
  const std::int64_t m = e.anchors(), views = e.views();
  std::vector<CaseBuffer> buffers(kDu + 1);
  buffers[kU] = {.shape = {2 * e.n, e.d}, .values = contents.u, .dtype = e.dtype, .skewed = e.skewed};
  buffers[kQueue] = {.shape = {e.queue_rows, e.d}, .values = contents.queue, .dtype = e.dtype};
  buffers[kTemperature] = {.shape = Shape(), .values = {static_cast<double>(e.temperature)}};
  buffers[kWeights] = {.shape = {e.weighted() ? views : 0, m}, .values = contents.weights};
  buffers[kLse] = {.shape = {views, m}};
  buffers[kPositive] = {.shape = {m}};
  buffers[kAttraction] = {.shape = {m}};
  buffers[kCorrect] = {.shape = {m}};
  buffers[kSums] = {.shape = {kContrastSums}};
  buffers[kKept] = {.shape = {e.kept}};
  buffers[kDloss] = {.shape = Shape(), .values = {static_cast<double>(e.dloss)}};
  buffers[kDu] = {.shape = {views * m, e.d}, .values = contents.du, .dtype = e.dtype};
  return buffers;
}

std::string name_of(const SimilarityExample& e) {
  constexpr const char* kCandidates[] = {"others", "all", "other view", "queue"};
  constexpr const char* kRules[] = {"cross-entropy", "implicit features", "hard negatives", "log-sum-exp", "negatives"};
  return engine::concat(engine::name(e.dtype), e.bf16_products ? " in bf16" : "", " 2 x ", e.n, " x ", e.d, ", ",
                        kCandidates[static_cast<int>(e.candidates)], " ", e.queue_rows, ", ",
                        kRules[static_cast<int>(e.rule.kind)], " ", e.rule.beta, " ", e.rule.tau_plus, ", temperature ",
                        e.temperature, e.temperature_on_device ? " on the device" : "", ", anchors ", e.first, " + ",
                        e.anchors(), e.accumulate ? ", added" : "", e.skewed ? ", skewed" : "",
                        e.unit_rows ? ", unit rows" : "");
}

}  // namespace

SimilarityContents similarity_contents(const SimilarityExample& e, std::vector<double> u, std::vector<double> queue) {
  const SimilarityDefinition definition(e, u, queue);
  SimilarityContents all{.u = std::move(u), .queue = std::move(queue)};
  all.attraction.resize(static_cast<std::size_t>(e.anchors()));
  for (std::int64_t i = 0; i < e.views() * e.n; ++i) {
    const double weights = definition.weights(i);
    const SimilarityDefinition::Terms terms = definition.terms(definition.anchor(i), weights);
    all.lse.push_back(terms.lse);
    all.weights_lse.push_back(terms.weights_lse);
    const std::int64_t anchor = i % e.n - e.first;
    if (anchor < 0 || anchor >= e.anchors()) continue;
    if (e.weighted()) all.weights.push_back(weights);
    all.attraction[static_cast<std::size_t>(anchor)] += terms.attraction;
  }
  all.loss = definition.loss();
  return all;
}

KernelCase<SimilarityForward> similarity_forward_case(const SimilarityExample& e, const SimilarityContents& contents) {
  const bool sums = e.rule.kind != AnchorRule::Kind::negatives;
  const Errors errors(e);
  std::vector<CaseBuffer> buffers = buffers_of(e, contents);
  buffers.resize(kDloss);
  buffers[kWeights].tolerance = buffers[kLse].tolerance = errors.magnified;
  if (sums) {
    buffers[kPositive].tolerance = errors.similarity;
    buffers[kAttraction].tolerance = e.relative ? 3e-4 : 2 * errors.magnified;
    buffers[kAttraction].relative = e.relative;
    buffers[kCorrect].tolerance = 0;
    buffers[kSums].tolerance = e.relative ? 1e-4 : 2 * errors.magnified;
  }
  return {
      .name = name_of(e),
      .buffers = std::move(buffers),
      .arguments =
          [e, sums](const std::vector<View>& on) {
            const auto wanted = [&](SimilarityBuffer output) { return sums ? on[output] : View(); };
            return SimilarityForward{.s = similarities_of(e, on),
                                     .rule = e.rule,
                                     .scale = e.scale,
                                     .weights = e.weighted() ? on[kWeights] : View(),
                                     .lse = on[kLse],
                                     .positive = wanted(kPositive),
                                     .attraction = wanted(kAttraction),
                                     .correct = wanted(kCorrect),
                                     .sums = wanted(kSums),
                                     .kept = e.kept > 0 ? on[kKept] : View()};
          },
      .definition =
          [e](CaseValues& v) {
            const SimilarityDefinition definition(e, v[kU], v[kQueue]);
            const std::int64_t m = e.anchors();
            const auto n = static_cast<double>(e.n);
            std::fill(v[kAttraction].begin(), v[kAttraction].end(), 0);
            double loss = 0, alignment = 0, correct = 0;
            for (std::int64_t at = 0; at < e.views() * m; ++at) {
              const std::int64_t i = at / m * e.n + e.first + at % m;
              const auto row = static_cast<std::size_t>(at), example = static_cast<std::size_t>(at % m);
              const SimilarityDefinition::Anchor anchor = definition.anchor(i);
              const SimilarityDefinition::Terms terms = definition.terms(anchor, e.weighted() ? v[kWeights][row] : 0);
              v[kLse][row] = terms.lse;
              if (e.weighted()) v[kWeights][row] = terms.weights_lse;
              v[kAttraction][example] += terms.attraction;
              const double own = anchor.positive / static_cast<double>(e.sharpness);
              loss += terms.loss / n;
              alignment -= own / n;
              if (at >= m) continue;
              v[kPositive][example] = own;
              v[kCorrect][example] = anchor.correct ? 1 : 0;
              correct += v[kCorrect][example] / n;
            }
            v[kSums] = {loss * static_cast<double>(e.scale.factor(e.temperature)) - static_cast<double>(e.scale.offset),
                        alignment, loss - alignment, correct};
          }};
}

KernelCase<SimilarityBackward> similarity_backward_case(const SimilarityExample& e,
                                                        const SimilarityContents& contents) {
  const bool attracts = e.rule.kind != AnchorRule::Kind::negatives;
  const Errors errors(e);
  std::vector<CaseBuffer> buffers = buffers_of(e, contents);
  buffers[kLse] = {.shape = {e.views(), e.n}, .values = contents.lse};
  buffers[kAttraction].values = contents.attraction;
  buffers[kDu].tolerance = errors.gradient;
  buffers[kDu].relative = e.relative;
  KernelCase<SimilarityBackward> result{
      .name = name_of(e),
      .buffers = std::move(buffers),
      .arguments =
          [e, attracts](const std::vector<View>& on) {
            const std::int64_t m = e.anchors();
            return SimilarityBackward{.s = similarities_of(e, on),
                                      .scale = e.scale,
                                      .lse = on[kLse],
                                      .attraction = attracts ? on[kAttraction] : View(),
                                      .dloss = on[kDloss],
                                      .kept = e.kept > 0 ? on[kKept] : View(),
                                      .dview1 = {on[kDu].narrow(0, m), e.accumulate},
                                      .dview2 = {e.views() > 1 ? on[kDu].narrow(m, m) : View(), e.accumulate}};
          },
      .definition =
          [e, attracts](CaseValues& v) {
            const SimilarityDefinition definition(e, v[kU], v[kQueue]);
            const std::int64_t m = e.anchors();
            for (std::int64_t at = 0; at < e.views() * m; ++at) {
              const std::vector<double> du =
                  definition.gradient(at / m * e.n + e.first + at % m, v[kLse],
                                      attracts ? v[kAttraction][static_cast<std::size_t>(at % m)] : 0);
              for (std::size_t c = 0; c < du.size(); ++c) {
                double& to = v[kDu][static_cast<std::size_t>(at * e.d) + c];
                to = (e.accumulate ? to : 0) + v[kDloss][0] * definition.factor() * du[c];
              }
            }
          }};
  // With weights there is a second pass, for the rest of the gradient.
  const bool whole = attracts && !e.weighted() && !e.accumulate && e.some < 0;
  if (whole && !e.relative && e.n <= 7 && e.dtype == Dtype::f32 && !e.bf16_products) {
    result.gradients = {
        {.result = kDu,
         .variable = kU,
         .value = [e](const CaseValues& v) { return v[kDloss][0] * SimilarityDefinition(e, v[kU], v[kQueue]).loss(); },
         .tolerance = std::max(1e-5, 2 * errors.gradient)}};
  }
  return result;
}

}  // namespace kernels
