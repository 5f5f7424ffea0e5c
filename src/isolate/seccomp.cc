#include "isolate/seccomp.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>

#include "base/file.h"

namespace mayfly::isolate {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::FailErrnoText;
using base::Result;
using base::UniqueFd;

namespace {

constexpr size_t kMaxProgramBytes = BPF_MAXINSNS * sizeof(sock_filter);
constexpr uint64_t kWaitKillable = 1U << 5;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19
constexpr uint32_t kX32Bit = 0x40000000;     // __X32_SYSCALL_BIT

struct ContextCloser {
  void operator()(void* context) const { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, ContextCloser>;

uint32_t LibraryAction(oci::SeccompAction action, uint16_t errno_value) {
  switch (action) {
    case oci::SeccompAction::kKillThread:
      return SCMP_ACT_KILL_THREAD;
    case oci::SeccompAction::kKillProcess:
      return SCMP_ACT_KILL_PROCESS;
    case oci::SeccompAction::kTrap:
      return SCMP_ACT_TRAP;
    case oci::SeccompAction::kErrno:
      return SCMP_ACT_ERRNO(errno_value);
    case oci::SeccompAction::kTrace:
      return SCMP_ACT_TRACE(errno_value);
    case oci::SeccompAction::kAllow:
      return SCMP_ACT_ALLOW;
    case oci::SeccompAction::kLog:
      return SCMP_ACT_LOG;
    case oci::SeccompAction::kNotify:
      return SCMP_ACT_NOTIFY;
  }
  return SCMP_ACT_KILL_PROCESS;
}

scmp_compare LibraryCompare(oci::SeccompCompare compare) {
  switch (compare) {
    case oci::SeccompCompare::kNotEqual:
      return SCMP_CMP_NE;
    case oci::SeccompCompare::kLess:
      return SCMP_CMP_LT;
    case oci::SeccompCompare::kLessOrEqual:
      return SCMP_CMP_LE;
    case oci::SeccompCompare::kEqual:
      return SCMP_CMP_EQ;
    case oci::SeccompCompare::kGreaterOrEqual:
      return SCMP_CMP_GE;
    case oci::SeccompCompare::kGreater:
      return SCMP_CMP_GT;
    case oci::SeccompCompare::kMaskedEqual:
      return SCMP_CMP_MASKED_EQ;
  }
  return SCMP_CMP_EQ;
}

// libseccomp's token of "SCMP_ARCH_X86_64"; 0 when this libseccomp has it not.
uint32_t ArchitectureToken(const std::string& name) {
  std::string word = name.substr(std::strlen("SCMP_ARCH_"));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ::seccomp_arch_resolve_name(word.c_str());
}

Result<std::vector<uint32_t>> AddArchitectures(void* context, const oci::Seccomp& profile) {
  std::vector<uint32_t> tokens = {::seccomp_arch_native()};
  for (size_t i = 0; i < profile.architectures.size(); ++i) {
    const uint32_t token = ArchitectureToken(profile.architectures[i]);
    const int added = token == 0 ? -EINVAL : ::seccomp_arch_add(context, token);
    if (added == -EEXIST) {
      continue;
    }
    if (added != 0) {
      return FailErrnoText(
          -added, fmt::format("linux.seccomp.architectures[{}]: {} beside this machine's", i,
                              profile.architectures[i]));
    }
    tokens.push_back(token);
  }
  return tokens;
}

// Conditions of one rule must all hold. The library takes one for each argument: with two on the
// same argument runtimes have always read the list as "or", a rule each.
Result<void> AddRule(void* context, const oci::SeccompRule& rule, const std::string& name,
                     int number, const oci::Seccomp& profile) {
  const uint32_t action = LibraryAction(rule.action, rule.errno_value);
  if (action == LibraryAction(profile.default_action, profile.default_errno)) {
    return {};  // what happens anyway; the library refuses such a rule
  }
  std::vector<scmp_arg_cmp> conditions;
  std::array<int, 6> uses{};
  for (const oci::SeccompArgument& argument : rule.arguments) {
    conditions.push_back(
        {argument.index, LibraryCompare(argument.compare), argument.value, argument.value_two});
    ++uses.at(argument.index);
  }
  const bool is_either = std::any_of(uses.begin(), uses.end(), [](int count) { return count > 1; });
  const auto add = [&](const scmp_arg_cmp* first, size_t count) -> Result<void> {
    const int added =
        ::seccomp_rule_add_array(context, action, number, static_cast<unsigned>(count), first);
    if (added != 0 && added != -EEXIST) {
      return FailErrnoText(-added, fmt::format("system call {}", name));
    }
    return {};
  };
  if (!is_either) {
    return add(conditions.data(), conditions.size());
  }
  for (const scmp_arg_cmp& condition : conditions) {
    MAYFLY_TRY(add(&condition, 1));
  }
  return {};
}

Result<void> AddRules(void* context, const oci::Seccomp& profile,
                      std::vector<std::string>* unknown) {
  for (size_t i = 0; i < profile.rules.size(); ++i) {
    for (const std::string& name : profile.rules[i].names) {
      const int number = ::seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) {
        unknown->push_back(name);
        continue;
      }
      MAYFLY_TRY_AS(AddRule(context, profile.rules[i], name, number, profile),
                    "linux.seccomp.syscalls[{}]", i);
    }
  }
  return {};
}

// Words of a token: the audit number of the architecture (AUDIT_ARCH_*), for x32 that of x86_64.
uint32_t AuditArchitecture(uint32_t token) {
  return token == SCMP_ARCH_X32 ? static_cast<uint32_t>(SCMP_ARCH_X86_64) : token;
}

// The highest number that the profile names, by architecture token.
std::map<uint32_t, uint32_t> HighestNumbers(const oci::Seccomp& profile,
                                            const std::vector<uint32_t>& tokens) {
  std::map<uint32_t, uint32_t> highest;
  for (const uint32_t token : tokens) {
    for (const oci::SeccompRule& rule : profile.rules) {
      for (const std::string& name : rule.names) {
        const int number = ::seccomp_syscall_resolve_name_arch(token, name.c_str());
        if (number >= 0) {
          uint32_t& known = highest[token];
          known = std::max(known, static_cast<uint32_t>(number));
        }
      }
    }
  }
  return highest;
}

sock_filter Load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}
sock_filter Jump(uint16_t test, uint32_t value, uint8_t if_true, uint8_t if_false) {
  return BPF_JUMP(static_cast<uint16_t>(BPF_JMP | test | BPF_K), value, if_true, if_false);
}

// Instructions in front of the library's: ENOSYS above the highest number of each architecture. The
// library's own program begins by loading what it needs, so nothing is to be kept for it.
std::vector<sock_filter> NewCallsPrefix(const oci::Seccomp& profile,
                                        const std::vector<uint32_t>& tokens) {
  const bool permissive = profile.default_action == oci::SeccompAction::kAllow ||
                          profile.default_action == oci::SeccompAction::kLog;
  if (permissive || (profile.has_default_errno && profile.default_errno == ENOSYS)) {
    return {};
  }
  std::vector<sock_filter> prefix;
  for (const auto& [token, number] : HighestNumbers(profile, tokens)) {
    prefix.push_back(Load(offsetof(seccomp_data, arch)));
    // x86_64 and x32 share one audit number and differ by a bit of the call's number.
    if (token == SCMP_ARCH_X86_64) {
      prefix.push_back(Jump(BPF_JEQ, AuditArchitecture(token), 0, 4));
      prefix.push_back(Load(offsetof(seccomp_data, nr)));
      prefix.push_back(Jump(BPF_JGE, kX32Bit, 2, 0));
    } else if (token == SCMP_ARCH_X32) {
      prefix.push_back(Jump(BPF_JEQ, AuditArchitecture(token), 0, 4));
      prefix.push_back(Load(offsetof(seccomp_data, nr)));
      prefix.push_back(Jump(BPF_JGE, kX32Bit, 0, 2));
    } else {
      prefix.push_back(Jump(BPF_JEQ, AuditArchitecture(token), 0, 3));
      prefix.push_back(Load(offsetof(seccomp_data, nr)));
    }
    prefix.push_back(Jump(BPF_JGT, number, 0, 1));
    prefix.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  }
  return prefix;
}

Result<std::vector<sock_filter>> Export(void* context) {
  const UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file.valid()) {
    return FailErrno("memfd_create");
  }
  if (const int exported = ::seccomp_export_bpf(context, file.get()); exported != 0) {
    return FailErrnoText(-exported, "compile the filter");
  }
  ::lseek(file.get(), 0, SEEK_SET);
  MAYFLY_ASSIGN(const std::string bytes, base::ReadAll(file.get(), "filter", kMaxProgramBytes));
  std::vector<sock_filter> instructions(bytes.size() / sizeof(sock_filter));
  std::memcpy(instructions.data(), bytes.data(), instructions.size() * sizeof(sock_filter));
  return instructions;
}

// --- the cache: a file a profile, in the form of Header, profile, instructions ---

struct Header {
  std::array<char, 8> magic;
  uint64_t profile_bytes;
  uint64_t program_bytes;
  uint64_t checksum;  // of what follows
};
constexpr std::array<char, 8> kMagic = {'M', 'F', 'S', 'E', 'C', 'C', '0', '1'};

// FNV-1a: tells damage, not malice; the directory is this user's own.
uint64_t Checksum(std::string_view bytes) {
  uint64_t hash = 14695981039346656037ULL;
  for (const unsigned char byte : bytes) {
    hash = (hash ^ byte) * 1099511628211ULL;
  }
  return hash;
}

// What the program depends on: the profile, the library's tables, the machine.
std::string CacheKey(const oci::Seccomp& profile) {
  const scmp_version* version = ::seccomp_version();
  return fmt::format("libseccomp {}.{}.{} arch {:x}\n{}", version->major, version->minor,
                     version->micro, ::seccomp_arch_native(), profile.canonical);
}

Result<UniqueFd> OpenCache(const std::string& directory) {
  MAYFLY_TRY(base::MakeDirs(directory, 0700));
  MAYFLY_ASSIGN(UniqueFd dir, base::Open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  struct stat info{};
  if (::fstat(dir.get(), &info) != 0 || info.st_uid != ::geteuid() || (info.st_mode & 022) != 0) {
    return Fail(ErrorKind::kDenied, "{}: not this user's own", directory);
  }
  return dir;
}

// An empty vector: not there, or not whole.
std::vector<sock_filter> ReadCached(int dir, const std::string& name, std::string_view key) {
  const auto file = base::OpenAt(dir, name, O_RDONLY | O_NOFOLLOW);
  if (!file) {
    return {};
  }
  const auto bytes =
      base::ReadAll(file->get(), name, sizeof(Header) + key.size() + kMaxProgramBytes);
  Header header{};
  if (!bytes || bytes->size() < sizeof header) {
    return {};
  }
  std::memcpy(&header, bytes->data(), sizeof header);
  const std::string_view rest = std::string_view(*bytes).substr(sizeof header);
  if (header.magic != kMagic || header.profile_bytes != key.size() ||
      rest.size() != key.size() + header.program_bytes || !rest.starts_with(key) ||
      header.program_bytes % sizeof(sock_filter) != 0 || Checksum(rest) != header.checksum) {
    return {};
  }
  std::vector<sock_filter> instructions(header.program_bytes / sizeof(sock_filter));
  std::memcpy(instructions.data(), rest.data() + key.size(), header.program_bytes);
  return instructions;
}

void WriteCached(int dir, const std::string& name, std::string_view key,
                 const std::vector<sock_filter>& instructions) {
  std::string rest(key);
  rest.append(reinterpret_cast<const char*>(instructions.data()),
              instructions.size() * sizeof(sock_filter));
  const Header header{kMagic, key.size(), instructions.size() * sizeof(sock_filter),
                      Checksum(rest)};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  // A cache that cannot be written costs time, nothing else.
  (void)base::ReplaceFileAt(dir, name, bytes.append(rest), 0600);
}

SeccompProgram ProgramOf(const oci::Seccomp& profile, std::vector<sock_filter> instructions) {
  SeccompProgram program;
  program.instructions = std::move(instructions);
  program.flags = profile.flags;
  program.notifies = profile.Notifies();
  return program;
}

}  // namespace

Result<SeccompProgram> CompileSeccomp(const oci::Seccomp& profile,
                                      std::vector<std::string>* unknown) {
  const Context context(
      ::seccomp_init(LibraryAction(profile.default_action, profile.default_errno)));
  if (!context) {
    return Fail(ErrorKind::kSystem, "linux.seccomp.defaultAction: libseccomp refuses {}",
                oci::SeccompActionName(profile.default_action));
  }
  MAYFLY_ASSIGN(const auto tokens, AddArchitectures(context.get(), profile));
  MAYFLY_TRY(AddRules(context.get(), profile, unknown));
  auto exported = Export(context.get());
  if (!exported) {
    return std::unexpected(std::move(exported).error().Wrap("linux.seccomp"));
  }
  std::vector<sock_filter> instructions = NewCallsPrefix(profile, tokens);
  instructions.insert(instructions.end(), exported->begin(), exported->end());
  if (instructions.size() > BPF_MAXINSNS) {
    return Fail(ErrorKind::kInvalid, "linux.seccomp: the filter has {} instructions, above {}",
                instructions.size(), BPF_MAXINSNS);
  }
  return ProgramOf(profile, std::move(instructions));
}

Result<SeccompProgram> CompileSeccompCached(const oci::Seccomp& profile,
                                            const std::string& cache_directory,
                                            std::vector<std::string>* unknown) {
  const auto dir = OpenCache(cache_directory);
  if (!dir) {
    return CompileSeccomp(profile, unknown);
  }
  const std::string key = CacheKey(profile);
  const std::string name = fmt::format("{:016x}.bpf", Checksum(key));
  if (auto instructions = ReadCached(dir->get(), name, key); !instructions.empty()) {
    return ProgramOf(profile, std::move(instructions));
  }
  MAYFLY_ASSIGN(auto program, CompileSeccomp(profile, unknown));
  WriteCached(dir->get(), name, key, program.instructions);
  return program;
}

Result<UniqueFd> LoadSeccomp(const SeccompProgram& program) {
  const sock_fprog filter{static_cast<unsigned short>(program.instructions.size()),
                          const_cast<sock_filter*>(program.instructions.data())};
  uint64_t flags = program.flags;
  if (program.notifies) {
    // With a listener, TSYNC needs a flag of its own and says nothing new for a single thread.
    flags = (flags & ~uint64_t{SECCOMP_FILTER_FLAG_TSYNC}) | SECCOMP_FILTER_FLAG_NEW_LISTENER;
  } else {
    flags &= ~kWaitKillable;  // EINVAL without a listener
  }
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (result < 0) {
    return FailErrno("linux.seccomp: load the filter");
  }
  return program.notifies ? UniqueFd(static_cast<int>(result)) : UniqueFd();
}

}  // namespace mayfly::isolate
