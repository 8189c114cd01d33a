#include "apps/suppress/verdict.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"

using namespace apps;

namespace {

struct Point {
  double label = 0, bits = 0, same_value = 0, same_image = 0, loss = 0;
};
using Points = std::vector<Point>;

/// Points 100 steps apart, from step 0; ten classes, and bits.
std::vector<Observation> curve(const Points& points, bool labels = true) {
  std::vector<Observation> all;
  for (const Point& point : points) {
    Observation& observation = all.emplace_back();
    observation.step = 100 * (std::ssize(all) - 1);
    if (labels) observation.readings.push_back({.name = "label", .accuracy = point.label, .chance = 0.1});
    observation.readings.push_back({.name = "bits", .accuracy = point.bits, .chance = 0.5});
    observation.embeddings = {.rank = 1, .same_value = point.same_value, .same_image = point.same_image};
    if (observation.step > 0) observation.loss = point.loss;
  }
  return all;
}

Verdict judge_of(const Points& clean, const Points& planted, const Points& control, bool labels = true) {
  const auto a = curve(clean, labels), b = curve(planted, labels), c = curve(control, labels);
  return judge({.clean = a,
                .planted = b,
                .control = c,
                .labels = labels ? "label" : "",
                .feature = "bits",
                .words = "the planted 12 bits",
                .many = true});
}

const Points kClean{{.label = 0.5, .loss = 0}, {.label = 0.8, .loss = 5}, {.label = 0.9, .loss = 3}};
const Points kControl{{.label = 0.3, .bits = 0.9},
                      {.label = 0.7, .bits = 0.7},
                      {.label = 0.88, .bits = 0.6, .same_value = -0.001, .same_image = 0.99}};

}  // namespace

TEST_CASE("verdict: suppressed, with when it is read, the peak and the fall") {
  const Verdict verdict = judge_of(kClean, {{0.3, 0.7}, {0.61, 0.97}, {0.31, 0.98, 0.888, 0.057}}, kControl);
  CHECK(verdict.kind == VerdictKind::suppressed);
  CHECK(verdict.text ==
        "The planted 12 bits are read at 0.98 from step 100, in the control at 0.60; label accuracy peaks at 0.61 in "
        "step 100 and falls to 0.31; the control has 0.88 at the end, and the clean arm 0.90. The centred cosine of "
        "embeddings of other images with the same planted value is 0.89, of the same image with another value 0.06 (in "
        "the control 0.00 and 0.99).");
  CHECK(verdict.conclusion == "Suppressed: the network learns the planted 12 bits at the cost of 'label'.");
}

TEST_CASE("verdict: a fall from the untrained network, and accuracies that rise, are told as they are") {
  CHECK(judge_of(kClean, {{0.6, 0.98}, {0.4, 0.98}, {0.3, 0.98}}, kControl)
            .text.find("from step 0 (an untrained network passes on as much)") != std::string::npos);
  CHECK(judge_of(kClean, {{0.6, 0.98}, {0.4, 0.98}, {0.3, 0.98}}, kControl)
            .text.find("label accuracy falls from 0.60 in step 0 to 0.30; ") != std::string::npos);
  CHECK(judge_of(kClean, {{0.3, 0.98}, {0.4, 0.98}, {0.5, 0.98}}, kControl)
            .text.find("label accuracy goes from 0.30 to 0.50; ") != std::string::npos);
}

TEST_CASE("verdict: shared where both are read, ignored where the planted feature is not") {
  const Verdict shared = judge_of(kClean, {{0.3, 0.9}, {0.6, 0.95}, {0.85, 0.98}}, kControl);
  CHECK(shared.kind == VerdictKind::shared);
  CHECK(shared.conclusion == "Shared: the network learns both the planted 12 bits and 'label'.");
  const Verdict ignored = judge_of(kClean, {{0.3, 0.9}, {0.6, 0.7}, {0.85, 0.6}}, kControl);
  CHECK(ignored.kind == VerdictKind::ignored);
  CHECK(ignored.conclusion == "Ignored: the network learns 'label', and not the planted 12 bits.");
}

TEST_CASE("verdict: the threshold of suppression is a fifth of the clean arm's skill") {
  // Skill 8/9; a fifth of it is 0.16 of accuracy.
  CHECK(judge_of(kClean, {{0.3, 0.9}, {0.7, 0.98}, {0.73, 0.98}}, kControl).kind == VerdictKind::suppressed);
  CHECK(judge_of(kClean, {{0.3, 0.9}, {0.7, 0.98}, {0.75, 0.98}}, kControl).kind == VerdictKind::shared);
}

TEST_CASE("verdict: what the control loses too, or what is lost to nothing, is not suppression") {
  const Points control{{0.3, 0.9}, {0.5, 0.7}, {0.5, 0.6}}, planted{{0.3, 0.9}, {0.4, 0.97}, {0.3, 0.98}};
  CHECK(judge_of(kClean, planted, control).kind == VerdictKind::disturbed);
  CHECK(judge_of(kClean, {{0.3, 0.9}, {0.3, 0.6}, {0.1, 0.5}}, kControl).kind == VerdictKind::disturbed);
  CHECK(judge_of(kClean, planted, control).conclusion.starts_with("Disturbed: "));
}

