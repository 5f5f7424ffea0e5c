// Solve: x of A x = b, by LU decomposition with partial pivoting.
//
// Bit for bit one fixed order of operations: each cell of A gets its updates one pivot after the
// other. Four columns are decomposed at a time and their four updates of the rest are then done in
// one pass, which keeps a cell in a register and does not change its order. Needs
// -ffp-contract=off.
//
// Sources: G. Golub, C. Van Loan, "Matrix Computations", 4th ed., 3.4 (outer products, in blocks).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>

#include "support/array.h"

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

// to += factor * from. The rows never overlap; saying so lets the compiler use vectors.
inline void AddScaled(double* __restrict to, double factor, const double* __restrict from,
                      size_t count) {
  for (size_t j = 0; j < count; ++j) to[j] += factor * from[j];
}

constexpr size_t kPanel = 4;  // columns decomposed at a time

// Two doubles, the vector width of SSE2 and of Wasm.
using Pair __attribute__((vector_size(16))) = double;

// A panel's rows side by side, two doubles of each in turn: reading at fixed offsets from one
// pointer is what Wasm engines do best. An odd last column has a zero beside it.
inline void PackRows(const double* rows, size_t stride, size_t count, double* packed) {
  for (size_t j = 0; j < count; j += 2) {
    for (size_t row = 0; row < kPanel; ++row) {
      *packed++ = rows[row * stride + j];
      *packed++ = j + 1 < count ? rows[row * stride + j + 1] : 0.0;
    }
  }
}

// to += factor[0] * row 0, then += factor[1] * row 1, and so on, in one pass.
inline void AddScaledRows(double* to, const double (&factor)[kPanel], const double* packed,
                          size_t count) {
  for (; count >= 2; count -= 2, to += 2, packed += 2 * kPanel) {
    Pair sum;
    Pair row[kPanel];
    memcpy(&sum, to, sizeof sum);
    memcpy(row, packed, sizeof row);
    for (size_t k = 0; k < kPanel; ++k) sum += Pair{factor[k], factor[k]} * row[k];
    memcpy(to, &sum, sizeof sum);
  }
  if (count == 0) return;
  for (size_t k = 0; k < kPanel; ++k) *to += factor[k] * packed[2 * k];
}

// Decomposes the columns [first, last), with the exchanges done in whole rows; the columns to the
// right of them get no updates yet. False if a column has no pivot.
inline bool DecomposePanel(double* a, double* b, size_t n, size_t first, size_t last) {
  for (size_t k = first; k < last; ++k) {
    size_t pivot = PivotRow(a, n, k);
    if (a[pivot * n + k] == 0.0) return false;
    if (pivot != k) {
      Swap(a + k * n, a + pivot * n, n);
      Swap(b + k, b + pivot, 1);
    }
    double reciprocal = 1.0 / a[k * n + k];
    for (size_t i = k + 1; i < n; ++i) {
      double* row = a + i * n;
      row[k] *= reciprocal;
      AddScaled(row + k + 1, -row[k], a + k * n + k + 1, last - k - 1);
    }
  }
  return true;
}

// The updates of the columns right of a panel by its rows: first within the panel's own rows, then
// of all rows below. `packed` has room for kPanel rows and one column more.
inline void UpdateBeyond(double* a, size_t n, size_t first, double* packed) {
  size_t last = first + kPanel;
  size_t count = n - last;
  for (size_t k = first; k < last; ++k) {
    for (size_t i = k + 1; i < last; ++i) {
      AddScaled(a + i * n + last, -a[i * n + k], a + k * n + last, count);
    }
  }
  PackRows(a + first * n + last, n, count, packed);
  for (size_t i = last; i < n; ++i) {
    double factor[kPanel];
    for (size_t k = 0; k < kPanel; ++k) factor[k] = -a[i * n + first + k];
    AddScaledRows(a + i * n + last, factor, packed, count);
  }
}

}  // namespace solve_internal

// `a` is n x n, row-major, and is overwritten by its factors; `b` becomes x. False if A is
// singular, and then b is of no use.
inline bool Solve(double* a, double* b, size_t n) {
  using namespace solve_internal;
  Array<double> packed(kPanel * (n + 1));
  size_t k = 0;
  for (; k + kPanel <= n; k += kPanel) {
    if (!DecomposePanel(a, b, n, k, k + kPanel)) return false;
    UpdateBeyond(a, n, k, packed.data());
  }
  if (!DecomposePanel(a, b, n, k, n)) return false;

  for (size_t i = 1; i < n; ++i) {
    for (k = 0; k < i; ++k) b[i] += -a[i * n + k] * b[k];
  }
  for (size_t i = n; i-- > 0;) {
    for (k = i + 1; k < n; ++k) b[i] += -a[i * n + k] * b[k];
    b[i] *= 1.0 / a[i * n + i];
  }
  return true;
}

}  // namespace mayfly::suite
