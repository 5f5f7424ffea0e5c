// Sine and cosine: the same bits in native and Wasm builds, within 1 ulp for every argument.
//
// The sin and cos of wasi-libc are several times slower than glibc's above 2^20 pi/2, and the two
// libraries round differently. Programs of the suite therefore bring these functions along on both
// sides; libc_names.cc puts them in the place of libc's.
//
// The argument is brought into [-pi/4, pi/4] as the sum of two doubles: by pi/2 in four parts up to
// 2^26 pi/2, and above that with the digits of 2/pi that matter for its exponent. Polynomials do
// the rest. No fused operation is used, and contraction must be off (-ffp-contract=off), as must
// any rounding mode but the nearest.
//
// Errors: none; NaN for infinities and NaN. Threads: any.
// Sources: W. J. Cody and W. Waite, "Software Manual for the Elementary Functions", 1980, chapter
// 8; M. Payne and R. Hanek, "Radian reduction for trigonometric functions", SIGNUM 18, 1983.
#pragma once

namespace mayfly::suite {

double Sine(double x);
double Cosine(double x);

struct SineAndCosine {
  double sine;
  double cosine;
};

SineAndCosine SineCosine(double x);

// By way of double: correctly rounded but for the one in some 10^8 arguments whose sine lies within
// 2^-52 of the middle of two floats.
inline float SineFloat(float x) { return static_cast<float>(Sine(static_cast<double>(x))); }
inline float CosineFloat(float x) { return static_cast<float>(Cosine(static_cast<double>(x))); }

}  // namespace mayfly::suite
