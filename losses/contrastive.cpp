#include "losses/contrastive.h"

#include "engine/ops/l2_normalize.h"
#include "engine/ops/rows.h"

namespace losses {

ContrastiveLoss contrastive(const Tensor& z, const Options& options, [[maybe_unused]] const StepDraw& draw,
                            Products products) {
  EXPECTS(z.shape().rank() == 2 && z.shape()[0] > 0 && z.shape()[0] % 2 == 0,
          "contrastive: z must be [2n,d], the rows of view 1 above those of view 2, got ", z.shape());
  const SimilarityOptions similarity{.temperature = {options.resolved_temperature()}, .products = products};
  const Tensor u = engine::l2_normalize(z);
  switch (options.name) {
    case LossName::nt_xent: return nt_xent(u, similarity);
    case LossName::cross_view: {
      const std::int64_t n = u.shape()[0] / 2;
      return cross_view(engine::slice_rows(u, 0, n), engine::slice_rows(u, n, n), similarity);
    }
  }
  throw engine::Error("contrastive: the loss has no such name");
}

}  // namespace losses
