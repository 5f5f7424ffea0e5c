#include <sys/resource.h>

#include <array>
#include <nlohmann/json.hpp>

#include "oci/capabilities.h"
#include "oci/spec_parse.h"

namespace mayfly::oci {

using base::JsonView;
using base::Result;

namespace {

constexpr std::array<std::pair<std::string_view, int>, 16> kRlimits = {{
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
}};

Result<uint32_t> Id(const JsonView& view) {
  MAYFLY_ASSIGN(const auto value, view.Uint());
  if (value.value_or(0) > UINT32_MAX - 1) {
    return view.Fail("not a valid id");
  }
  return static_cast<uint32_t>(value.value_or(0));
}

Result<void> ParseUser(const JsonView& view, User* user) {
  MAYFLY_ASSIGN(user->uid, Id(view["uid"]));
  MAYFLY_ASSIGN(user->gid, Id(view["gid"]));
  MAYFLY_ASSIGN(const auto umask, view["umask"].Uint());
  if (umask.value_or(0) > 0777) {
    return view["umask"].Fail("larger than 0777");
  }
  if (umask) {
    user->umask = static_cast<mode_t>(*umask);
  }
  MAYFLY_ASSIGN(const auto groups, view["additionalGids"].Items());
  for (const JsonView& group : groups) {
    MAYFLY_ASSIGN(const auto gid, Id(group));
    user->additional_gids.push_back(gid);
  }
  return {};
}

Result<uint64_t> ParseCapabilitySet(const JsonView& view) {
  uint64_t mask = 0;
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(const auto name, item.String());
    const auto number = CapabilityNumber(name.value_or(""));
    if (!number) {
      return item.Fail(fmt::format("unknown capability \"{}\"", name.value_or("")));
    }
    mask |= uint64_t{1} << *number;
  }
  return mask;
}

Result<void> ParseCapabilities(const JsonView& view, Process* process) {
  if (!view.present()) {
    return {};
  }
  Capabilities sets;
  MAYFLY_ASSIGN(sets.bounding, ParseCapabilitySet(view["bounding"]));
  MAYFLY_ASSIGN(sets.effective, ParseCapabilitySet(view["effective"]));
  MAYFLY_ASSIGN(sets.inheritable, ParseCapabilitySet(view["inheritable"]));
  MAYFLY_ASSIGN(sets.permitted, ParseCapabilitySet(view["permitted"]));
  MAYFLY_ASSIGN(sets.ambient, ParseCapabilitySet(view["ambient"]));
  process->capabilities = sets;
  return {};
}

Result<void> ParseRlimits(const JsonView& view, Process* process) {
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    Rlimit limit;
    MAYFLY_ASSIGN(const auto type, item["type"].String());
    limit.name = type.value_or("");
    bool known = false;
    for (const auto& [name, resource] : kRlimits) {
      if (limit.name == name) {
        limit.resource = resource;
        known = true;
      }
    }
    if (!known) {
      return item["type"].Fail(fmt::format("unknown resource limit \"{}\"", limit.name));
    }
    for (const Rlimit& earlier : process->rlimits) {
      if (earlier.resource == limit.resource) {
        return item["type"].Fail(fmt::format("{} stands twice", limit.name));
      }
    }
    MAYFLY_ASSIGN(const auto soft, item["soft"].Uint());
    MAYFLY_ASSIGN(const auto hard, item["hard"].Uint());
    limit.soft = soft.value_or(0);
    limit.hard = hard.value_or(0);
    if (limit.soft > limit.hard) {
      return item["soft"].Fail(
          fmt::format("{}: {} is above the hard limit {}", limit.name, limit.soft, limit.hard));
    }
    process->rlimits.push_back(std::move(limit));
  }
  return {};
}

Result<void> ParseArguments(const JsonView& view, Process* process) {
  MAYFLY_ASSIGN(process->args, view["args"].Strings());
  if (process->args.empty() || process->args.front().empty()) {
    return view["args"].Fail("must name a program");
  }
  MAYFLY_ASSIGN(process->env, view["env"].Strings());
  for (size_t i = 0; i < process->env.size(); ++i) {
    const size_t equals = process->env[i].find('=');
    if (equals == std::string::npos || equals == 0) {
      return view[fmt::format("env[{}]", i)].Fail("expected NAME=value");
    }
  }
  MAYFLY_ASSIGN(const auto cwd, view["cwd"].String());
  if (!cwd || !cwd->starts_with('/')) {
    return view["cwd"].Fail("must be an absolute path");
  }
  process->cwd = *cwd;
  return {};
}

Result<void> ParseTerminal(const JsonView& view, Process* process) {
  MAYFLY_ASSIGN(const auto terminal, view["terminal"].Bool());
  process->terminal = terminal.value_or(false);
  for (const auto& [name, out] : {std::pair{"height", &process->console_rows},
                                  std::pair{"width", &process->console_columns}}) {
    const JsonView field = view["consoleSize"][name];
    MAYFLY_ASSIGN(const auto value, field.Uint());
    if (value.value_or(0) > UINT16_MAX) {
      return field.Fail("larger than a terminal can be");
    }
    *out = static_cast<uint16_t>(value.value_or(0));
  }
  return {};
}

}  // namespace

Result<void> ParseProcess(const JsonView& view, Spec* spec) {
  Process& process = spec->process;
  MAYFLY_TRY(ParseArguments(view, &process));
  MAYFLY_TRY(ParseUser(view["user"], &process.user));
  MAYFLY_TRY(ParseCapabilities(view["capabilities"], &process));
  MAYFLY_TRY(ParseRlimits(view["rlimits"], &process));
  MAYFLY_TRY(ParseTerminal(view, &process));
  MAYFLY_ASSIGN(const auto no_new_privileges, view["noNewPrivileges"].Bool());
  process.no_new_privileges = no_new_privileges.value_or(false);
  const JsonView oom = view["oomScoreAdj"];
  MAYFLY_ASSIGN(const auto score, oom.Int());
  if (score && (*score < -1000 || *score > 1000)) {
    return oom.Fail("must be from -1000 to 1000");
  }
  if (score) {
    process.oom_score_adj = static_cast<int>(*score);
  }
  MAYFLY_ASSIGN(const auto apparmor, view["apparmorProfile"].String());
  MAYFLY_ASSIGN(const auto selinux, view["selinuxLabel"].String());
  process.apparmor_profile = apparmor.value_or("");
  process.selinux_label = selinux.value_or("");
  return ParseScheduling(view, &process);
}

}  // namespace mayfly::oci