TEST_CASE("verdict: not learned yet where the clean arm, or a control that has lost as much, is still untrained") {
  const Points clean{{.label = 0.8}, {.label = 0.8}, {.label = 0.805}};
  const Verdict verdict = judge_of(clean, {{0.8, 0.9}, {0.8, 0.9}, {0.79, 0.9}}, kControl);
  CHECK(verdict.kind == VerdictKind::not_learned_yet);
  CHECK(verdict.conclusion.starts_with("Not learned yet: "));
  CHECK(judge_of(kClean, {{0.3, 0.9}, {0.3, 0.9}, {0.3, 0.9}}, {{0.3, 0.9}, {0.3, 0.9}, {0.32, 0.9}}).kind ==
        VerdictKind::not_learned_yet);
}

TEST_CASE("verdict: without labels the cosines of the embeddings decide") {
  const auto of = [](const Point& planted, const Point& control, double last_loss = 3) {
    return judge_of({{}, {.loss = 5}, {.loss = last_loss}}, {{}, {}, planted}, {{}, {}, control}, /*labels=*/false);
  };
  const Point image{.bits = 0.6, .same_value = 0.01, .same_image = 0.95};
  const Verdict suppressed = of({.bits = 0.98, .same_value = 0.9, .same_image = 0.1}, image);
  CHECK(suppressed.kind == VerdictKind::suppressed);
  CHECK(
      suppressed.text.starts_with("The planted 12 bits are read at 0.98 from step 200, in the control at 0.60. The "));
  CHECK(suppressed.conclusion == "Suppressed: the network learns the planted 12 bits at the cost of the images.");
  CHECK(of({.bits = 0.98, .same_value = 0.3, .same_image = 0.6}, image).kind == VerdictKind::shared);
  CHECK(of(image, image).kind == VerdictKind::ignored);
  const Point value{.bits = 0.98, .same_value = 0.9, .same_image = 0.1};
  CHECK(of(value, value).kind == VerdictKind::disturbed);
  CHECK(of(value, image, 4.9).kind == VerdictKind::not_learned_yet);
}

TEST_CASE("verdict: a feature that is not probed is said to be so, and the planted arm must have been observed") {
  std::vector<Observation> clean = curve(kClean), planted = curve({{0.3}, {0.4}, {0.8}}), control = curve(kControl);
  for (Observation& observation : planted) observation.readings.pop_back();
  ArmCurves curves{.clean = clean,
                   .planted = planted,
                   .control = control,
                   .labels = "label",
                   .feature = "bits",
                   .words = "the planted digit"};
  CHECK(judge(curves).text.starts_with("The planted digit is not probed; label accuracy goes from 0.30 to 0.80; "));
  curves.planted = {};
  CHECK_THROWS_AS(judge(curves), engine::Error);
}

TEST_CASE("verdict: without a control it is not told why the labels are lost, but that they are not") {
  const Verdict lost = judge_of(kClean, {{0.3, 0.7}, {0.31, 0.98, 0.888, 0.057}}, {});
  CHECK_FALSE(lost.kind);
  CHECK(lost.conclusion ==
        "'label' is lost beside the planted 12 bits, but without a control (the same feature drawn for every view) it "
        "cannot be told whether that is because the views share them.");
  CHECK(lost.text.find("; the clean arm has 0.90 at the end. The centred cosine") != std::string::npos);
  CHECK(lost.text.find("control") == std::string::npos);
  CHECK(judge_of(kClean, {{0.3, 0.7}, {0.88, 0.98}}, {}).kind == VerdictKind::shared);
  CHECK(judge_of(kClean, {{0.3, 0.7}, {0.88, 0.6}}, {}).kind == VerdictKind::ignored);
}

TEST_CASE("verdict: without a clean arm it is not told what the feature costs") {
  const Verdict control = judge_of({}, {{0.3, 0.7}, {0.31, 0.98}}, kControl);
  CHECK_FALSE(control.kind);
  CHECK(control.conclusion == "It cannot be told what the planted 12 bits cost 'label': there is no clean arm.");
  CHECK(control.text.find("; the control has 0.88 at the end. ") != std::string::npos);
  const Verdict alone = judge_of({}, {{0.3, 0.7}, {0.31, 0.98}}, {}, false);
  CHECK_FALSE(alone.kind);
  CHECK(alone.conclusion ==
        "It cannot be told what the planted 12 bits cost the images: there is no clean arm and no control.");
}

TEST_CASE("verdict: an arm whose untrained network is not known is taken to have learned") {
  const std::vector<Observation> clean = curve({{0.899, 0}, {0.9, 0}}), planted = curve({{0.3, 0.7}, {0.88, 0.98}});
  const ArmCurves curves{.clean = std::span(clean).subspan(1),
                         .planted = planted,
                         .control = {},
                         .labels = "label",
                         .feature = "bits",
                         .words = "the planted bit"};
  CHECK(judge(curves).kind == VerdictKind::shared);
  ArmCurves known = curves;
  known.clean = clean;
  CHECK(judge(known).kind == VerdictKind::not_learned_yet);
}
