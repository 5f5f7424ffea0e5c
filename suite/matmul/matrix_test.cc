#include "matmul/matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace mayfly::suite {
namespace {

// The definition: what Multiply() must equal to the last bit.
Matrix PlainProduct(const Matrix& a, const Matrix& b) {
  size_t n = a.order();
  Matrix c(n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) c.row(i)[j] = 0.0;
    for (size_t k = 0; k < n; ++k) {
      for (size_t j = 0; j < n; ++j) c.row(i)[j] += a.row(i)[k] * b.row(k)[j];
    }
  }
  return c;
}

TEST(Multiply, EqualsThePlainLoopBitForBit) {
  // Every remainder of the tile size, smaller and larger than one tile.
  for (size_t n : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 31u, 64u, 101u}) {
    Sm64 random(n);
    Matrix a(n);
    Matrix b(n);
    a.FillNormal(random);
    b.FillNormal(random);
    Matrix plain = PlainProduct(a, b);
    Matrix product = Multiply(a, b);
    EXPECT_EQ(memcmp(plain.row(0), product.row(0), n * n * sizeof(double)), 0) << "order " << n;
  }
}

TEST(Multiply, KeepsTheSignOfZero) {
  Matrix a(1);
  Matrix b(1);
  a.row(0)[0] = -0.0;
  b.row(0)[0] = 1.0;
  EXPECT_EQ(PlainProduct(a, b).row(0)[0], 0.0);
  EXPECT_EQ(std::signbit(Multiply(a, b).row(0)[0]), std::signbit(PlainProduct(a, b).row(0)[0]));
}

TEST(Multiply, HasTheTraceOfTheSpecification) {
  Sm64 random(1);
  Matrix a(500);
  Matrix b(500);
  a.FillNormal(random);
  b.FillNormal(random);
  Matrix c = Multiply(a, b);
  double trace = 0;
  for (size_t i = 0; i < 500; ++i) trace += c.row(i)[i];
  EXPECT_EQ(c.row(0)[0], -2.815046586200685);
  EXPECT_EQ(c.row(499)[499], 1.0382570995859388);
  EXPECT_EQ(trace, -1801.4001410623996);
}

}  // namespace
}  // namespace mayfly::suite
