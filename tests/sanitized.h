#pragma once

/// Whether a sanitizer that takes address space of its own is at work: no test can limit that space then.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
