"""Runs a program under the unit's SystemCallFilter, without systemd: system_calls.py UNIT COMMAND…

The groups of calls are those that systemd-analyze names; libseccomp, which systemd uses too, loads them."""

import ctypes
import errno
import os
import re
import subprocess
import sys

ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | errno.EPERM


def members(group):
    listed = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", group], capture_output=True, text=True, check=True)
    out = set()
    for line in listed.stdout.splitlines():
        name = line.strip()
        if name == group or not name or name.startswith("#"):
            continue
        out |= members(name) if name.startswith("@") else {name}
    return out


def allowed_by(unit):
    allowed = set()
    with open(unit) as file:
        filters = re.findall(r"^SystemCallFilter=(.*)$", file.read(), re.MULTILINE)
    for each in filters:
        names = set().union(*(members(name) for name in each.lstrip("~").split()))
        allowed = allowed - names if each.startswith("~") else allowed | names
    # Of these it is the dynamic loader and the C library that cannot do without; systemd adds them to every list.
    return allowed | members("@default")


def load(names):
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    seccomp.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
    seccomp.seccomp_load.argtypes = [ctypes.c_void_p]
    context = seccomp.seccomp_init(REFUSE)
    for name in names:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # others are those of other architectures
            seccomp.seccomp_rule_add(context, ALLOW, number, 0)
    if seccomp.seccomp_load(context) != 0:
        sys.exit("the filter could not be loaded")


if __name__ == "__main__":
    load(allowed_by(sys.argv[1]))
    # Refused from here on, as in the unit: what @resources has, which anybody may do otherwise.
    try:
        os.sched_setaffinity(0, os.sched_getaffinity(0))
        sys.exit("the filter refuses nothing")
    except PermissionError:
        pass
    os.execv(sys.argv[2], sys.argv[2:])
