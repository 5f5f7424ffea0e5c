// Shape: what a median hides. Whether run times fall into separate modes, and whether they change
// while they are being measured.
//
// Modes. The values are split where the two parts vary least (Otsu's criterion, Fisher's exact
// grouping). The parts are two modes when a density estimate has a valley between them that is at
// most half as high as the lower peak (less where few values make the peak); each part is then
// tried again. A skewed sample or one with a
// few outliers has no such valley. Of
// unimodal samples (normal, log-normal, exponential) fewer than 2 of 100 are split from 50 values
// on, fewer than 5 at 30 values; the unit tests simulate that.
//
// Drift. Runs of one program on a quiet machine are independent of each other. Two signs that they
// were not: neighbours resemble each other (autocorrelation at lag 1), and the second half lies
// above or below the first.
//
// Sources: Otsu, A Threshold Selection Method from Gray-Level Histograms, 1979; Fisher, On Grouping
// for Maximum Homogeneity, 1958; Silverman, Density Estimation, 1986, section 3.4.2 (bandwidth);
// Box and Jenkins, Time Series Analysis, section 2.1.6 (standard error of an autocorrelation);
// Romano et al., 2006 (|delta| of 0.33 and more is a medium effect). Threads: pure functions.
#pragma once

#include <span>
#include <vector>

namespace mayfly::lab {

struct Mode {
  double median = 0;  // of the values in it
  double share = 0;   // of all values
};

// The modes of a sample in ascending order: one for fewer than kLeastForModes values, none for no
// values. A mode has at least a tenth of them and at least 5.
std::vector<Mode> FindModes(std::vector<double> values);

inline constexpr size_t kLeastForModes = 30;

struct Drift {
  double autocorrelation = 0;  // at lag 1; 0 when all values are equal
  double halves_delta = 0;     // Cliff's delta of the second half against the first
  double halves_p = 1;         // Kruskal-Wallis, first half against second
  bool flagged = false;
};

// The drift of values in the order of measuring; nothing is flagged below kLeastForDrift.
Drift FindDrift(std::span<const double> in_order);

inline constexpr size_t kLeastForDrift = 10;

}  // namespace mayfly::lab
