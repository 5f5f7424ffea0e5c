"""The two image bases, made from Debian packages: `debian` and `distroless`.

debian      what the public Debian image holds: the essential packages and apt (mmdebstrap, minbase).
distroless  the packages of a C++ "distroless" image, unpacked only: C and C++ run-time libraries, OpenSSL,
            certificates, time zones, users; no shell, no package manager, no manual pages.

Both come from one run of mmdebstrap, so from one state of the archive, and of the release whose C library
this machine builds against: a dynamic program built here finds the symbols it needs. They are made once
and kept in the cache, keyed by the release and this recipe; packages.txt beside a layer names what is
in it. Delete the cache's folder to take newer packages.

Sources: mmdebstrap(1); the package list of Google's distroless cc image; debuerreotype's clean-up.
"""

import glob
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile

import oci_archive

# The C library of each release (its GNU_LIBC_VERSION), the packages of the distroless base there, and what
# mmdebstrap needs to be told: bookworm asks for one of two packages to vouch for a merged /usr, and the one
# that it would take by itself brings all of Perl.
_DISTROLESS = ["base-files", "netbase", "tzdata", "ca-certificates",
               "libc6", "libgcc-s1", "libstdc++6", "libgomp1"]
_RELEASES = {
    "glibc 2.36": ("bookworm", _DISTROLESS + ["gcc-12-base", "libssl3"],
                   ["--include=usr-is-merged", "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"]),
    "glibc 2.41": ("trixie", _DISTROLESS + ["gcc-14-base", "libssl3t64", "libzstd1", "zlib1g"],
                   []),
}
_USERS = "root:x:0:0:root:/root:/sbin/nologin\n" \
         "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n" \
         "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
_GROUPS = "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"


class BaseError(Exception):
    """A base cannot be made; the text says why and what to do."""


def ensure(cache):
    """Returns {"debian": Layer, "distroless": Layer}, making them where the cache has none."""
    libc = subprocess.run(["getconf", "GNU_LIBC_VERSION"], capture_output=True, text=True, check=True)
    libc = libc.stdout.strip()
    if libc not in _RELEASES:
        raise BaseError(f"this machine has {libc}, no Debian release known here has it: "
                        "use Debian 12 or 13, or add the release to tools/images/bases.py")
    release, packages, options = _RELEASES[libc]
    with open(__file__, "rb") as recipe, open(oci_archive.__file__, "rb") as writer:
        key = hashlib.sha256(recipe.read() + writer.read()).hexdigest()[:16]
    directory = os.path.join(cache, "images", f"bases-{release}-{key}")
    if not os.path.isdir(directory):
        _make(release, packages, options, directory)
    return {kind: oci_archive.Layer.load_from(os.path.join(directory, kind)) for kind in ("debian", "distroless")}


def _make(release, packages, options, directory):
    print(f"image bases of {release}", flush=True)
    os.makedirs(os.path.dirname(directory), exist_ok=True)
    new = tempfile.mkdtemp(prefix=os.path.basename(directory) + ".", dir=os.path.dirname(directory))
    try:
        debs, tree = os.path.join(new, "debs"), os.path.join(new, "tree")
        os.makedirs(debs)
        root = os.path.join(new, "debian.tar")
        # The hook runs outside the new root with apt set up for it; apt-get's user must reach the folder.
        os.chmod(new, 0o755)
        os.chmod(debs, 0o777)
        _run(["mmdebstrap", "--variant=minbase", "--mode=root", "--architectures=amd64", *options,
              f"--customize-hook=cd '{debs}' && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get download " +
              " ".join(packages),
              "--customize-hook=chroot \"$1\" dpkg-query -W > '" + os.path.join(new, "debian.txt") + "'",
              release, root, *_sources(release)])
        for kind in ("debian", "distroless"):
            os.makedirs(os.path.join(new, kind))
        _finish(new, "debian", _debian_entries(root), os.path.join(new, "debian.txt"))
        names = _unpack(debs, tree)
        _finish(new, "distroless", _distroless_entries(tree), names)
        for leftover in (debs, tree):
            shutil.rmtree(leftover)
        os.remove(root)
        os.rename(new, directory)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _finish(new, kind, entries, package_list):
    directory = os.path.join(new, kind)
    oci_archive.write_layer(os.path.join(directory, "layer.tar.gz"), entries).save_as(directory)
    os.rename(package_list, os.path.join(directory, "packages.txt"))


def _run(command):
    if shutil.which(command[0]) is None:
        raise BaseError(f"{command[0]} is not installed: run ./dev setup")
    # The epoch makes packages write the same dates, such as the last change of a password.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(oci_archive.TIME)}
    code = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, env=environment).returncode
    if code != 0:
        raise BaseError(f"{command[0]} ended with exit code {code} (its messages are above): "
                        "check the network connection and the apt sources, then run this again")


