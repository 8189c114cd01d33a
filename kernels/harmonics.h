#pragma once
#include <cstdint>

#include "kernels/runtime/host_device.h"

/// cos(k a) and sin(k a) for k = 1, 2, ..., in groups of four, for two multiplications per angle and k instead of a
/// cosine and a sine. With the harmonics 1 to 4 of an angle and c = cos 4a, group g needs one more number per angle:
///   cos 4ga =: m_g,   m_0 = 1, m_1 = c, m_{g+1} = 2 c m_g - m_{g-1}
///   cos(4ga + ja) = 2 m_g cos ja - cos(4ga - ja)
///   sin(4ga + ja) = 2 m_g sin ja + sin(4ga - ja)
/// The last terms belong to earlier groups. They are the same for all angles of a sum and all terms of a trigonometric
/// polynomial: only m_g cos ja and m_g sin ja are computed per angle.
namespace kernels {

inline constexpr int kHarmonics = 4;

/// A number for each harmonic of a group: of cos ja, then of sin ja.
template <class T>
struct HarmonicGroup {
  T cosine[kHarmonics], sine[kHarmonics];
};

/// How many groups the harmonics 1 to `count` take.
HOST_DEVICE inline int harmonic_groups(int count) { return (count + kHarmonics - 1) / kHarmonics; }

/// Sums over angles of m_g cos ja and m_g sin ja become sums of cos(4ga + ja) and sin(4ga + ja).
HOST_DEVICE inline void to_harmonic_sums(HarmonicGroup<double>* sums, int groups, double angles) {
  for (int g = 1; g < groups; ++g) {
    for (int j = 0; j < kHarmonics; ++j) {  // of harmonic 4g + j + 1, whose partner is 4g - (j + 1)
      const bool last = j + 1 == kHarmonics;
      const bool constant = last && g == 1;
      const HarmonicGroup<double>& earlier = sums[last && g > 1 ? g - 2 : g - 1];
      const int partner = last ? kHarmonics - 1 : kHarmonics - 2 - j;
      sums[g].cosine[j] = 2 * sums[g].cosine[j] - (constant ? angles : earlier.cosine[partner]);
      sums[g].sine[j] = 2 * sums[g].sine[j] + (constant ? 0 : earlier.sine[partner]);
    }
  }
}

/// The coefficients of cos(4ga + ja) and sin(4ga + ja) in a polynomial become those of m_g cos ja and m_g sin ja.
/// Returns the constant term that is left.
HOST_DEVICE inline double to_product_coefficients(HarmonicGroup<double>* terms, int groups) {
  double constant_term = 0;
  for (int g = groups - 1; g > 0; --g) {
    for (int j = 0; j < kHarmonics; ++j) {
      const bool last = j + 1 == kHarmonics;
      const int partner = last ? kHarmonics - 1 : kHarmonics - 2 - j;
      if (last && g == 1) {
        constant_term -= terms[g].cosine[j];
      } else {
        HarmonicGroup<double>& earlier = terms[last ? g - 2 : g - 1];
        earlier.cosine[partner] -= terms[g].cosine[j];
        earlier.sine[partner] += terms[g].sine[j];
      }
      terms[g].cosine[j] *= 2;
      terms[g].sine[j] *= 2;
    }
  }
  return constant_term;
}

}  // namespace kernels
