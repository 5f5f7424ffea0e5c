#include "cgroup/devices.h"

#include <gtest/gtest.h>

#include "cgroup/devices_bpf.h"

namespace mayfly::cgroup {
namespace {

oci::DeviceRule Rule(bool allow, char type, std::optional<int64_t> major,
                     std::optional<int64_t> minor, const std::string& access = "rwm") {
  return {.allow = allow, .type = type, .major = major, .minor = minor, .access = access};
}
const oci::DeviceRule kDenyAll = Rule(false, 'a', std::nullopt, std::nullopt);
const oci::DeviceRule kAllowAll = Rule(true, 'a', std::nullopt, std::nullopt);

std::vector<DeviceEntry> Effective(const std::vector<oci::DeviceRule>& rules) {
  auto effective = EffectiveDeviceRules(rules);
  EXPECT_TRUE(effective) << effective.error().text();
  return effective.value_or(std::vector<DeviceEntry>{});
}
DeviceList List(const std::vector<oci::DeviceRule>& rules) {
  auto list = DeviceListV1(Effective(rules));
  EXPECT_TRUE(list) << list.error().text();
  return list.value_or(DeviceList{});
}

const std::vector<std::string> kDefaultLines = {"c *:* m",   "b *:* m",    "c 1:3 rwm", "c 1:5 rwm",
                                                "c 1:7 rwm", "c 1:8 rwm",  "c 1:9 rwm", "c 5:0 rwm",
                                                "c 5:2 rwm", "c 136:* rwm"};

TEST(DevicesTest, WithoutRulesOnlyTheDefaultsAreAllowed) {
  EXPECT_FALSE(List({}).allow_by_default);
  EXPECT_EQ(List({}).exceptions, kDefaultLines);
  EXPECT_EQ(List({kDenyAll}).exceptions, kDefaultLines);
}

TEST(DevicesTest, PrivilegedAllowsAll) {
  const DeviceList list = List({kDenyAll, kAllowAll});
  EXPECT_TRUE(list.allow_by_default);
  EXPECT_TRUE(list.exceptions.empty());
  EXPECT_TRUE(AllowsEverything(Effective({kAllowAll})));
  EXPECT_FALSE(AllowsEverything(Effective({kAllowAll, Rule(false, 'b', 8, 0)})));
  EXPECT_FALSE(AllowsEverything(Effective({})));
}

TEST(DevicesTest, ADenialAfterAllowAllIsAnException) {
  EXPECT_EQ(List({kAllowAll, Rule(false, 'b', 8, std::nullopt, "w")}).exceptions,
            (std::vector<std::string>{"b 8:* w"}));
  // The defaults come last and win.
  EXPECT_TRUE(List({kAllowAll, Rule(false, 'c', 1, 3)}).exceptions.empty());
}

TEST(DevicesTest, AccessAddsUpAndIsTakenBack) {
  const auto rules = {kDenyAll, Rule(true, 'c', 10, 229, "r"), Rule(true, 'c', 10, 229, "w"),
                      Rule(false, 'c', 10, std::nullopt, "r")};
  auto expected = kDefaultLines;
  expected.insert(expected.begin(), "c 10:229 w");
  EXPECT_EQ(List(rules).exceptions, expected);
}

TEST(DevicesTest, AnyTypeWithNumbersIsBothTypes) {
  const auto lines = List({Rule(true, 'a', 10, 200, "rw")}).exceptions;
  EXPECT_EQ(lines[0], "c 10:200 rw");
  EXPECT_EQ(lines[1], "b 10:200 rw");
}

// devices.deny of one device below an allowed wildcard is ignored by the kernel without a word.
TEST(DevicesTest, V1RefusesAHoleInAWiderRule) {
  const auto rules =
      Effective({kDenyAll, Rule(true, 'c', 10, std::nullopt), Rule(false, 'c', 10, 200)});
  const auto list = DeviceListV1(rules);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().kind(), base::ErrorKind::kUnsupported);
  EXPECT_TRUE(list.error().text().starts_with("linux.resources.devices[2]: "))
      << list.error().text();
}

TEST(DevicesTest, RulesThatAreNotValid) {
  EXPECT_EQ(EffectiveDeviceRules({kDenyAll, Rule(true, 'c', 1, 3, "rx")}).error().text(),
            "linux.resources.devices[1].access: \"rx\" is not of \"rwm\"");
  EXPECT_EQ(EffectiveDeviceRules({Rule(true, 'x', 1, 3)}).error().text(),
            "linux.resources.devices[0].type: \"x\" is not a, b or c");
  EXPECT_EQ(EffectiveDeviceRules({Rule(true, 'c', -5, 3)}).error().text(),
            "linux.resources.devices[0].major: -5 is no device number");
  EXPECT_FALSE(EffectiveDeviceRules({Rule(true, 'c', 1, int64_t{1} << 32)}));
}

// Runs a device program as the kernel would: only the instructions that DeviceProgram makes.
class Machine {
 public:
  static bool Allows(const std::vector<bpf_insn>& program, char type, uint32_t major,
                     uint32_t minor, unsigned access) {
    const uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    const uint32_t context[] = {access << 16 | kind, major, minor};
    uint32_t registers[6] = {};
    for (size_t at = 0; at < program.size(); ++at) {
      const bpf_insn& step = program[at];
      uint32_t& target = registers[step.dst_reg];
      const auto value = static_cast<uint32_t>(step.imm);
      switch (step.code) {
        case BPF_LDX | BPF_MEM | BPF_W:
          target = context[step.off / 4];
          break;
        case BPF_ALU | BPF_MOV | BPF_X:
          target = registers[step.src_reg];
          break;
        case BPF_ALU | BPF_MOV | BPF_K:
          target = value;
          break;
        case BPF_ALU | BPF_AND | BPF_K:
          target &= value;
          break;
        case BPF_ALU | BPF_RSH | BPF_K:
          target >>= value;
          break;
        case BPF_JMP32 | BPF_JNE | BPF_K:
          at += target != value ? step.off : 0;
          break;
        case BPF_JMP32 | BPF_JSET | BPF_K:
          at += (target & value) != 0 ? step.off : 0;
          break;
        case BPF_JMP | BPF_JA:
          at += step.off;
          break;
        case BPF_JMP | BPF_EXIT:
          return registers[0] == 1;
        default:
          ADD_FAILURE() << "instruction " << int{step.code};
          return false;
      }
    }
    ADD_FAILURE() << "ran off the end";
    return false;
  }
};

// The meaning in words: each bit is decided by the last rule that names the device and the bit.
bool Expected(const std::vector<DeviceEntry>& rules, char type, int64_t major, int64_t minor,
              unsigned access) {
  for (unsigned bit = 1; bit <= 4; bit *= 2) {
    bool allowed = false;
    for (const DeviceEntry& rule : rules) {
      if ((rule.type == 'a' || rule.type == type) &&
          (rule.major == kAnyNumber || rule.major == major) &&
          (rule.minor == kAnyNumber || rule.minor == minor) && (rule.access & bit) != 0) {
        allowed = rule.allow;
      }
    }
    if ((access & bit) != 0 && !allowed) {
      return false;
    }
  }
  return true;
}

TEST(DevicesBpfTest, DefaultRules) {
  const auto program = DeviceProgram(Effective({kDenyAll}));
  EXPECT_TRUE(Machine::Allows(program, 'c', 1, 3, kDeviceRead | kDeviceWrite));
  EXPECT_TRUE(Machine::Allows(program, 'b', 8, 0, kDeviceMknod));
  EXPECT_FALSE(Machine::Allows(program, 'b', 8, 0, kDeviceRead));
  EXPECT_FALSE(Machine::Allows(program, 'b', 8, 0, kDeviceMknod | kDeviceRead));
  EXPECT_FALSE(Machine::Allows(program, 'c', 1, 11, kDeviceRead));
  EXPECT_TRUE(Machine::Allows(program, 'c', 136, 77, kDeviceAll));
}

TEST(DevicesBpfTest, LaterRulesOverrideBitByBit) {
  const auto program =
      DeviceProgram(Effective({Rule(true, 'c', 10, std::nullopt, "rw"),
                               Rule(false, 'c', 10, 200, "w"), Rule(true, 'c', 10, 201, "m")}));
  EXPECT_TRUE(Machine::Allows(program, 'c', 10, 200, kDeviceRead));
  EXPECT_FALSE(Machine::Allows(program, 'c', 10, 200, kDeviceWrite));
  EXPECT_FALSE(Machine::Allows(program, 'c', 10, 200, kDeviceRead | kDeviceWrite));
  EXPECT_TRUE(Machine::Allows(program, 'c', 10, 201, kDeviceAll));
}

TEST(DevicesBpfTest, NothingIsUnreachable) {
  // The verifier refuses dead instructions: the program ends with the rule that covers everything.
  const auto program = DeviceProgram({{.allow = false, .type = 'c', .major = 1}, {.allow = true}});
  EXPECT_EQ(program.size(), 8U);
  EXPECT_TRUE(Machine::Allows(program, 'c', 1, 1, kDeviceAll));
}

// All small rule sets against the definition.
TEST(DevicesBpfTest, AgreesWithTheDefinitionOnManyRuleSets) {
  uint32_t seed = 1;
  const auto random = [&seed](uint32_t below) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % below;
  };
  for (int round = 0; round < 500; ++round) {
    std::vector<DeviceEntry> rules;
    for (uint32_t count = random(6); count > 0; --count) {
      rules.push_back({.allow = random(2) == 1,
                       .type = "abc"[random(3)],
                       .major = static_cast<int64_t>(random(3)) - 1,
                       .minor = static_cast<int64_t>(random(3)) - 1,
                       .access = random(7) + 1});
    }
    const auto program = DeviceProgram(rules);
    for (unsigned query = 0; query < 2 * 2 * 2 * 7; ++query) {
      const char type = query % 2 == 0 ? 'b' : 'c';
      const unsigned major = query / 2 % 2;
      const unsigned minor = query / 4 % 2;
      const unsigned access = query / 8 + 1;
      ASSERT_EQ(Machine::Allows(program, type, major, minor, access),
                Expected(rules, type, major, minor, access))
          << "round " << round << " query " << query;
    }
  }
}

}  // namespace
}  // namespace mayfly::cgroup
