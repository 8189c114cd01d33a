#pragma once
#include <zstd.h>

#include <cstdint>
#include <cstdio>
#include <string>

/// Writes octal digits into a field of a header, ended by NUL.
inline void put_octal(std::string& header, std::size_t offset, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = 0; i < digits; ++i) {
    header[offset + digits - 1 - i] = static_cast<char>('0' + (value & 7));
    value >>= 3;
  }
}

/// Computes the checksum of a header anew, after it was changed.
inline void put_checksum(std::string& header) {
  header.replace(148, 8, 8, ' ');
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(header[i]);
  put_octal(header, 148, 6, sum);
  header[154] = '\0';
}

inline std::string tar_header(const std::string& name, std::uint64_t bytes, char type = '0') {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  put_octal(header, 100, 7, 0644);
  put_octal(header, 124, 11, bytes);
  header[156] = type;
  header.replace(257, 8, std::string("ustar\00000", 8));
  put_checksum(header);
  return header;
}

/// An entry with its padding.
inline std::string tar_entry(const std::string& name, const std::string& contents, char type = '0') {
  return tar_header(name, contents.size(), type) + contents + std::string((512 - contents.size() % 512) % 512, '\0');
}

inline std::string tar_end() { return std::string(1024, '\0'); }

/// One record of a pax header.
inline std::string pax_record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t length = rest.size();
  while (std::to_string(length).size() + rest.size() != length) length = std::to_string(length).size() + rest.size();
  return std::to_string(length) + rest;
}

/// One frame.
inline std::string zstd_packed(const std::string& bytes, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  if (window_log != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  std::string packed(ZSTD_compressBound(bytes.size()) + 64, '\0');
  // In a stream of unknown length, the window is as large as asked for.
  ZSTD_outBuffer out{packed.data(), packed.size(), 0};
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  if (window_log != 0) ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue);
  while (ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) != 0) {}
  packed.resize(out.pos);
  ZSTD_freeCCtx(context);
  return packed;
}
