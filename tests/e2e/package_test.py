"""The Debian package: made twice with the same bytes, unpacked into an empty root, and what is in it works.

package_test.py BINARY BUILD_FOLDER. With --chroot it is installed with dpkg into a fresh Debian made by debootstrap, which needs root
and a package archive."""

import os
import re
import shutil
import subprocess
import sys

from harness import Folder, Sluice, require

BUILD = os.path.abspath(sys.argv[2])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    require(done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(folder):
    environment = dict(os.environ, SOURCE_DATE_EPOCH="1700000000")
    return run(os.path.join(ROOT, "scripts/package"), BUILD, folder, env=environment).splitlines()[-1]


def check_contents(package, root):
    fields = run("dpkg-deb", "--field", package)
    print(fields)
    for library in ("libssl3", "librdkafka1", "libgrpc++1.51", "libc6", "adduser"):
        require(library in fields, f"{library} is not among what it depends on")
    require(run("dpkg-deb", "--info", package, "conffiles").strip() == "/etc/sluice/sluice.yaml", "the configuration is no conffile")
    for script in ("postinst", "prerm", "postrm"):
        run("sh", "-n", "/dev/stdin", input=run("dpkg-deb", "--info", package, script))
    for path in ("usr/bin/sluice", "etc/sluice/sluice.yaml", "usr/lib/systemd/system/sluice.service",
                 "usr/share/doc/sluice/copyright", "usr/share/doc/sluice/changelog.gz", "usr/share/doc/sluice/operating.md",
                 "usr/share/bash-completion/completions/sluice", "usr/share/zsh/vendor-completions/_sluice"):
        require(os.path.isfile(os.path.join(root, path)), f"{path} is not in the package")
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)
            writable = os.stat(path).st_mode & 0o022
            require(not writable, f"{path} can be written by others")
    with open(os.path.join(root, "usr/lib/systemd/system/sluice.service")) as file:
        unit = file.read()
    require("ExecStart=/usr/bin/sluice serve --config /etc/sluice/sluice.yaml" in unit, f"the unit starts something else:\n{unit}")
    run("md5sum", "--check", "--quiet", "/dev/stdin", cwd=root, input=run("dpkg-deb", "--info", package, "md5sums"))


def check_it_works(root, folder):
    binary = os.path.join(root, "usr/bin/sluice")
    config = os.path.join(root, "etc/sluice/sluice.yaml")
    print(run(binary, "check", "--config", config).strip())
    node = Sluice(binary, folder, []).start()
    environment = dict(os.environ, SLUICE_URL=f"http://127.0.0.1:{node.port}")
    require(run(binary, "health", env=environment) == "ready\n", "it is not well")
    node.stop()


def complete(root, *words):
    """What bash offers after these words; the last is being typed."""
    script = f"""
source {root}/usr/share/bash-completion/completions/sluice
COMP_WORDS=({' '.join(f"'{word}'" for word in words)})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_sluice
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    return run("bash", "-c", script).split()


def check_completions(root):
    require("integrations" in complete(root, "sluice", "int"), "integrations is not offered")
    require(set(complete(root, "sluice", "alerts", "")) >= {"list", "create", "test"}, "what alerts takes is not offered")
    require("--rectype" in complete(root, "sluice", "dead-letters", "list", "--rec"), "options are not offered")
    require("completion" not in complete(root, "sluice", ""), "what is hidden is offered")
    if shutil.which("zsh"):
        run("zsh", "-n", f"{root}/usr/share/zsh/vendor-completions/_sluice")


def check_prefix(folder):
    """Any other prefix keeps everything to itself, and a second installation leaves the configuration alone."""
    prefix = os.path.join(folder, "local")
    run("cmake", "--install", BUILD, "--prefix", prefix)
    config = os.path.join(prefix, "etc/sluice/sluice.yaml")
    with open(config, "a") as file:
        file.write("# mine\n")
    run("cmake", "--install", BUILD, "--prefix", prefix)
    with open(config) as file:
        require(file.read().endswith("# mine\n"), "a second installation overwrote the configuration")
    with open(os.path.join(prefix, "lib/systemd/system/sluice.service")) as file:
        require(f"ExecStart={prefix}/bin/sluice serve --config {config}" in file.read(), "the unit names another prefix")
    print(run(os.path.join(prefix, "bin/sluice"), "version").strip())


def check_in_chroot(package, folder):
    """Installed with its dependencies, started, upgraded, removed, purged."""
    root = os.path.join(folder, "debian")
    source = run("sh", "-c", "cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true")
    mirror = re.search(r"https?://\S+?debian/?(?=\s)", source)
    command = ["debootstrap", "--variant=minbase", "bookworm", root]
    run(*command, *([mirror.group(0)] if mirror else []))
    for path in ("/etc/apt", "/etc/resolv.conf"):
        run("cp", "-a", "--", path, os.path.dirname(root + path))
    shutil.copy(package, root + "/sluice.deb")
    inside = lambda *words: run("chroot", root, *words, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})
    inside("apt-get", "update", "-qq")
    print(inside("apt-get", "install", "-y", "-qq", "--no-install-recommends", "/sluice.deb")[-600:])
    print(inside("sluice", "version").strip())
    require(inside("stat", "-c", "%U:%G %a", "/etc/sluice/sluice.yaml").strip() == "root:sluice 640", "others may read the configuration")
    inside("install", "-d", "-o", "sluice", "-g", "sluice", "/var/lib/sluice")
    inside("su", "-s", "/bin/sh", "sluice", "-c", "sluice check --config /etc/sluice/sluice.yaml")
    inside("sh", "-c", "echo '# mine' >> /etc/sluice/sluice.yaml")
    inside("apt-get", "install", "-y", "-qq", "--reinstall", "/sluice.deb")
    require("# mine" in inside("cat", "/etc/sluice/sluice.yaml"), "an upgrade overwrote the configuration")
    inside("apt-get", "purge", "-y", "-qq", "sluice")
    require(not os.path.exists(root + "/etc/sluice"), "a purge left the configuration")
    require(os.path.isdir(root + "/var/lib/sluice"), "a purge took the data")


with Folder() as place:
    first = build(place)
    second = build(os.path.join(place, "again"))
    with open(first, "rb") as one, open(second, "rb") as other:
        require(one.read() == other.read(), "the same binary gave two packages")
    print(f"{os.path.basename(first)}: {os.path.getsize(first) >> 10} KiB, the same bytes twice")
    unpacked = os.path.join(place, "root")
    run("dpkg-deb", "--extract", first, unpacked)
    check_contents(first, unpacked)
    check_it_works(unpacked, place)
    check_completions(unpacked)
    check_prefix(place)
    if "--chroot" in sys.argv:
        if os.getuid() != 0 or shutil.which("debootstrap") is None:
            print("SKIPPED: a chroot needs root and debootstrap")
            sys.exit(77)
        check_in_chroot(first, place)
