#include "isolate/net_devices.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <set>
#include <vector>

#include "base/file.h"
#include "base/unique_fd.h"

namespace mayfly::isolate {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

// One request: a header, the fixed part of its type, attributes.
class Request {
 public:
  template <typename Fixed>
  Request(uint16_t type, uint16_t flags, const Fixed& fixed) {
    header_.nlmsg_type = type;
    header_.nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST);
    Append(&fixed, sizeof fixed);
  }
  void Add(uint16_t type, const void* data, size_t size) {
    const rtattr attribute{.rta_len = static_cast<uint16_t>(RTA_LENGTH(size)), .rta_type = type};
    Append(&attribute, sizeof attribute);
    Append(data, size);
  }
  std::string Bytes() const {
    nlmsghdr header = header_;
    header.nlmsg_len = static_cast<uint32_t>(sizeof header + payload_.size());
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload_;
  }

 private:
  void Append(const void* data, size_t size) {
    payload_.append(static_cast<const char*>(data), size);
    payload_.resize(NLMSG_ALIGN(payload_.size()));
  }
  nlmsghdr header_{};
  std::string payload_;
};

using EachAnswer = std::function<void(const nlmsghdr*)>;

// Sends a request and reads until the kernel says that it is done; errno says why not.
bool Ask(int socket, const Request& request, const EachAnswer& each = {}) {
  const std::string bytes = request.Bytes();
  if (::send(socket, bytes.data(), bytes.size(), 0) < 0) {
    return false;
  }
  alignas(nlmsghdr) char buffer[32768];
  while (true) {
    const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
    if (got < 0) {
      return false;
    }
    auto left = static_cast<uint32_t>(got);
    for (const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(answer, left);
         answer = NLMSG_NEXT(answer, left)) {
      if (answer->nlmsg_type == NLMSG_DONE) {
        return true;
      }
      if (answer->nlmsg_type == NLMSG_ERROR) {
        errno = -static_cast<const nlmsgerr*>(NLMSG_DATA(answer))->error;
        return errno == 0;
      }
      if (each) {
        each(answer);
      }
    }
  }
}

UniqueFd OpenSocket() {
  return UniqueFd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

// Attributes of an address that say what it is; its label and its remaining time are not among
// them.
constexpr uint16_t kKept[] = {IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_FLAGS, IFA_RT_PRIORITY};

struct Address {
  ifaddrmsg fixed;
  std::vector<std::pair<uint16_t, std::string>> attributes;
};

void TakeAddress(const nlmsghdr* answer, unsigned int index, std::vector<Address>* addresses) {
  if (answer->nlmsg_type != RTM_NEWADDR) {
    return;
  }
  Address address{};
  auto* fixed = static_cast<const ifaddrmsg*>(NLMSG_DATA(answer));
  std::memcpy(&address.fixed, fixed, sizeof address.fixed);
  if (fixed->ifa_index != index || fixed->ifa_scope != RT_SCOPE_UNIVERSE) {
    return;
  }
  uint32_t flags = fixed->ifa_flags;
  auto left = static_cast<unsigned int>(IFA_PAYLOAD(answer));
  for (const rtattr* attribute = IFA_RTA(fixed); RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left)) {
    const std::string value(static_cast<const char*>(RTA_DATA(attribute)), RTA_PAYLOAD(attribute));
    for (const uint16_t kept : kKept) {
      if (attribute->rta_type == kept) {
        address.attributes.emplace_back(kept, value);
      }
    }
    if (attribute->rta_type == IFA_FLAGS && value.size() == sizeof flags) {
      std::memcpy(&flags, value.data(), sizeof flags);
    }
  }
  if ((flags & IFA_F_PERMANENT) != 0) {
    addresses->push_back(std::move(address));
  }
}

std::set<unsigned int> AllIndexes() {
  std::set<unsigned int> indexes;
  struct if_nameindex* names = ::if_nameindex();
  for (const struct if_nameindex* name = names; name != nullptr && name->if_index != 0; ++name) {
    indexes.insert(name->if_index);
  }
  ::if_freenameindex(names);
  return indexes;
}

