"""A containerd with CRI for tests: its configuration, and a pod network without the host's firewall."""

import json

_CONTAINERD = """version = 2
root = "{root}/containerd-root"
state = "{root}/containerd-state"
[grpc]
  address = "{root}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{root}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "{handler}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.mayfly]
      runtime_type = "io.containerd.mayfly.v1"
      container_annotations = ["dev.mayfly.*"]
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
"""


def configure(root, pause, handler):
    """Writes what containerd and its network plugins read below `root`; containerd's file."""
    (root / "cni").mkdir()
    (root / "cni/pods.conflist").write_text(json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [
        {"type": "ptp", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.99.0.0/24"}]], "dataDir": f"{root}/ipam"}}]}))
    config = root / "containerd.toml"
    config.write_text(_CONTAINERD.format(root=root, pause=pause, handler=handler))
    return config
