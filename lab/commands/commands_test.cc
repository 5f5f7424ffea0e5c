#include <gtest/gtest.h>

#include "lab/commands/measure.h"
#include "lab/commands/places.h"

namespace mayfly::lab {
namespace {

TEST(ImageList, HasNamesAndDigests) {
  const auto images = ParseImageList(
      "REF                      TYPE                                      DIGEST        SIZE   "
      "PLATFORMS  LABELS\n"
      "mayfly.dev/suite/a:wasm  application/vnd.oci.image.manifest.v1+json sha256:0123  1 KiB  "
      "linux/amd64 -\n"
      "short line\n\n");
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(images.at("mayfly.dev/suite/a:wasm"), "sha256:0123");
}

TEST(Missing, ImagesAndProgramsAreNamedOnce) {
  Plan plan;
  plan.cells.resize(3);
  plan.cells[0].image = "here";
  plan.cells[1].image = plan.cells[2].image = "away";
  plan.programs = {{"shell", "sh"}, {"x", "no-such-program"}, {"y", "/no/such/program"}};
  const auto images = MissingImages(plan, {{"here", "sha256:1"}});
  ASSERT_EQ(images.size(), 1U);
  EXPECT_TRUE(images[0].starts_with("image away is not there"));
  EXPECT_EQ(MissingPrograms(plan),
            (std::vector<std::string>{"no-such-program is not on PATH",
                                      "/no/such/program is not a program that can be run"}));
}

TEST(Places, AreAbsoluteWhereContainerdNeedsIt) {
  EXPECT_EQ(AbsolutePath("/a/../b"), "/b");
  EXPECT_TRUE(AbsolutePath("x").ends_with("/x"));
  EXPECT_TRUE(AbsolutePath("x").starts_with("/"));
  EXPECT_TRUE(PluginsOf("/no/such/bin/mayfly").empty());
  EXPECT_TRUE(SiblingProgram("mayfly").ends_with("/mayfly"));
}

}  // namespace
}  // namespace mayfly::lab
