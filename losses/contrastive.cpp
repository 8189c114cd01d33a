#include "losses/contrastive.h"

#include "engine/ops/rows.h"

namespace losses {

ContrastiveLoss contrastive(const Tensor& u1, const Tensor& u2, const Options& options, Products products) {
  switch (options.name) {
    case LossName::nt_xent: return nt_xent(engine::concat_rows(u1, u2), options.temperature, products);
    case LossName::cross_view: return cross_view(u1, u2, options.temperature, products);
  }
  throw engine::Error("contrastive: the loss has no such name");
}

}  // namespace losses