def _sources(release):
    """apt source lines: the mirrors that this machine uses for the release, or Debian's own."""
    lines = []
    for suite, fallback in ((release, "http://deb.debian.org/debian"),
                            (release + "-updates", "http://deb.debian.org/debian"),
                            (release + "-security", "http://deb.debian.org/debian-security")):
        found = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", f"Codename: {suite}"],
                               capture_output=True, text=True, check=False).stdout.split()
        lines.append(f"deb {found[0] if found else fallback} {suite} main")
    return lines


def _debian_entries(root):
    """The entries of mmdebstrap's tar without device nodes, logs, caches and the traces of its making."""
    archive = tarfile.open(root)
    for info in archive:
        name = os.path.normpath(info.name)
        below = name + "/"
        if name == "." or info.isdev() or below.startswith("dev/") and name != "dev":
            continue
        emptied = ("var/cache/apt/", "var/lib/apt/lists/", "var/log/", "var/cache/ldconfig/", "var/cache/debconf/")
        if not info.isdir() and below.startswith(emptied) or name == "etc/apt/sources.list.d/0000main.list":
            continue
        if name in ("etc/hostname", "etc/resolv.conf"):
            continue
        info.name = name
        if info.islnk():
            info.linkname = os.path.normpath(info.linkname)
        yield info, (lambda info=info: archive.extractfile(info).read()) if info.isreg() else b""


def _unpack(debs, tree):
    """Unpacks every package of debs into tree with its dpkg record; returns the path of the list of versions."""
    names = debs + ".txt"
    status = os.path.join(tree, "var/lib/dpkg/status.d")
    os.makedirs(status)
    with open(names, "w", encoding="utf-8") as versions:
        # base-files first: in newer releases it holds the links /lib and /bin that others unpack through.
        for deb in sorted(glob.glob(debs + "/*.deb"), key=lambda p: ("/base-files_" not in p, p)):
            _run(["dpkg-deb", "-x", deb, tree])
            control = subprocess.run(["dpkg-deb", "-f", deb], capture_output=True, text=True, check=True).stdout
            fields = dict(line.split(": ", 1) for line in control.splitlines() if ": " in line[1:])
            versions.write(f"{fields['Package']}\t{fields['Version']}\n")
            with open(os.path.join(status, fields["Package"]), "w", encoding="utf-8") as file:
                file.write(control)
    return names


def _distroless_entries(tree):
    """The entries of the unpacked tree as a distroless image has them."""
    certificates = b"".join(open(path, "rb").read().strip() + b"\n" for path in
                            sorted(glob.glob(tree + "/usr/share/ca-certificates/mozilla/*.crt")))
    made = [
        oci_archive.entry("etc/passwd", mode=0o644, data=_USERS.encode()),
        oci_archive.entry("etc/group", mode=0o644, data=_GROUPS.encode()),
        oci_archive.entry("etc/ssl/certs/ca-certificates.crt", mode=0o644, data=certificates),
        oci_archive.entry("etc/nsswitch.conf", mode=0o644, data=b"hosts: files dns\n"),
        oci_archive.entry("home/nonroot", tarfile.DIRTYPE, 0o700, 65532, 65532),
        oci_archive.entry("root", tarfile.DIRTYPE, 0o700),
        oci_archive.entry("tmp", tarfile.DIRTYPE, 0o1777),
    ]
    seen = {info.name for info, _ in made}
    yield from made
    for folder, folders, files in os.walk(tree):
        for base in folders + files:
            path = os.path.join(folder, base)
            name = os.path.relpath(path, tree)
            if name not in seen and not _dropped(name):
                yield _entry_of(path, name)


def _dropped(name):
    if name.startswith("usr/share/doc/"):
        return not (name.endswith("/copyright") or name.count("/") == 3)
    return (name + "/").startswith((
        "usr/share/man/", "usr/share/locale/", "usr/share/lintian/", "usr/share/ca-certificates/",
        "usr/share/bug/", "usr/share/gcc/", "usr/share/base-files/", "usr/sbin/", "etc/update-motd.d/",
        "usr/share/menu/", "etc/ca-certificates/"))


def _entry_of(path, name):
    status = os.lstat(path)
    mode = status.st_mode & 0o7777
    if os.path.islink(path):
        return oci_archive.entry(name, tarfile.SYMTYPE, 0o777, link=os.readlink(path))
    if os.path.isdir(path):
        return oci_archive.entry(name, tarfile.DIRTYPE, mode)
    with open(path, "rb") as file:
        return oci_archive.entry(name, mode=mode, data=file.read())
