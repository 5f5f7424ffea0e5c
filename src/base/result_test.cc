#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace mayfly::base {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) {
    return Fail(ErrorKind::kInvalid, "{} is odd", number);
  }
  return number / 2;
}
Result<void> CheckHalf(int number) {
  MAYFLY_TRY(Half(number));
  return {};
}
Result<int> QuarterOf(int number) {
  MAYFLY_ASSIGN(const int half, Half(number));
  MAYFLY_ASSIGN(const int quarter, Half(half));
  return quarter;
}
Result<void> Layered(int number) {
  MAYFLY_TRY_AS(Half(number), "number {}", number);
  return {};
}

TEST(ResultTest, ValuesAndErrorsPassThrough) {
  EXPECT_EQ(QuarterOf(8).value_or(-1), 2);
  ASSERT_FALSE(QuarterOf(6));
  EXPECT_EQ(QuarterOf(6).error().text(), "3 is odd");
  EXPECT_EQ(QuarterOf(6).error().kind(), ErrorKind::kInvalid);
  EXPECT_TRUE(CheckHalf(2));
  EXPECT_EQ(CheckHalf(3).error().text(), "3 is odd");
}

TEST(ResultTest, EachLayerAddsItsObjectInFront) {
  EXPECT_TRUE(Layered(4));
  auto failed = Layered(5);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text(), "number 5: 5 is odd");
  const Error outer = std::move(failed).error().Wrap("create c1");
  EXPECT_EQ(outer.text(), "create c1: number 5: 5 is odd");
  EXPECT_EQ(outer.kind(), ErrorKind::kInvalid);
}

TEST(ResultTest, AssignMovesTheValue) {
  const auto make = [] { return Result<std::unique_ptr<int>>(std::make_unique<int>(7)); };
  const auto use = [&]() -> Result<int> {
    MAYFLY_ASSIGN(const auto pointer, make());
    return *pointer;
  };
  EXPECT_EQ(use().value_or(0), 7);
}

TEST(ResultTest, ErrnoGivesTextAndKind) {
  errno = ENOENT;
  const Error missing = FailErrno("open {}", "/x").error();
  EXPECT_EQ(missing.text(), "open /x: No such file or directory");
  EXPECT_EQ(missing.kind(), ErrorKind::kNotFound);
  EXPECT_EQ(missing.sys_errno(), ENOENT);
  EXPECT_EQ(FailErrnoText(ESRCH, "kill").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(FailErrnoText(EEXIST, "mkdir").error().kind(), ErrorKind::kExists);
  EXPECT_EQ(FailErrnoText(EPERM, "mount").error().kind(), ErrorKind::kDenied);
  EXPECT_EQ(FailErrnoText(EACCES, "open").error().kind(), ErrorKind::kDenied);
  EXPECT_EQ(FailErrnoText(EIO, "read").error().kind(), ErrorKind::kSystem);
}

TEST(ResultTest, EveryKindHasItsOwnName) {
  std::string names;
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::kSystem); ++kind) {
    const std::string_view name = ErrorKindName(static_cast<ErrorKind>(kind));
    EXPECT_NE(name, "unknown") << kind;
    EXPECT_EQ(names.find(fmt::format(" {} ", name)), std::string::npos) << name;
    names += fmt::format(" {} ", name);
  }
}

}  // namespace
}  // namespace mayfly::base