ifinfomsg Device(unsigned int index, unsigned int flags) {
  ifinfomsg device{};
  device.ifi_family = AF_UNSPEC;
  device.ifi_index = static_cast<int>(index);
  device.ifi_flags = flags;
  device.ifi_change = flags;
  return device;
}

Result<void> Move(int here, unsigned int index, const std::string& name, int network_namespace) {
  Request request(RTM_NEWLINK, NLM_F_ACK, Device(index, 0));
  const auto descriptor = static_cast<uint32_t>(network_namespace);
  request.Add(IFLA_NET_NS_FD, &descriptor, sizeof descriptor);
  request.Add(IFLA_IFNAME, name.c_str(), name.size() + 1);
  if (Ask(here, request)) {
    return {};
  }
  if (errno == EEXIST) {
    return Fail(ErrorKind::kInvalid, "the container's network namespace has a {} already", name);
  }
  return FailErrno("move it into the container's network namespace");
}

Result<void> Equip(int there, unsigned int index, const std::vector<Address>& addresses) {
  for (const Address& address : addresses) {
    ifaddrmsg fixed = address.fixed;
    fixed.ifa_index = index;
    Request request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, fixed);
    for (const auto& [type, value] : address.attributes) {
      request.Add(type, value.data(), value.size());
    }
    if (!Ask(there, request)) {
      return FailErrno("give it its address");
    }
  }
  const Request up(RTM_NEWLINK, NLM_F_ACK, Device(index, IFF_UP));
  return Ask(there, up) ? Result<void>() : FailErrno("bring it up");
}

// Calls `visit` while this process is in the namespace.
Result<void> Inside(int network_namespace, const std::function<Result<void>()>& visit) {
  MAYFLY_ASSIGN(const UniqueFd own, base::Open("/proc/self/ns/net", O_RDONLY));
  if (::setns(network_namespace, CLONE_NEWNET) != 0) {
    return FailErrno("enter the container's network namespace");
  }
  auto visited = visit();
  if (::setns(own.get(), CLONE_NEWNET) != 0) {
    return FailErrno("return to the runtime's network namespace");
  }
  return visited;
}

Result<void> MoveOne(const std::string& name, const std::string& new_name, int network_namespace) {
  const UniqueFd here = OpenSocket();
  if (!here.valid()) {
    return FailErrno("open a netlink socket");
  }
  const unsigned int index = ::if_nametoindex(name.c_str());
  if (index == 0) {
    return Fail(ErrorKind::kNotFound, "the host has no such device");
  }
  std::vector<Address> addresses;
  if (!Ask(here.get(),
           Request(RTM_GETADDR, NLM_F_DUMP,
                   ifaddrmsg{.ifa_family = AF_UNSPEC,
                             .ifa_prefixlen = 0,
                             .ifa_flags = 0,
                             .ifa_scope = 0,
                             .ifa_index = 0}),
           [&](const nlmsghdr* answer) { TakeAddress(answer, index, &addresses); })) {
    return FailErrno("read its addresses");
  }
  return Inside(network_namespace, [&]() -> Result<void> {
    const UniqueFd there = OpenSocket();
    if (!there.valid()) {
      return FailErrno("open a netlink socket in the container's network namespace");
    }
    const std::set<unsigned int> before = AllIndexes();
    MAYFLY_TRY(Move(here.get(), index, new_name, network_namespace));
    for (const unsigned int now : AllIndexes()) {
      if (!before.contains(now)) {
        return Equip(there.get(), now, addresses);
      }
    }
    return Fail(ErrorKind::kSystem, "it did not arrive in the container's network namespace");
  });
}

}  // namespace

Result<void> MoveNetDevices(const std::map<std::string, std::string>& devices,
                            int network_namespace) {
  for (const auto& [name, new_name] : devices) {
    MAYFLY_TRY_AS(MoveOne(name, new_name, network_namespace), "linux.netDevices.{}", name);
  }
  return {};
}

}  // namespace mayfly::isolate
