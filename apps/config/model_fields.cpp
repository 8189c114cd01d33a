#include "apps/config/fields.h"
#include "apps/config/ranges.h"

namespace apps {
namespace {

constexpr std::int64_t kMostHeadLayers = 100;

}  // namespace

std::vector<ConfigField> model_fields() {
  const Condition projecting = when("objective.name", {"contrastive", "queue", "byol"});
  const Condition resnets = when("model.arch", {"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"});
  return {
      {.key = "model.arch", .value = MEMBER(model.encoder.arch), .flag = "--arch", .help = "encoder"},
      {.key = "model.variant",
       .value = MEMBER(model.encoder.resnet.variant),
       .help = "SimCLR's, or the one that torchvision loads",
       .only_with = resnets},
      {.key = "model.stem",
       .value = MEMBER(model.encoder.stem),
       .help = "3x3, or 7x7 and pooling; auto: cifar for images up to 32 pixels",
       .only_with = resnets},
      {.key = "model.selective_kernels",
       .value = MEMBER(model.encoder.resnet.selective_kernels),
       .flag = "--selective-kernels",
       .help = "selective kernels in bottlenecks, and ResNet-D's stem and shortcuts in all blocks, as in SimCLR v2",
       .only_with = resnets},
      {.key = "model.zero_gamma",
       .value = MEMBER(model.encoder.resnet.zero_gamma),
       .help = "residual branches start as zero",
       .only_with = resnets},
      {.key = "model.width",
       .value = {MEMBER(model.encoder.convn.width), MEMBER(model.encoder.resnet.width)},
       .flag = "--width",
       .help = "multiplies every channel count of the encoder; a fractional one gives multiples of 8",
       .range = between(0.25, 64)},
      {.key = "model.normalize",
       .value = MEMBER(model.encoder.input.normalization),
       .flag = "--normalize",
       .help =
           "images are (x - mean) / std before the encoder, as weights from torchvision and timm need it; numbers have "
           "commas between"},
      {.key = "model.gray_as_rgb",
       .value = MEMBER(model.encoder.input.gray_as_rgb),
       .help = "the encoder sees an image of one channel as three equal ones"},
      {.key = "model.init",
       .value = MEMBER(model.init),
       .flag = "--init",
       .help = "safetensors file whose weights the encoder starts with: torchvision's, timm's or an export; see "
               "docs/weights.md",
       .placeholder = "FILE"},
      {.key = "model.proj_layers",
       .value = MEMBER(model.head.layers),
       .flag = "--proj-layers",
       .help = "linear layers of the projection head",
       .range = between(1, kMostHeadLayers),
       .only_with = projecting},
      {.key = "model.proj_dim",
       .value = MEMBER(model.head.out),
       .flag = "--proj-dim",
       .help = "dimension the loss works in",
       .range = between(1, kMostDimensions),
       .only_with = projecting},
      {.key = "model.proj_hidden",
       .value = MEMBER(model.head.hidden),
       .help = "width of the head's hidden layers; 0: the encoder's",
       .range = between(0, kMostDimensions),
       .only_with = projecting},
      {.key = "model.proj_output_bn",
       .value = MEMBER(model.head.output_batch_norm),
       .help = "batch norm after the head's last layer",
       .only_with = projecting},
      {.key = "model.bn_eps",
       .value = {MEMBER(model.encoder.convn.batch_norm.epsilon), MEMBER(model.encoder.resnet.batch_norm.epsilon),
                 MEMBER(model.head.batch_norm.epsilon)},
       .help = "added to the variance in batch norm",
       .range = epsilon()},
      {.key = "model.bn_momentum",
       .value = {MEMBER(model.encoder.convn.batch_norm.momentum), MEMBER(model.encoder.resnet.batch_norm.momentum),
                 MEMBER(model.head.batch_norm.momentum)},
       .help = "running = m * running + (1 - m) * batch (Keras; PyTorch's is 1 - m)",
       .range = decay()},
      {.key = "model.bn_unbiased_variance",
       .value = {MEMBER(model.encoder.convn.batch_norm.unbiased_variance),
                 MEMBER(model.encoder.resnet.batch_norm.unbiased_variance)},
       .help =
           "batch norm after convolutions updates the running variance with the unbiased batch variance, n / (n - 1); "
           "after linear layers it never does, as in Keras"},
      {.key = "model.sync_bn",
       .value = {MEMBER(model.encoder.convn.batch_norm.over_ranks), MEMBER(model.encoder.resnet.batch_norm.over_ranks),
                 MEMBER(model.head.batch_norm.over_ranks)},
       .flag = "--sync-bn",
       .help =
           "batch norm takes the statistics of all ranks' images; off: of each rank's own, and the running ones are "
           "rank 0's"},
      {.key = "model.bn_per_view",
       .value = MEMBER(objective.batch_norm_per_view),
       .help = "each view is a forward pass of its own, with its own batch statistics",
       .only_with = when("objective.name", {"contrastive", "byol"})},
      {.key = "model.probe_views",
       .value = MEMBER(objective.probe_views),
       .help = "views that the online probes train on",
       .only_with = projecting},
      {.key = "model.probe_taps",
       .value = MEMBER(objective.probe_taps),
       .flag = "--probe-taps",
       .help = "activations with an online probe of their own, beside the probe on the features: group1 to group4 of a "
               "ResNet, conv1 to conv3 of convn, layer1, ... of the projection head"},
      {.key = "model.probe_labels",
       .value = MEMBER(objective.probe_labels),
       .flag = "--probe-labels",
       .help = "label sets with an online probe of their own on every activation that has one, beside the first set of "
               "the source: digit of overlay, say"},
  };
}

}  // namespace apps
