#include "apps/config/fields.h"
#include "apps/config/ranges.h"
#include "kernels/runtime/context.h"

namespace apps {

std::vector<ConfigField> run_fields() {
  const Condition on_gpu = when("run.device", {"cuda", "cuda:N"});
  return {
      {FIELD(run.log_every), .flag = "--log-every", .help = "steps between records of metrics.jsonl",
       .range = between(1, kMostSteps), .on_resume = OnResume::change},
      {FIELD(run.ckpt_every), .flag = "--ckpt-every", .help = "epochs between checkpoints; 0: only at the end",
       .range = between(0, kMostSteps), .on_resume = OnResume::change},
      {FIELD(run.keep), .flag = "--keep", .help = "checkpoints kept, the newest", .range = between(1, kMostSteps),
       .on_resume = OnResume::change},
      {.key = "run.device",
       .value = MEMBER(run.compute.device),
       .flag = "--device",
       .help = "device to compute on",
       .on_resume = OnResume::change},
      {.key = "run.threads",
       .value = MEMBER(run.compute.threads),
       .flag = "--threads",
       .help = "CPU threads of the kernels; 0: OMP_NUM_THREADS, else all processors that affinity, SLURM_CPUS_PER_TASK "
               "and the control group's quota allow",
       .range = between(0, engine::Context::kMostThreads)},
      {.key = "run.precision",
       .value = MEMBER(run.compute.precision),
       .flag = "--precision",
       .help =
           "precision of matrix products and convolutions; bf16: activations and a copy of the weights are bf16, too; "
           "tf32: GPUs only; sums, parameters, gradients and losses stay fp32"},
      {FIELD(run.cuda_graph), .flag = "--cuda-graph",
       .help = "capture a whole step once as a CUDA graph and launch that, instead of issuing its kernels one by one; "
               "changes no result",
       .on_resume = OnResume::change, .only_with = on_gpu},
      {.key = "run.repeatable",
       .value = MEMBER(run.compute.repeatable),
       .flag = "--repeatable",
       .help = "the same bits every time; off lets cuDNN add in a nondeterministic order where that is faster",
       .on_resume = OnResume::change,
       .only_with = on_gpu},
      {FIELD(run.plans), .flag = "--plans",
       .help =
           "choice among algorithms that round differently; timed: time once and keep the results for this machine; "
           "off: a fixed rule; FILE: another run's plans.json, and the fixed rule for the rest"},
      {FIELD(run.sent_gradients), .flag = "--sent-gradients",
       .help = "how the ranks of a run send gradients; bf16: half as many bytes, and the sums are rounded to bf16"},
      {FIELD(run.bucket_mib),
       .help =
           "MiB of gradients that the ranks sum at a time, as soon as the backward pass has them; 0: all at its end; "
           "changes no result",
       .range = between(0, 1 << 20), .on_resume = OnResume::change},
      {FIELD(run.rank_timeout), .flag = "--rank-timeout",
       .help = "seconds after which a rank that waits for another one ends them all", .range = between(1, 1'000'000),
       .on_resume = OnResume::change},
      {FIELD(run.report), .flag = "--report", .help = "at the end draw plots and report.html with tools/report",
       .on_resume = OnResume::change},
      {FIELD(run.tensorboard), .flag = "--tensorboard", .help = "also write tb/events.out.tfevents.* for TensorBoard",
       .on_resume = OnResume::change},
  };
}

}  // namespace apps
