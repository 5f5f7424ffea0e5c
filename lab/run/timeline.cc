#include "lab/run/timeline.h"

#include <time.h>

#include <charconv>
#include <vector>

namespace mayfly::lab {
namespace {

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    if (end > 0) {
      words.push_back(line.substr(0, end));
    }
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

template <typename Handle>
void EachLine(std::string_view text, Handle handle) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return;  // not written to its end yet
    }
    handle(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

std::optional<int64_t> ToNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

// Looks moments up; the difference of two of them is known when both are.
class Borders {
 public:
  explicit Borders(const Moments& moments) : moments_(moments) {}

  std::optional<int64_t> At(std::string_view name) const {
    const auto found = moments_.find(name);
    return found == moments_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<int64_t> FirstOf(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) {
      if (const auto at = At(name)) {
        return at;
      }
    }
    return std::nullopt;
  }
  std::optional<int64_t> Between(std::string_view from, std::string_view to) const {
    return Minus(At(to), At(from));
  }
  static std::optional<int64_t> Minus(std::optional<int64_t> to, std::optional<int64_t> from) {
    return to && from && *to >= *from ? std::optional(*to - *from) : std::nullopt;
  }

 private:
  const Moments& moments_;
};

std::optional<int64_t>& Of(Sample& sample, Stage stage) {
  return sample.phases_ns[static_cast<size_t>(stage)];
}

// What Mayfly's own clock says of `create` or `run`: load, instantiate, and the rest up to `end`.
void SetRuntimeStages(const Borders& at, std::optional<int64_t> begin, std::optional<int64_t> end,
                      Sample& sample) {
  const auto found = at.FirstOf({"run.prepared", "create.prepared", "shim.prepared"});
  const auto looked = at.FirstOf({"run.prepare", "create.prepare", "shim.prepare"});
  const auto prepare = Borders::Minus(found, looked);
  const auto load = at.Between("init.load", "init.loaded");
  const auto compile = at.Between("init.restricted", "init.compiled").value_or(0);
  const auto whole = Borders::Minus(end, begin);
  if (!prepare || !load || !whole) {
    return;
  }
  Of(sample, Stage::kLoad) = *prepare + *load + compile;
  const bool module = at.At("guest.guest-end").has_value();
  const auto instantiate =
      Borders::Minus(at.At("init.ready"), at.FirstOf({"init.compiled", "init.restricted"}));
  if (module) {
    Of(sample, Stage::kInstantiate) = instantiate;
  }
  const int64_t of_others = *Of(sample, Stage::kLoad) + (module ? instantiate.value_or(0) : 0);
  // The init loads beside its parent's work, so the parts may be longer than the whole.
  Of(sample, Stage::kCreate) = std::max<int64_t>(0, *whole - of_others);
}

}  // namespace

void AddPhaseLines(std::string_view text, std::string_view id, Moments& moments) {
  EachLine(text, [&](std::string_view line) {
    const auto words = Words(line);
    if (words.size() < 3 || words[0] != id) {
      return;
    }
    for (size_t i = 2; i < words.size(); ++i) {
      const size_t equals = words[i].find('=');
      const auto ns =
          equals == std::string_view::npos ? std::nullopt : ToNumber(words[i].substr(equals + 1));
      if (ns) {
        moments.try_emplace(std::string(words[1]) + "." + std::string(words[i].substr(0, equals)),
                            *ns);
      }
    }
  });
}

std::optional<int64_t> ParseEventTime(std::string_view text) {
  tm parts{};
  const std::string date(text.substr(0, std::min<size_t>(19, text.size())));
  const char* end = ::strptime(date.c_str(), "%Y-%m-%d %H:%M:%S", &parts);
  if (end == nullptr || *end != '\0') {
    return std::nullopt;
  }
  int64_t ns = 0;
  if (text.size() > 20 && text[19] == '.') {
    const size_t digits = std::min(text.find(' ', 20), text.size()) - 20;
    const auto fraction = ToNumber(text.substr(20, digits));
    if (!fraction || digits > 9) {
      return std::nullopt;
    }
    ns = *fraction;
    for (size_t i = digits; i < 9; ++i) {
      ns *= 10;
    }
  }
  return int64_t{::timegm(&parts)} * 1'000'000'000 + ns;
}

void AddEventLines(std::string_view text, std::string_view id, int64_t offset_ns,
                   Moments& moments) {
  const std::string quoted = "\"" + std::string(id) + "\"";
  EachLine(text, [&](std::string_view line) {
    // DATE TIME ZONE ZONE NAMESPACE TOPIC {…}
    const auto words = Words(line.substr(0, std::min(line.find('{'), line.size())));
    if (words.size() < 6 || line.find(quoted) == std::string_view::npos) {
      return;
    }
    if (const auto at = ParseEventTime(line)) {
      moments.try_emplace(std::string(words[5]), *at - offset_ns);
    }
  });
}

void SetStages(const Moments& moments, int64_t begin_ns, int64_t end_ns, Sample& sample) {
  const Borders at(moments);
  const auto guest_end = at.FirstOf({"guest.guest-end", "run.guest-end", "/tasks/exit"});
  if (at.At("run.begin")) {
    const auto guest = at.FirstOf({"guest.guest", "init.guest"});
    Of(sample, Stage::kClient) = Borders::Minus(at.At("run.begin"), begin_ns);
    SetRuntimeStages(at, at.At("run.begin"), guest, sample);
    Of(sample, Stage::kGuest) = Borders::Minus(guest_end, guest);
    Of(sample, Stage::kTeardown) = Borders::Minus(end_ns, guest_end);
    return;
  }
  const auto recorded = at.At("/containers/create");
  const auto prepared = at.FirstOf({"/snapshot/prepare", "/containers/create"});
  const auto create = at.FirstOf({"create.begin", "shim.begin"});
  const auto created = at.FirstOf({"create.end", "shim.ready"});
  Of(sample, Stage::kClient) = Borders::Minus(prepared, begin_ns);
  Of(sample, Stage::kContainerd) = Borders::Minus(recorded, prepared);
  const auto guest = at.FirstOf({"guest.guest", "init.guest", "/tasks/start"});
  if (create && created) {
    const auto before = Borders::Minus(create, recorded);
    const auto after = Borders::Minus(guest, created);
    if (before && after) {
      Of(sample, Stage::kShim) = *before + *after;
    }
    SetRuntimeStages(at, create, created, sample);
  } else {
    Of(sample, Stage::kShim) = Borders::Minus(guest, recorded);
  }
  Of(sample, Stage::kGuest) = Borders::Minus(guest_end, guest);
  Of(sample, Stage::kDrain) = Borders::Minus(at.At("/tasks/delete"), guest_end);
  Of(sample, Stage::kTeardown) = Borders::Minus(end_ns, at.At("/tasks/delete"));
}

}  // namespace mayfly::lab
