// The device rules of a cgroup v2 directory: a BPF_PROG_TYPE_CGROUP_DEVICE program made from the
// rules.
//
// The program goes through the rules from the last to the first. Each access bit (read, write,
// mknod) is decided by the first rule met that names the device and the bit; a bit that no rule
// decides is denied. The kernel drops the program with the directory.
//
// Sources: bpf(2); kernel cgroup-v2.rst "Device controller"; linux/bpf.h struct bpf_cgroup_dev_ctx.
// Errors: kind from errno, naming linux.resources.devices. Fork: parent only.
#pragma once

#include <linux/bpf.h>

#include <string_view>
#include <vector>

#include "base/result.h"
#include "cgroup/devices.h"

namespace mayfly::cgroup {

std::vector<bpf_insn> DeviceProgram(const std::vector<DeviceEntry>& rules);

// Loads the program and attaches it to an open cgroup v2 directory, beside those of others.
base::Result<void> AttachDeviceProgram(int directory, std::string_view shown_path,
                                       const std::vector<bpf_insn>& program);

}  // namespace mayfly::cgroup
