// Matrix: square, dense, row-major doubles, and their product.
//
// Multiply() gives, bit for bit, what the plain loop over i, k, j gives that adds A[i][k] * B[k][j]
// to C[i][j], starting at zero with k ascending: blocking changes which sums are worked on
// together, never the order within one. Needs -ffp-contract=off.
#pragma once

#include <cstddef>

#include "support/array.h"
#include "support/ih12.h"
#include "support/sm64.h"

namespace mayfly::suite {

class Matrix {
 public:
  explicit Matrix(size_t order) : order_(order), cell_(order * order) {}

  size_t order() const { return order_; }
  double* row(size_t i) { return cell_.data() + i * order_; }
  const double* row(size_t i) const { return cell_.data() + i * order_; }
  const Array<double>& cells() const { return cell_; }

  // Row-major, all from one stream.
  void FillNormal(Sm64& random) {
    for (double& cell : cell_) cell = Ih12(random);
  }

 private:
  size_t order_;
  Array<double> cell_;
};

Matrix Multiply(const Matrix& a, const Matrix& b);

}  // namespace mayfly::suite
