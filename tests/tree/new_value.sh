#!/usr/bin/env bash
# A new value of an enumeration that is a setting does not compile until each file that asks for its value handles it, and until
# it has a name. Each case compiles such a file against a copy of the header that declares one value more.
set -euo pipefail
cd "$1"
overlay=$(mktemp -d)
trap 'rm -rf "$overlay"' EXIT
status=0
expect() {  # header, enumeration, source, what the compiler must say
  local header=$1 enumeration=$2 source=$3 message=$4 said
  mkdir -p "$overlay/$(dirname "$header")"
  sed -E "s/(enum class $enumeration \{[^}]*[^ }]) *\}/\1, value_too_many}/" "$header" >"$overlay/$header"
  if cmp -s "$header" "$overlay/$header"; then
    echo "$header declares no enumeration $enumeration in one line"
    status=1
  fi
  said=$("${CXX:-c++}" -std=c++20 -fsyntax-only -Wall -Werror -I"$overlay" -I. "$source" 2>&1 || true)
  rm "$overlay/$header"
  grep -qE "$message" <<<"$said" && return
  echo "$source compiles, or fails otherwise, with one more $enumeration in $header:"
  head -5 <<<"$said"
  status=1
}
handled() { expect "$1" "$2" "$3" 'value_too_many.* not handled in switch'; }

handled apps/config/compute.h Precision apps/train/make_context.cpp
handled apps/config/config.h ProbeViews apps/train/model.cpp
handled apps/config/config.h StepsFromEpochs apps/config/training_plan.cpp
handled apps/config/knn_options.h KnnMetric apps/evaluation/knn.cpp
handled apps/config/knn_options.h KnnWeights apps/evaluation/knn.cpp
handled apps/config/objective_options.h ObjectiveName apps/objectives/make_objective.cpp
handled apps/config/objective_options.h ClassLikelihood apps/objectives/supervised.cpp
handled apps/kmeans/rendering.h Upsampling apps/kmeans/rendering.cpp
handled apps/kmeans/settings.h RawFeatures apps/kmeans/local_features.cpp
handled engine/optim/optimizer_options.h OptimizerName apps/train/make_optimizer.cpp
handled engine/optim/schedule.h Decay engine/optim/schedule.cpp
handled engine/optim/schedule.h LearningRateScaling engine/optim/schedule.cpp
handled engine/optim/sgd.h SgdForm engine/optim/sgd.cpp
handled losses/options.h LossName losses/contrastive.cpp
handled models/encoder_options.h Architecture apps/objectives/make_encoder.cpp
handled models/encoder_options.h StemChoice apps/objectives/make_encoder.cpp
handled models/resnet.h Stem models/resnet.cpp
handled models/resnet.h Variant models/resnet.cpp
handled losses/options.h LossName losses/options.cpp
handled losses/options.h PriorSample losses/sliced_wasserstein.cpp
handled losses/options.h Scaling losses/contrastive.cpp
handled losses/options.h TemperatureSchedule losses/contrastive.cpp
handled kernels/prior.h Prior losses/options.cpp
expect losses/options.h LossName apps/config/loss_fields.cpp 'every value of the enumeration needs one name'
exit $status
