#include "cgroup/devices_bpf.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "base/unique_fd.h"

namespace mayfly::cgroup {

using base::Result;

namespace {

// The program's registers: r1 is the context, r0 the verdict.
constexpr uint8_t kVerdict = BPF_REG_0;
constexpr uint8_t kContext = BPF_REG_1;
constexpr uint8_t kType = BPF_REG_2;
constexpr uint8_t kUndecided = BPF_REG_3;  // access bits that no rule has decided yet
constexpr uint8_t kMajor = BPF_REG_4;
constexpr uint8_t kMinor = BPF_REG_5;

bpf_insn Instruction(int code, uint8_t target, uint8_t source, int16_t offset, uint32_t value) {
  bpf_insn instruction{};
  instruction.code = static_cast<uint8_t>(code);
  instruction.dst_reg = target & 0xf;
  instruction.src_reg = source & 0xf;
  instruction.off = offset;
  instruction.imm = static_cast<int32_t>(value);
  return instruction;
}

bpf_insn Load(uint8_t target, size_t offset) {
  return Instruction(BPF_LDX | BPF_MEM | BPF_W, target, kContext, static_cast<int16_t>(offset), 0);
}
bpf_insn Alu(int operation, uint8_t target, uint32_t value) {
  return Instruction(BPF_ALU | operation | BPF_K, target, 0, 0, value);
}
// 32-bit compare with a constant; the offset is filled in when the rule's end is known.
bpf_insn Jump(int operation, uint8_t target, uint32_t value, int16_t offset = 0) {
  return Instruction(BPF_JMP32 | operation | BPF_K, target, 0, offset, value);
}

void Decide(std::vector<bpf_insn>& program, bool allow) {
  program.push_back(Alu(BPF_MOV, kVerdict, allow ? 1 : 0));
  program.push_back(Instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

void AddRule(std::vector<bpf_insn>& program, const DeviceEntry& rule) {
  std::vector<size_t> to_next;
  const auto unless_equal = [&](uint8_t target, int64_t value) {
    to_next.push_back(program.size());
    program.push_back(Jump(BPF_JNE, target, static_cast<uint32_t>(value)));
  };
  if (rule.type != 'a') {
    unless_equal(kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
  }
  if (rule.major != kAnyNumber) {
    unless_equal(kMajor, rule.major);
  }
  if (rule.minor != kAnyNumber) {
    unless_equal(kMinor, rule.minor);
  }
  if (rule.access != kDeviceAll && rule.allow) {
    program.push_back(Alu(BPF_AND, kUndecided, kDeviceAll & ~rule.access));
    unless_equal(kUndecided, 0);
  } else if (rule.access != kDeviceAll) {
    program.push_back(Jump(BPF_JSET, kUndecided, rule.access, 1));
    to_next.push_back(program.size());
    program.push_back(Instruction(BPF_JMP | BPF_JA, 0, 0, 0, 0));
  }
  Decide(program, rule.allow);
  for (const size_t jump : to_next) {
    program[jump].off = static_cast<int16_t>(program.size() - jump - 1);
  }
}

int Bpf(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

}  // namespace

std::vector<bpf_insn> DeviceProgram(const std::vector<DeviceEntry>& rules) {
  std::vector<bpf_insn> program = {
      Load(kType, offsetof(bpf_cgroup_dev_ctx, access_type)),
      Instruction(BPF_ALU | BPF_MOV | BPF_X, kUndecided, kType, 0, 0),
      Alu(BPF_AND, kType, 0xffff),
      Alu(BPF_RSH, kUndecided, 16),
      Load(kMajor, offsetof(bpf_cgroup_dev_ctx, major)),
      Load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)),
  };
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    if (rule->covers_everything()) {
      // Nothing before it counts, and the verifier refuses instructions that cannot be reached.
      Decide(program, rule->allow);
      return program;
    }
    AddRule(program, *rule);
  }
  Decide(program, false);
  return program;
}

Result<void> AttachDeviceProgram(int directory, std::string_view shown_path,
                                 const std::vector<bpf_insn>& program) {
  static constexpr char kLicense[] = "Apache-2.0";
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = reinterpret_cast<uintptr_t>(program.data());
  load.insn_cnt = static_cast<uint32_t>(program.size());
  load.license = reinterpret_cast<uintptr_t>(kLicense);
  const int loaded = Bpf(BPF_PROG_LOAD, load);
  if (loaded < 0) {
    return base::FailErrno("linux.resources.devices: load the device program for {}", shown_path);
  }
  const base::UniqueFd owner(loaded);
  bpf_attr attach{};
  attach.target_fd = static_cast<uint32_t>(directory);
  attach.attach_bpf_fd = static_cast<uint32_t>(loaded);
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (Bpf(BPF_PROG_ATTACH, attach) != 0) {
    return base::FailErrno("linux.resources.devices: attach the device program to {}", shown_path);
  }
  return {};
}

}  // namespace mayfly::cgroup
