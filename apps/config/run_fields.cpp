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
       .help = "where it is computed",
       .on_resume = OnResume::change},
      {.key = "run.threads",
       .value = MEMBER(run.compute.threads),
       .flag = "--threads",
       .help = "host threads of the kernels; 0: as OMP_NUM_THREADS says, or one for each processor that affinity, "
               "SLURM_CPUS_PER_TASK and the control group's quota leave",
       .range = between(0, engine::Context::kMostThreads)},
      {.key = "run.precision",
       .value = MEMBER(run.compute.precision),
       .flag = "--precision",
       .help = "of products: bf16 keeps activations and a copy of the weights in it, tf32 is a mode of GPUs; sums, "
               "parameters, gradients and losses are fp32"},
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
           "algorithms that round differently: timed once and kept for this machine (timed); chosen by a fixed rule "
           "(off); or as another run's plans.json says, the rest by that rule (FILE)"},
      {FIELD(run.report), .flag = "--report", .help = "at the end draw plots and report.html with tools/report",
       .on_resume = OnResume::change},
  };
}

}  // namespace apps
