#pragma once
#include "apps/evaluation/partition.h"

namespace apps {

/// The adjusted Rand index (Hubert & Arabie 1985) of two partitions of the same rows: the share of pairs of rows on
/// which they agree, less what two random partitions with parts of these sizes agree on, so that 1 is the same
/// partition, and chance is 0 on average.
double adjusted_rand_index(const Partition& one, const Partition& other);

}  // namespace apps
