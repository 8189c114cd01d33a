#include "apps/config/fields.h"
#include "apps/config/ranges.h"

namespace apps {

std::vector<ConfigField> optim_fields() {
  const Condition adam = when("optim.name", {"adam"}), sgd = when("optim.name", {"sgd"}),
                  lars = when("optim.name", {"lars"}), sgd_or_lars = when("optim.name", {"sgd", "lars"});
  const Condition polynomial = when("optim.schedule", {"polynomial"});
  return {
      {.key = "optim.name", .value = MEMBER(optim.update.name), .flag = "--optimizer", .help = "update rule"},
      {.key = "optim.lr",
       .value = MEMBER(optim.schedule.peak),
       .flag = "--lr",
       .help = "peak learning rate before lr_scaling; the scaled rate must be in the same range",
       .range = positive_float()},
      {FIELD(optim.lr_scaling), .flag = "--lr-scaling", .help = "times 1, batch_size / 256, or sqrt(batch_size)"},
      {.key = "optim.schedule",
       .value = MEMBER(optim.schedule.decay),
       .flag = "--schedule",
       .help = "learning rate after warm-up; the last two end at 0"},
      {.key = "optim.polynomial_power",
       .value = MEMBER(optim.schedule.power),
       .help = "exponent of the decay; 1: a straight line",
       .range = above(0),
       .only_with = polynomial},
      {FIELD(optim.warmup_epochs), .flag = "--warmup-epochs", .help = "epochs of linear growth from 0",
       .range = between(0, kMostSteps)},
      {.key = "optim.beta1",
       .value = MEMBER(optim.update.adam.beta1),
       .help = "decay of the first moment",
       .range = decay(),
       .only_with = adam},
      {.key = "optim.beta2",
       .value = MEMBER(optim.update.adam.beta2),
       .help = "decay of the second moment",
       .range = decay(),
       .only_with = adam},
      {.key = "optim.eps",
       .value = MEMBER(optim.update.adam.epsilon),
       .help = "added to the root of the second moment",
       .range = epsilon(),
       .only_with = adam},
      {.key = "optim.momentum",
       .value = {MEMBER(optim.update.sgd.momentum), MEMBER(optim.update.lars.momentum)},
       .help = "decay of the velocity",
       .range = decay(),
       .only_with = sgd_or_lars},
      {.key = "optim.nesterov",
       .value = MEMBER(optim.update.sgd.nesterov),
       .help = "Nesterov momentum",
       .only_with = sgd},
      {.key = "optim.sgd_form",
       .value = MEMBER(optim.update.sgd.form),
       .help = "pytorch: the velocity sums gradients and the rate multiplies it; keras: it sums "
               "rate times gradient, as SimCLR's code does; both are equal at a constant rate",
       .only_with = sgd},
      {.key = "optim.trust_coefficient",
       .value = MEMBER(optim.update.lars.trust_coefficient),
       .help = "a weight tensor's rate is lr * this * norm(w) / norm(gradient)",
       .range = positive_float(),
       .only_with = lars},
      {.key = "optim.weight_decay",
       .value = MEMBER(optim.update.weight_decay),
       .flag = "--wd",
       .help = "d in the loss term d/2 * sum(w^2), over all but batch norm; lars: d * w joins the gradient of "
               "convolution and linear weights, and only the probe's are in the loss",
       .range = float_or_zero()},
      {.key = "optim.l2",
       .value = MEMBER(optim.update.l2),
       .help = "c in the loss term c * sum(w^2), over convolution and linear weights but the probe's",
       .range = float_or_zero()},
  };
}

}  // namespace apps
