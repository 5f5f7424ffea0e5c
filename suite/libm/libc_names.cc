// sin, cos, sinf, cosf and sincos of libc, as trig.h has them. A program that links this library
// before libc uses these; calls that a compiler or the C++ library makes come here as well.

#include "libm/trig.h"

using mayfly::suite::Cosine;
using mayfly::suite::CosineFloat;
using mayfly::suite::Sine;
using mayfly::suite::SineCosine;
using mayfly::suite::SineFloat;

extern "C" {
double sin(double x) noexcept { return Sine(x); }
double cos(double x) noexcept { return Cosine(x); }
float sinf(float x) noexcept { return SineFloat(x); }
float cosf(float x) noexcept { return CosineFloat(x); }

void sincos(double x, double* sine, double* cosine) noexcept {
  auto both = SineCosine(x);
  *sine = both.sine;
  *cosine = both.cosine;
}
void sincosf(float x, float* sine, float* cosine) noexcept {
  auto both = SineCosine(static_cast<double>(x));
  *sine = static_cast<float>(both.sine);
  *cosine = static_cast<float>(both.cosine);
}
}
