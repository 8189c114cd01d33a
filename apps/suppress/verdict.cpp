#include "apps/suppress/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "kernels/runtime/error.h"

namespace apps {
namespace {

using Curve = std::span<const Observation>;

double skill_at(const Observation& observation, std::string_view name) {
  const Reading* reading = observation.find(name);
  return reading ? reading->skill() : 0;
}

std::string number(double value) { return fmt::format("{:.2f}", std::round(value * 100) / 100 + 0.0); }  // never -0.00

std::string number(const std::optional<double>& value) { return value ? number(*value) : "none"; }

std::string sentence(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".";
}

/// "the planted 12 bits are read at 0.98 from step 300"
std::string reading_text(const ArmCurves& curves) {
  const Reading* last = curves.planted.back().find(curves.feature);
  if (!last) return fmt::format("{} {} not probed", curves.words, curves.many ? "are" : "is");
  const std::int64_t from = read_from(curves.planted, curves.feature).value_or(0);
  std::string text = fmt::format("{} {} read at {} from step {}", curves.words, curves.many ? "are" : "is",
                                 number(last->accuracy), from);
  if (from == 0) text += " (an untrained network passes on as much)";
  const Reading* control = curves.control.empty() ? nullptr : curves.control.back().find(curves.feature);
  if (control) text += fmt::format(", in the control at {}", number(control->accuracy));
  return text;
}

/// "label accuracy peaks at 0.61 in step 900 and falls to 0.31; the control keeps 0.88, and the clean arm reaches 0.90"
std::string labels_text(const ArmCurves& curves, const VerdictThresholds& thresholds) {
  const auto accuracy = [&](const Observation& observation) {
    const Reading* reading = observation.find(curves.labels);
    return reading ? reading->accuracy : 0;
  };
  const auto peak = std::ranges::max_element(curves.planted, {}, accuracy);
  const double highest = accuracy(*peak), end = accuracy(curves.planted.back()),
               begin = accuracy(curves.planted.front());
  std::string text = curves.labels + " accuracy ";
  if (highest - end < thresholds.notable)
    text += fmt::format("goes from {} to {}", number(begin), number(end));
  else if (peak->step == curves.planted.front().step)
    text += fmt::format("falls from {} in step {} to {}", number(highest), peak->step, number(end));
  else
    text += fmt::format("peaks at {} in step {} and falls to {}", number(highest), peak->step, number(end));
  const auto at_end = [&](Curve arm) { return number(accuracy(arm.back())); };
  if (!curves.control.empty() && !curves.clean.empty())
    return text + fmt::format("; the control has {} at the end, and the clean arm {}", at_end(curves.control),
                              at_end(curves.clean));
  if (!curves.control.empty()) return text + fmt::format("; the control has {} at the end", at_end(curves.control));
  return curves.clean.empty() ? text : text + fmt::format("; the clean arm has {} at the end", at_end(curves.clean));
}

std::string cosines_text(const ArmCurves& curves) {
  const SpaceState& planted = curves.planted.back().embeddings;
  if (!planted.same_value || !planted.same_image) return {};
  const std::string text = fmt::format(
      "the centred cosine of embeddings of other images with the same planted value is {}, of the same image with "
      "another value {}",
      number(planted.same_value), number(planted.same_image));
  if (curves.control.empty()) return text;
  const SpaceState& control = curves.control.back().embeddings;
  return text + fmt::format(" (in the control {} and {})", number(control.same_value), number(control.same_image));
}

/// Whether the clean arm's loss moved by less than a share of itself.
bool loss_stands_still(Curve clean, double share) {
  std::optional<double> first, last;
  for (const Observation& observation : clean) {
    if (!observation.loss) continue;
    if (!first) first = observation.loss;
    last = observation.loss;
  }
  return !first || std::abs(*last - *first) < share * std::abs(*first);
}

/// Whether an arm has gained less than this share of what its untrained network lacks; not if that is not known.
bool has_hardly_learned(Curve arm, const std::string& labels, double share) {
  if (arm.front().step > 0) return false;
  const double start = skill_at(arm.front(), labels);
  return skill_at(arm.back(), labels) - start < share * (1 - start);
}

std::optional<VerdictKind> kind_by_labels(const ArmCurves& curves, const VerdictThresholds& thresholds) {
  if (curves.clean.empty()) return std::nullopt;
  const double clean = skill_at(curves.clean.back(), curves.labels),
               planted = skill_at(curves.planted.back(), curves.labels);
  const bool read = skill_at(curves.planted.back(), curves.feature) >= thresholds.read;
  if (clean > 0 && clean - planted >= thresholds.lost * clean) {
    if (curves.control.empty()) return std::nullopt;
    const bool control_too = clean - skill_at(curves.control.back(), curves.labels) >= (clean - planted) / 2;
    if (read && !control_too) return VerdictKind::suppressed;
    // A control that still is what it was has not had the time to learn that the feature is of no use.
    return control_too && has_hardly_learned(curves.control, curves.labels, thresholds.learned)
               ? VerdictKind::not_learned_yet
               : VerdictKind::disturbed;
  }
  if (has_hardly_learned(curves.clean, curves.labels, thresholds.learned)) return VerdictKind::not_learned_yet;
  return read ? VerdictKind::shared : VerdictKind::ignored;
}

std::optional<VerdictKind> kind_by_cosines(const ArmCurves& curves, const VerdictThresholds& thresholds) {
  const auto follows_value = [](const Observation& last) {
    return last.embeddings.same_value.value_or(0) > last.embeddings.same_image.value_or(0);
  };
  if (curves.clean.empty()) return std::nullopt;
  if (loss_stands_still(curves.clean, thresholds.learned)) return VerdictKind::not_learned_yet;
  if (follows_value(curves.planted.back())) {
    if (curves.control.empty()) return std::nullopt;
    return follows_value(curves.control.back()) ? VerdictKind::disturbed : VerdictKind::suppressed;
  }
  const bool read = skill_at(curves.planted.back(), curves.feature) >= thresholds.read;
  return read ? VerdictKind::shared : VerdictKind::ignored;
}

/// What a missing arm leaves open.
std::string open_question(const ArmCurves& curves, const std::string& classes) {
  if (curves.clean.empty()) {
    return fmt::format("it cannot be told what {} {}: there is no clean arm{}",
                       curves.words + (curves.many ? " cost" : " costs"), classes,
                       curves.control.empty() ? " and no control" : "");
  }
  return fmt::format(
      "{} {} lost beside {}, but without a control (the same feature drawn for every view) it cannot be told whether "
      "that is because the views share {}",
      classes, curves.labels.empty() ? "are" : "is", curves.words, curves.many ? "them" : "it");
}

std::string conclusion_of(std::optional<VerdictKind> kind, const ArmCurves& curves) {
  const std::string classes = curves.labels.empty() ? "the images" : fmt::format("'{}'", curves.labels);
  if (!kind) return open_question(curves, classes);
  switch (*kind) {
    case VerdictKind::suppressed:
      return fmt::format("suppressed: the network learns {} at the cost of {}", curves.words, classes);
    case VerdictKind::shared: return fmt::format("shared: the network learns both {} and {}", curves.words, classes);
    case VerdictKind::ignored: return fmt::format("ignored: the network learns {}, and not {}", classes, curves.words);
    case VerdictKind::disturbed:
      return fmt::format(
          "disturbed: {} is lost, but not because the views share {}: the control loses it too, or nothing is read",
          classes, curves.words);
    case VerdictKind::not_learned_yet:
      return "not learned yet: the clean arm or the control has hardly got beyond its untrained network; train for "
             "longer";
  }
  return {};
}

}  // namespace

std::optional<std::int64_t> read_from(Curve curve, std::string_view feature) {
  if (curve.empty()) return std::nullopt;
  const double enough = 0.9 * skill_at(curve.back(), feature);
  std::int64_t from = curve.back().step;
  for (auto at = curve.rbegin(); at != curve.rend() && skill_at(*at, feature) >= enough; ++at) from = at->step;
  return from;
}

Verdict judge(const ArmCurves& curves, const VerdictThresholds& thresholds) {
  EXPECTS(!curves.planted.empty(), "suppress: the planted arm needs an observation before it can be judged");
  Verdict verdict{.kind =
                      curves.labels.empty() ? kind_by_cosines(curves, thresholds) : kind_by_labels(curves, thresholds)};
  verdict.text = reading_text(curves);
  if (!curves.labels.empty()) verdict.text += fmt::format("; {}", labels_text(curves, thresholds));
  verdict.text = sentence(verdict.text);
  if (const std::string cosines = cosines_text(curves); !cosines.empty())
    verdict.text += fmt::format(" {}", sentence(cosines));
  verdict.conclusion = sentence(conclusion_of(verdict.kind, curves));
  return verdict;
}

}  // namespace apps
