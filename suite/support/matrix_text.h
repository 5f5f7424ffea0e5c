// PrintMatrix: a matrix as text, rows between tall brackets, columns right-aligned to their widest
// cell and two spaces apart.
//
// Cells are row-major. Each number is searched for its digits once; widths and text both come from
// those. Errors: Fail(Exit::kFailure) when memory is short or stdout fails.
#pragma once

#include <cstring>
#include <string_view>

#include "support/array.h"
#include "support/shortest.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {

namespace matrix_text_internal {

struct Brackets {
  std::string_view left, right;
};

inline Brackets BracketsOf(size_t row, size_t rows) {
  if (rows == 1) return {"[", "]"};
  if (row == 0) return {"⎡", "⎤"};
  if (row == rows - 1) return {"⎣", "⎦"};
  return {"⎢", "⎥"};
}

}  // namespace matrix_text_internal

inline void PrintMatrix(const double* cells, size_t rows, size_t columns, StdoutWriter& out) {
  Array<Decimal> decimal(rows * columns);
  Array<int> width(columns);
  memset(width.data(), 0, columns * sizeof(int));
  for (size_t i = 0; i < rows; ++i) {
    const double* cell = cells + i * columns;
    Decimal* next = decimal.data() + i * columns;
    for (size_t j = 0; j < columns; ++j) {
      next[j] = ToDecimal(cell[j]);
      int needed = WidthOf(next[j]);
      if (needed > width[j]) width[j] = needed;
    }
  }

  constexpr size_t kSeparatorBytes = 2;
  for (size_t i = 0; i < rows; ++i) {
    matrix_text_internal::Brackets brackets = matrix_text_internal::BracketsOf(i, rows);
    out.Write(brackets.left);
    for (size_t j = 0; j < columns; ++j) {
      const Decimal& cell = decimal[i * columns + j];
      size_t padding =
          static_cast<size_t>(width[j] - WidthOf(cell)) + (j > 0 ? kSeparatorBytes : 0);
      char* start = out.Room(padding + kDecimalMaxBytes);
      memset(start, ' ', padding);
      char* end = FormatDecimal(start + padding, cell);
      out.Advance(static_cast<size_t>(end - start));
    }
    out.Write(brackets.right);
    out.Write("\n");
  }
}

}  // namespace mayfly::suite
