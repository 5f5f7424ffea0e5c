// Solve: x of A x = b, by LU decomposition with partial pivoting.
//
// Bit for bit one fixed order of operations: each cell of A gets its updates one pivot after the
// other, so blocking or more threads would give the same numbers. Needs -ffp-contract=off.
//
// Sources: G. Golub, C. Van Loan, "Matrix Computations", 4th ed., 3.4 (outer-product form).
#pragma once

#include <cmath>
#include <cstddef>

namespace mayfly::suite {

namespace solve_internal {

// The first row from k on with the largest magnitude in column k.
inline size_t PivotRow(const double* a, size_t n, size_t k) {
  size_t pivot = k;
  double largest = std::fabs(a[k * n + k]);
  for (size_t i = k + 1; i < n; ++i) {
    double magnitude = std::fabs(a[i * n + k]);
    if (magnitude > largest) {
      largest = magnitude;
      pivot = i;
    }
  }
  return pivot;
}

inline void Swap(double* x, double* y, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    double kept = x[i];
    x[i] = y[i];
    y[i] = kept;
  }
}

// to += factor * from. The pointers never overlap; saying so lets the compiler use vectors.
inline void AddScaled(double* __restrict to, double factor, const double* __restrict from,
                      size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] += factor * from[i];
}

}  // namespace solve_internal

// `a` is n x n, row-major, and is overwritten by its factors; `b` becomes x. False if A is
// singular, and then b is of no use.
inline bool Solve(double* a, double* b, size_t n) {
  using namespace solve_internal;
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = PivotRow(a, n, k);
    if (a[pivot * n + k] == 0.0) return false;
    if (pivot != k) {
      Swap(a + k * n, a + pivot * n, n);
      Swap(b + k, b + pivot, 1);
    }
    const double* from = a + k * n;
    double reciprocal = 1.0 / from[k];
    for (size_t i = k + 1; i < n; ++i) {
      double* row = a + i * n;
      row[k] *= reciprocal;
      AddScaled(row + k + 1, -row[k], from + k + 1, n - k - 1);
    }
  }
  for (size_t i = 1; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] += -a[i * n + k] * b[k];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) b[i] += -a[i * n + k] * b[k];
    b[i] *= 1.0 / a[i * n + i];
  }
  return true;
}

}  // namespace mayfly::suite
