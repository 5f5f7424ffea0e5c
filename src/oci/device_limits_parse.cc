// linux.resources' limits of devices: blockIO, hugepageLimits, network, rdma.
#include <nlohmann/json.hpp>

#include "oci/spec_parse.h"

namespace mayfly::oci {

using base::JsonView;
using base::Result;

namespace {

// The name ends up in a line that is written to a cgroup file.
bool IsOneWord(const std::string& name) {
  return !name.empty() && name.find_first_of(" \t\n") == std::string::npos;
}

// `field` is "rate" or a kind of weight; an entry without it asks for nothing of that kind.
Result<std::vector<DeviceLimit>> ParsePerDevice(const JsonView& view, const char* field) {
  std::vector<DeviceLimit> limits;
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(const auto major_number, item["major"].Int());
    MAYFLY_ASSIGN(const auto minor_number, item["minor"].Int());
    if (!major_number || !minor_number) {
      return item[major_number ? "minor" : "major"].Fail("missing");
    }
    MAYFLY_ASSIGN(const auto value, item[field].Uint());
    if (value) {
      limits.push_back({*major_number, *minor_number, *value});
    }
  }
  return limits;
}

Result<std::optional<uint64_t>> ParseWeight(const JsonView& view) {
  MAYFLY_ASSIGN(const auto weight, view.Uint());
  if (!weight || *weight == 0) {
    return std::nullopt;
  }
  if (*weight < 10 || *weight > 1000) {
    return view.Fail("must be from 10 to 1000");
  }
  return weight;
}

Result<void> ParseBlockIo(const JsonView& view, BlockIo* out) {
  MAYFLY_ASSIGN(out->weight, ParseWeight(view["weight"]));
  MAYFLY_ASSIGN(out->leaf_weight, ParseWeight(view["leafWeight"]));
  const JsonView weights = view["weightDevice"];
  MAYFLY_ASSIGN(out->device_weights, ParsePerDevice(weights, "weight"));
  MAYFLY_ASSIGN(out->device_leaf_weights, ParsePerDevice(weights, "leafWeight"));
  MAYFLY_ASSIGN(out->read_bytes_per_second, ParsePerDevice(view["throttleReadBpsDevice"], "rate"));
  MAYFLY_ASSIGN(out->write_bytes_per_second,
                ParsePerDevice(view["throttleWriteBpsDevice"], "rate"));
  MAYFLY_ASSIGN(out->reads_per_second, ParsePerDevice(view["throttleReadIOPSDevice"], "rate"));
  MAYFLY_ASSIGN(out->writes_per_second, ParsePerDevice(view["throttleWriteIOPSDevice"], "rate"));
  return {};
}

// "2MB", "1GB": digits and a unit, the part of a file's name.
Result<void> ParseHugepages(const JsonView& view, Resources* out) {
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(const auto size, item["pageSize"].String());
    const std::string word = size.value_or("");
    const size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
    const std::string unit = word.substr(digits);
    if (digits == 0 || (unit != "KB" && unit != "MB" && unit != "GB")) {
      return item["pageSize"].Fail("expected a size such as 2MB");
    }
    MAYFLY_ASSIGN(const auto limit, item["limit"].Uint());
    if (!limit) {
      return item["limit"].Fail("missing");
    }
    out->hugepage_limits.push_back({word, *limit});
  }
  return {};
}

Result<void> ParseNetwork(const JsonView& view, Resources* out) {
  MAYFLY_ASSIGN(const auto class_id, view["classID"].Uint());
  if (class_id.value_or(0) > UINT32_MAX) {
    return view["classID"].Fail("larger than 32 bits");
  }
  if (class_id.value_or(0) != 0) {
    out->network_class_id = class_id;
  }
  MAYFLY_ASSIGN(const auto priorities, view["priorities"].Items());
  for (const JsonView& item : priorities) {
    MAYFLY_ASSIGN(const auto name, item["name"].String());
    MAYFLY_ASSIGN(const auto priority, item["priority"].Uint());
    if (!IsOneWord(name.value_or(""))) {
      return item["name"].Fail("expected an interface's name");
    }
    out->network_priorities[*name] = priority.value_or(0);
  }
  return {};
}

Result<void> ParseRdma(const JsonView& view, Resources* out) {
  MAYFLY_ASSIGN(const auto members, view.Members());
  for (const auto& [device, value] : members) {
    if (!IsOneWord(device)) {
      return value.Fail("expected a device's name");
    }
    RdmaLimit limit;
    MAYFLY_ASSIGN(limit.handles, value["hcaHandles"].Uint());
    MAYFLY_ASSIGN(limit.objects, value["hcaObjects"].Uint());
    if (limit.handles || limit.objects) {
      out->rdma[device] = limit;
    }
  }
  return {};
}

}  // namespace

Result<void> ParseDeviceLimits(const JsonView& view, Resources* out) {
  MAYFLY_TRY(ParseBlockIo(view["blockIO"], &out->block_io));
  MAYFLY_TRY(ParseHugepages(view["hugepageLimits"], out));
  MAYFLY_TRY(ParseNetwork(view["network"], out));
  return ParseRdma(view["rdma"], out);
}

}  // namespace mayfly::oci
