#include "data/files/zstd.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <new>

#include "kernels/runtime/error.h"

namespace data {
namespace {

constexpr int kLargestWindowLog = 27;

std::string reason(std::size_t code) {
  if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge) {
    return "it needs a window of more than 128 MiB; compress it with --long=27 or less";
  }
  return ZSTD_getErrorName(code);
}

}  // namespace

void Zstd::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

bool Zstd::is_one(std::span<const std::byte> file) {
  if (file.size() < 4) return false;
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(file[i]); };
  if (byte(0) == 0x28 && byte(1) == 0xb5 && byte(2) == 0x2f && byte(3) == 0xfd) return true;
  // A frame to skip, with which pzstd begins.
  return (byte(0) & 0xf0) == 0x50 && byte(1) == 0x2a && byte(2) == 0x4d && byte(3) == 0x18;
}

Zstd::Zstd(std::span<const std::byte> file) : context_(ZSTD_createDCtx()), rest_(file) {
  if (!context_) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kLargestWindowLog);
}

std::size_t Zstd::read(std::span<std::uint8_t> out) {
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  while (to.pos < to.size && (within_frame_ || !rest_.empty())) {
    ZSTD_inBuffer from{rest_.data(), rest_.size(), 0};
    const std::size_t before = to.pos;
    const std::size_t code = ZSTD_decompressStream(context_.get(), &to, &from);
    if (ZSTD_isError(code)) {
      if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation) throw std::bad_alloc();
      throw engine::DataError(reason(code));
    }
    within_frame_ = code != 0;
    if (within_frame_ && from.pos == 0 && to.pos == before) throw engine::DataError("unexpected end of file");
    rest_ = rest_.subspan(from.pos);
  }
  return to.pos;
}

}  // namespace data
