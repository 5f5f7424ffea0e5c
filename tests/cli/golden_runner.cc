// golden_runner CASE.txt [--update]: runs the command of a golden case and compares what it prints.
//
// A case is one text file (README.md shows one): comment lines, one line "$ COMMAND" run by sh in
// an empty directory with the program under test first on PATH, then "exit N", "--- stdout" and
// "--- stderr". In the expected text "<*>" stands for anything within a line, a line "<...>" for
// any number of lines.
// --update writes what was printed into the case, keeping lines that match already.
//
// Exit: 0 as expected, 1 different, 2 wrong use or a case that cannot be read.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/command.h"

namespace mayfly::test {
namespace {

namespace fs = std::filesystem;

using Lines = std::vector<std::string>;

struct Case {
  std::string head;  // comments, as they are
  std::string command;
  int exit_code = -1;
  Lines out, err;
};

Lines SplitLines(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

bool ReadCase(const std::string& path, Case* read) {
  std::ifstream file(path);
  Lines* section = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line == "--- stdout") {
      section = &read->out;
    } else if (line == "--- stderr") {
      section = &read->err;
    } else if (section != nullptr) {
      section->push_back(line);
    } else if (line.starts_with("$ ")) {
      read->command = line.substr(2);
    } else if (line.starts_with("exit ")) {
      read->exit_code = std::atoi(line.c_str() + 5);
    } else {
      read->head += line + "\n";
    }
  }
  return !read->command.empty();
}

// Whether a line has the form of a pattern with "<*>" in it.
bool MatchesLine(std::string_view pattern, std::string_view line) {
  const size_t star = pattern.find("<*>");
  if (star == std::string_view::npos) {
    return pattern == line;
  }
  if (!line.starts_with(pattern.substr(0, star))) {
    return false;
  }
  const std::string_view rest = pattern.substr(star + 3);
  for (size_t at = star; at <= line.size(); ++at) {
    if (MatchesLine(rest, line.substr(at))) {
      return true;
    }
  }
  return false;
}

bool Matches(const Lines& pattern, size_t p, const Lines& lines, size_t l) {
  if (p == pattern.size()) {
    return l == lines.size();
  }
  if (pattern[p] == "<...>") {
    for (size_t skip = l; skip <= lines.size(); ++skip) {
      if (Matches(pattern, p + 1, lines, skip)) {
        return true;
      }
    }
    return false;
  }
  return l < lines.size() && MatchesLine(pattern[p], lines[l]) &&
         Matches(pattern, p + 1, lines, l + 1);
}

bool Compare(const char* name, const Lines& expected, const Lines& got) {
  if (Matches(expected, 0, got, 0)) {
    return true;
  }
  std::printf("%s differs; expected:\n", name);
  for (const std::string& line : expected) {
    std::printf("  %s\n", line.c_str());
  }
  std::printf("got:\n");
  for (const std::string& line : got) {
    std::printf("  %s\n", line.c_str());
  }
  return false;
}

void Update(const std::string& path, const Case& old, int exit_code, const Lines& out,
            const Lines& err) {
  std::ofstream file(path, std::ios::trunc);
  file << old.head << "$ " << old.command << "\nexit " << exit_code << "\n";
  const auto section = [&](const char* name, const Lines& expected, const Lines& got) {
    file << "--- " << name << "\n";
    for (const std::string& line : Matches(expected, 0, got, 0) ? expected : got) {
      file << line << "\n";
    }
  };
  section("stdout", old.out, out);
  section("stderr", old.err, err);
}

int Run(const std::string& path, bool update) {
  Case wanted;
  if (!ReadCase(path, &wanted)) {
    std::fprintf(stderr, "%s: cannot be read, or has no line \"$ COMMAND\"\n", path.c_str());
    return 2;
  }
  std::string directory = (fs::temp_directory_path() / "mayfly-golden-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) {
    std::perror(directory.c_str());
    return 2;
  }
  CommandOptions options;
  options.directory = directory;
  const char* old_path = std::getenv("PATH");
  options.environment = {{"PATH", fs::path(MAYFLY_GOLDEN_PROGRAM).parent_path().string() + ":" +
                                      (old_path == nullptr ? "/usr/bin:/bin" : old_path)},
                         {"LC_ALL", "C"},
                         {"COLUMNS", "80"}};
  const Output output = RunCommand({"sh", "-c", wanted.command}, options);
  fs::remove_all(directory);
  const Lines out = SplitLines(output.out);
  const Lines err = SplitLines(output.err);
  if (update) {
    Update(path, wanted, output.exit_code, out, err);
    return 0;
  }
  bool same = output.exit_code == wanted.exit_code;
  if (!same) {
    std::printf("exit code: expected %d, got %d\n", wanted.exit_code, output.exit_code);
  }
  same = Compare("stdout", wanted.out, out) && same;
  same = Compare("stderr", wanted.err, err) && same;
  return same ? 0 : 1;
}

}  // namespace
}  // namespace mayfly::test

int main(int argc, char** argv) {
  const bool update = argc == 3 && std::string(argv[2]) == "--update";
  if (argc != 2 && !update) {
    std::fprintf(stderr, "usage: golden_runner CASE.txt [--update]\n");
    return 2;
  }
  return mayfly::test::Run(argv[1], update);
}
