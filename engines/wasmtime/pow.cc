// pow(3), so that the plugin does not need libm: loading it costs every start 0.1 ms.
//
// The only caller in the archive is Tokio's multi-threaded scheduler, for a moving average by which
// it tunes itself (0 < base < 1, 0 < exponent); Mayfly's guests never run it, but the linker cannot
// know. Exact for whole exponents; for others within 2^-32 of the exponent.
extern "C" double pow(double base, double exponent) {
  const bool reciprocal = exponent < 0;
  const double magnitude = reciprocal ? -exponent : exponent;
  if (!(base > 0) || !(magnitude < 4294967296.0)) {
    return __builtin_nan("");
  }
  // Square and multiply for the bits above the point, square roots for those below.
  auto whole = static_cast<unsigned long>(magnitude);
  double rest = magnitude - static_cast<double>(whole);
  double result = 1;
  for (double square = base; whole != 0; whole >>= 1, square *= square) {
    result *= (whole & 1) != 0 ? square : 1;
  }
  double root = base;
  for (int bit = 0; bit < 32 && rest > 0; ++bit) {
    root = __builtin_sqrt(root);
    rest *= 2;
    if (rest >= 1) {
      result *= root;
      rest -= 1;
    }
  }
  return reciprocal ? 1 / result : result;
}
