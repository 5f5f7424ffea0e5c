#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <span>

#include "base/json.h"
#include "oci/seccomp.h"

namespace mayfly::oci {

using base::JsonView;
using base::Result;

namespace {

constexpr uint64_t kMaxErrno = 4095;  // the kernel's MAX_ERRNO
constexpr unsigned kArguments = 6;

template <typename Value>
struct Word {
  std::string_view name;
  Value value;
};

// The first name of a value is the one that is shown.
constexpr std::array kActions = {
    Word<SeccompAction>{"SCMP_ACT_KILL", SeccompAction::kKillThread},
    Word<SeccompAction>{"SCMP_ACT_KILL_THREAD", SeccompAction::kKillThread},
    Word<SeccompAction>{"SCMP_ACT_KILL_PROCESS", SeccompAction::kKillProcess},
    Word<SeccompAction>{"SCMP_ACT_TRAP", SeccompAction::kTrap},
    Word<SeccompAction>{"SCMP_ACT_ERRNO", SeccompAction::kErrno},
    Word<SeccompAction>{"SCMP_ACT_TRACE", SeccompAction::kTrace},
    Word<SeccompAction>{"SCMP_ACT_ALLOW", SeccompAction::kAllow},
    Word<SeccompAction>{"SCMP_ACT_LOG", SeccompAction::kLog},
    Word<SeccompAction>{"SCMP_ACT_NOTIFY", SeccompAction::kNotify}};

constexpr std::array kOperators = {
    Word<SeccompCompare>{"SCMP_CMP_NE", SeccompCompare::kNotEqual},
    Word<SeccompCompare>{"SCMP_CMP_LT", SeccompCompare::kLess},
    Word<SeccompCompare>{"SCMP_CMP_LE", SeccompCompare::kLessOrEqual},
    Word<SeccompCompare>{"SCMP_CMP_EQ", SeccompCompare::kEqual},
    Word<SeccompCompare>{"SCMP_CMP_GE", SeccompCompare::kGreaterOrEqual},
    Word<SeccompCompare>{"SCMP_CMP_GT", SeccompCompare::kGreater},
    Word<SeccompCompare>{"SCMP_CMP_MASKED_EQ", SeccompCompare::kMaskedEqual}};

constexpr std::array<std::string_view, 21> kArchitectures = {
    "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K"};

constexpr std::array kFlags = {
    Word<uint64_t>{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    Word<uint64_t>{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    Word<uint64_t>{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    Word<uint64_t>{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1U << 5}};  // Linux 5.19's headers

// The value of a word of a table, or an error about the field that holds it.
template <typename Value>
Result<Value> Lookup(const JsonView& view, std::span<const Word<Value>> table,
                     std::string_view what) {
  MAYFLY_ASSIGN(const auto text, view.String());
  if (!text) {
    return view.Fail("missing");
  }
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Word<Value>& word) { return word.name == *text; });
  if (found == table.end()) {
    return view.Fail(fmt::format("unknown {} \"{}\"", what, *text));
  }
  return found->value;
}

template <typename Table>
std::vector<std::string> Names(const Table& table) {
  std::vector<std::string> names;
  names.reserve(std::size(table));
  for (const auto& word : table) {
    names.emplace_back(word.name);
  }
  return names;
}

// An action that gives back no errno must not be asked for one (config-linux.md, "errnoRet").
Result<uint16_t> ParseErrno(const JsonView& view, SeccompAction action) {
  MAYFLY_ASSIGN(const auto value, view.Uint());
  const bool takes_one = action == SeccompAction::kErrno || action == SeccompAction::kTrace;
  if (value && !takes_one) {
    return view.Fail(fmt::format("{} gives back no errno", SeccompActionName(action)));
  }
  if (value.value_or(0) > kMaxErrno) {
    return view.Fail(fmt::format("larger than {}", kMaxErrno));
  }
  return static_cast<uint16_t>(value.value_or(EPERM));
}

Result<SeccompArgument> ParseArgument(const JsonView& view) {
  SeccompArgument argument;
  MAYFLY_ASSIGN(const auto index, view["index"].Uint());
  if (!index || *index >= kArguments) {
    return view["index"].Fail("expected 0 to 5");
  }
  argument.index = static_cast<unsigned>(*index);
  MAYFLY_ASSIGN(const auto value, view["value"].Uint());
  if (!value) {
    return view["value"].Fail("missing");
  }
  MAYFLY_ASSIGN(const auto value_two, view["valueTwo"].Uint());
  argument.value = *value;
  argument.value_two = value_two.value_or(0);
  MAYFLY_ASSIGN(argument.compare,
                Lookup(view["op"], std::span<const Word<SeccompCompare>>(kOperators), "operator"));
  return argument;
}

Result<SeccompRule> ParseRule(const JsonView& view) {
  SeccompRule rule;
  MAYFLY_ASSIGN(rule.names, view["names"].Strings());
  if (rule.names.empty()) {
    return view["names"].Fail("must name a system call");
  }
  MAYFLY_ASSIGN(rule.action,
                Lookup(view["action"], std::span<const Word<SeccompAction>>(kActions), "action"));
  MAYFLY_ASSIGN(rule.errno_value, ParseErrno(view["errnoRet"], rule.action));
  MAYFLY_ASSIGN(const auto arguments, view["args"].Items());
  for (const JsonView& item : arguments) {
    MAYFLY_ASSIGN(const auto argument, ParseArgument(item));
    rule.arguments.push_back(argument);
  }
  return rule;
}

Result<void> ParseListener(const JsonView& view, Seccomp* out) {
  MAYFLY_ASSIGN(const auto path, view["listenerPath"].String());
  MAYFLY_ASSIGN(const auto metadata, view["listenerMetadata"].String());
  out->listener_path = path.value_or("");
  out->listener_metadata = metadata.value_or("");
  if (!out->listener_path.empty() && !out->listener_path.starts_with('/')) {
    return view["listenerPath"].Fail("must be an absolute path");
  }
  if (out->listener_path.empty() && !out->listener_metadata.empty()) {
    return view["listenerMetadata"].Fail("needs listenerPath");
  }
  if (out->listener_path.empty() && out->Notifies()) {
    return view["listenerPath"].Fail("missing, and SCMP_ACT_NOTIFY asks for a listener");
  }
  if (out->default_action == SeccompAction::kNotify) {
    return view["defaultAction"].Fail(
        "SCMP_ACT_NOTIFY would stop the runtime's own system calls too");
  }
  return {};
}

}  // namespace

std::string SeccompActionName(SeccompAction action) {
  const auto found = std::find_if(kActions.begin(), kActions.end(),
                                  [action](const auto& word) { return word.value == action; });
  return found == kActions.end() ? "" : std::string(found->name);
}

std::vector<std::string> SeccompActionNames() { return Names(kActions); }
std::vector<std::string> SeccompOperatorNames() { return Names(kOperators); }
std::vector<std::string> SeccompFlagNames() { return Names(kFlags); }
std::vector<std::string> SeccompArchitectureNames() {
  return {kArchitectures.begin(), kArchitectures.end()};
}

bool Seccomp::Notifies() const {
  return default_action == SeccompAction::kNotify ||
         std::any_of(rules.begin(), rules.end(),
                     [](const SeccompRule& rule) { return rule.action == SeccompAction::kNotify; });
}

Result<std::optional<Seccomp>> ParseSeccomp(const JsonView& view) {
  if (!view.present() || (view.raw().is_object() && view.raw().empty())) {
    return std::nullopt;
  }
  Seccomp out;
  const std::span<const Word<SeccompAction>> actions(kActions);
  MAYFLY_ASSIGN(out.default_action, Lookup(view["defaultAction"], actions, "action"));
  out.has_default_errno = view["defaultErrnoRet"].present();
  MAYFLY_ASSIGN(out.default_errno, ParseErrno(view["defaultErrnoRet"], out.default_action));
  MAYFLY_ASSIGN(const auto architectures, view["architectures"].Items());
  for (const JsonView& item : architectures) {
    MAYFLY_ASSIGN(const auto name, item.String());
    if (std::find(kArchitectures.begin(), kArchitectures.end(), name.value_or("")) ==
        kArchitectures.end()) {
      return item.Fail(fmt::format("unknown architecture \"{}\"", name.value_or("")));
    }
    out.architectures.push_back(*name);
  }
  MAYFLY_ASSIGN(const auto flags, view["flags"].Items());
  for (const JsonView& item : flags) {
    MAYFLY_ASSIGN(const uint64_t flag,
                  Lookup(item, std::span<const Word<uint64_t>>(kFlags), "flag"));
    out.flags |= flag;
  }
  MAYFLY_ASSIGN(const auto rules, view["syscalls"].Items());
  for (const JsonView& item : rules) {
    MAYFLY_ASSIGN(auto rule, ParseRule(item));
    out.rules.push_back(std::move(rule));
  }
  MAYFLY_TRY(ParseListener(view, &out));
  out.canonical = base::JsonText(view.raw());
  return out;
}

}  // namespace mayfly::oci
