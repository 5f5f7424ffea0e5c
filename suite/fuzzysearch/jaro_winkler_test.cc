#include "fuzzysearch/jaro_winkler.h"

#include <gtest/gtest.h>

namespace mayfly::suite {
namespace {

double Score(std::u32string_view a, std::u32string_view b) { return JaroWinkler(b).Score(a); }

TEST(JaroWinkler, HasTheValuesOfTheSpecification) {
  constexpr double kTolerance = 5e-10;
  EXPECT_NEAR(Score(U"martha", U"marhta"), .961111111, kTolerance);
  EXPECT_NEAR(Score(U"dixon", U"dicksonx"), .813333333, kTolerance);
  EXPECT_NEAR(Score(U"dwayne", U"duane"), .84, kTolerance);
  EXPECT_NEAR(Score(U"cheeseburger", U"cheese fries"), .911111111, kTolerance);
  EXPECT_NEAR(Score(U"hamlet", U"hamlets"), .980952381, kTolerance);
  EXPECT_NEAR(Score(U"hamlet", U"ham."), .825, kTolerance);
  EXPECT_NEAR(Score(U"hamlet", U"ham"), .883333333, kTolerance);
  EXPECT_NEAR(Score(U"hamlet", U"omelet"), .694444444, kTolerance);
  EXPECT_NEAR(Score(U"hamlet", U"haml"), .933333333, kTolerance);
  EXPECT_NEAR(Score(U"hamlet", U"amlet"), .944444444, kTolerance);
  EXPECT_NEAR(Score(U"thngs", U"things"), .955555556, kTolerance);
  EXPECT_NEAR(Score(U"harlots", U"hamlet"), .796825397, kTolerance);
  EXPECT_EQ(Score(U"abcdefghijkl", U"abcdefghijklxyz"), 1.0);
}

// The reason for the fixed order of operations.
TEST(JaroWinkler, DoesNotExceedTheThresholdWhereItIsExact) {
  for (auto word : {U"haue", U"hast", U"hate"}) {
    EXPECT_NEAR(Score(word, U"hamlet"), 0.8, 1e-15);
    EXPECT_FALSE(Score(word, U"hamlet") > 0.8);
  }
}

TEST(JaroWinkler, HandlesEmptyAndSingleLetters) {
  EXPECT_EQ(Score(U"", U""), 1.0);
  EXPECT_EQ(Score(U"", U"a"), 0.0);
  EXPECT_EQ(Score(U"a", U""), 0.0);
  EXPECT_EQ(Score(U"a", U"a"), 1.0);
  EXPECT_EQ(Score(U"a", U"b"), 0.0);
  EXPECT_EQ(Score(U"a", U"ba"), 0.0);
  EXPECT_EQ(Score(U"é", U"é"), 1.0);
}

TEST(JaroWinkler, ForgetsTheWordBefore) {
  JaroWinkler hamlet(U"hamlet");
  double first = hamlet.Score(U"hamlets");
  hamlet.Score(U"telmah");
  EXPECT_EQ(hamlet.Score(U"hamlets"), first);
}

}  // namespace
}  // namespace mayfly::suite
