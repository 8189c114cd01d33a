#include "data/compositions/view_size.h"

#include <utility>

namespace data {

ViewSize::ViewSize(std::shared_ptr<const Source> source, const Extent& view)
    : source_(std::move(source)), layout_(source_->layout()) {
  layout_.view = view;
}

}  // namespace data
