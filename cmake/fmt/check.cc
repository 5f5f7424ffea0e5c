// Whether instances.cc fits the installed {fmt}: uses what the project uses, without the
// header-only mode.
#include <fmt/format.h>

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  const std::string text =
      fmt::format("{} {:>10} {:.3f} {:x} {:{}}", argv[0], argc, 1.5, 255U, "a", argc);
  fmt::print(stderr, "{}\n", text);
  return 0;
}
