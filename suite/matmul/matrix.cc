#include "matmul/matrix.h"

#include <cstring>

namespace mayfly::suite {
namespace {

// Two doubles, the vector width of SSE2 and of Wasm.
using Pair __attribute__((vector_size(16))) = double;

// A tile of 2 x 8 sums stays in registers while k runs: eight accumulators, four of B, one of A.
constexpr size_t kTileRows = 2;
constexpr size_t kTileColumns = 8;
constexpr size_t kTilePairs = kTileColumns / 2;

// All of a, in the order in which tiles read it: for each pair of rows a[i][0] a[i+1][0] a[i][1]
// ...; a last row alone stays as it is. Reading at fixed offsets from one pointer is what Wasm
// engines do best.
Array<double> PackRows(const Matrix& a) {
  size_t n = a.order();
  Array<double> packed(n * n);
  for (size_t i = 0; i < n; i += kTileRows) {
    size_t rows = n - i < kTileRows ? n - i : kTileRows;
    double* to = packed.data() + i * n;
    for (size_t k = 0; k < n; ++k) {
      for (size_t row = 0; row < rows; ++row) *to++ = a.row(i + row)[k];
    }
  }
  return packed;
}

// Columns [column, column + kTileColumns) of b, contiguous by row, zeros beyond the last column.
void PackColumns(const Matrix& b, size_t column, double* panel) {
  size_t n = b.order();
  size_t count = n - column < kTileColumns ? n - column : kTileColumns;
  for (size_t k = 0; k < n; ++k, panel += kTileColumns) {
    for (size_t j = 0; j < kTileColumns; ++j) panel[j] = j < count ? b.row(k)[column + j] : 0.0;
  }
}

template <size_t kRows>
void MultiplyTile(const double* a, const double* panel, size_t n, double* c, size_t columns) {
  Pair sum[kRows][kTilePairs] = {};
  for (size_t k = 0; k < n; ++k, a += kRows, panel += kTileColumns) {
    Pair row[kTilePairs];
    memcpy(row, panel, sizeof row);
    for (size_t i = 0; i < kRows; ++i) {
      Pair factor = {a[i], a[i]};
      for (size_t j = 0; j < kTilePairs; ++j) sum[i][j] += factor * row[j];
    }
  }
  for (size_t i = 0; i < kRows; ++i) memcpy(c + i * n, sum[i], columns * sizeof(double));
}

}  // namespace

Matrix Multiply(const Matrix& a, const Matrix& b) {
  size_t n = a.order();
  Matrix c(n);
  Array<double> rows = PackRows(a);
  Array<double> panel(n * kTileColumns);
  for (size_t j = 0; j < n; j += kTileColumns) {
    PackColumns(b, j, panel.data());
    size_t columns = n - j < kTileColumns ? n - j : kTileColumns;
    size_t i = 0;
    for (; i + kTileRows <= n; i += kTileRows) {
      MultiplyTile<kTileRows>(rows.data() + i * n, panel.data(), n, c.row(i) + j, columns);
    }
    if (i < n) MultiplyTile<1>(rows.data() + i * n, panel.data(), n, c.row(i) + j, columns);
  }
  return c;
}

}  // namespace mayfly::suite
