"""Sluice as a service: what it tells systemd over sd_notify through its life, that the unit is sound, and that a hung process is not
kept alive by it."""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from harness import Folder, Sluice, call, require, wait_until

BINARY = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# One that any user may run.
SYSTEM_PYTHON = shutil.which("python3", path="/usr/bin:/bin")


class Notifications:
    """The socket that systemd would listen on."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(60)

    def next(self):
        text = self.socket.recv(4096).decode()
        return dict(line.split("=", 1) for line in text.split("\n"))

    def until(self, name):
        seen = []
        while True:
            message = self.next()
            seen.append(message)
            if name in message:
                return message, seen

    def silent_for(self, seconds):
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(4096)
        except TimeoutError:
            return None
        finally:
            self.socket.settimeout(60)

    def drain(self):
        while self.silent_for(0.01):
            pass


def a_services_life(folder):
    notifications = Notifications(folder)
    node = Sluice(BINARY, folder, [])
    node.start({"NOTIFY_SOCKET": notifications.path, "WATCHDOG_USEC": "600000"}, wait=False)
    ready, before = notifications.until("READY")
    pid = node.process.popen.pid
    require(ready["MAINPID"] == str(pid), f"MAINPID is not the process: {ready}")
    require(f"127.0.0.1:{node.port}" in ready["STATUS"], f"the status does not say where it listens: {ready}")
    require(before[0].get("STATUS"), "nothing was said while it started")
    require(call(node.port, "GET", "/readyz")[0] == 200, "it said that it is ready, and is not")
    print(f"ready: {ready['STATUS']}")

    for _ in range(3):
        notifications.until("WATCHDOG")
    os.kill(pid, signal.SIGSTOP)
    notifications.drain()
    require(notifications.silent_for(1.2) is None, "a stopped process fed the watchdog")
    os.kill(pid, signal.SIGCONT)
    notifications.until("WATCHDOG")

    os.kill(pid, signal.SIGHUP)
    reloading, _ = notifications.until("RELOADING")
    require(int(reloading["MONOTONIC_USEC"]) > 0, f"no time of the reload: {reloading}")
    ready, _ = notifications.until("READY")
    require("reloaded" in ready["STATUS"], f"the reload is not told: {ready}")
    with open(node.config, "w") as file:
        file.write("listn: 1\n")
    os.kill(pid, signal.SIGHUP)
    ready, _ = notifications.until("READY")
    require("listn" in ready["STATUS"], f"why it did not reload is not told: {ready}")
    print(f"a bad reload: {ready['STATUS']}")

    os.kill(pid, signal.SIGTERM)
    stopping, _ = notifications.until("STOPPING")
    require(node.process.popen.wait() == 0, "it did not end well")
    print(f"stopping: {stopping['STATUS']}")


def without_a_service_manager(folder):
    node = Sluice(BINARY, folder, []).start({"NOTIFY_SOCKET": os.path.join(folder, "nobody")})
    node.stop()


def installed_unit(folder):
    """The unit as cmake --install makes it, its binary this one, its user one that is here."""
    with open(os.path.join(ROOT, "deploy/systemd/sluice.service.in")) as file:
        text = file.read()
    config = os.path.join(folder, "unit.yaml")
    shutil.copy(os.path.join(ROOT, "deploy/sluice.yaml"), config)
    for name, value in {"SLUICE_BINARY": BINARY, "SLUICE_CONFIG": config, "SLUICE_CONFIG_DIR": folder, "SLUICE_DOC_DIR": folder}.items():
        text = text.replace(f"@{name}@", value)
    require("@SLUICE" not in text, "the unit has names that nobody fills in")
    unit = os.path.join(folder, "sluice.service")
    with open(unit, "w") as file:
        file.write(text)
    open(os.path.join(folder, "operating.md"), "w").close()
    return unit


def the_unit_is_sound(folder):
    if shutil.which("systemd-analyze") is None:
        print("SKIPPED: systemd-analyze is not installed")
        return
    unit = installed_unit(folder)
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    complaints = [line for line in (verified.stdout + verified.stderr).splitlines() if "sluice.service" in line]
    require(verified.returncode == 0 and not complaints, f"systemd does not like the unit: {verified.stderr}")
    # 0 is locked up, 10 is wide open; a service with a network cannot come much below 1.
    rated = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit], capture_output=True, text=True)
    level = re.search(r"Overall exposure level for [^:]*: (.*)", rated.stdout)
    require(rated.returncode == 0, f"the unit is too open:\n{rated.stdout}{rated.stderr}")
    print(f"exposure level: {level.group(1) if level else '?'}")


def can_filter_calls():
    if shutil.which("systemd-analyze") is None or SYSTEM_PYTHON is None:
        return False
    try:
        ctypes.CDLL("libseccomp.so.2")
        return True
    except OSError:
        return False


def as_an_unprivileged_user(folder):
    """Under nobody, in a folder of its own, without a capability, and with the system calls that the unit leaves it: it needs no
    more, to serve, to store, to deliver."""
    if os.getuid() != 0:
        print("it runs as an unprivileged user anyway")
        return
    home = tempfile.mkdtemp(prefix="sluice-user-")
    try:
        os.chmod(home, 0o755)
        binary = shutil.copy(BINARY, os.path.join(home, "sluice"))
        data = os.path.join(home, "data")
        os.mkdir(data, 0o700)
        os.chown(data, 65534, 65534)
        node = Sluice(binary, home, [])
        os.chmod(node.config, 0o644)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
        if shutil.which("setpriv") is None:
            print("SKIPPED: setpriv is not installed")
            return
        if can_filter_calls():
            # A copy: the sources may lie where nobody else may look.
            program = shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "system_calls.py"), home)
            command += [SYSTEM_PYTHON, program, installed_unit(home)]
        else:
            print("SKIPPED: its system calls are not filtered, since systemd-analyze or libseccomp is not installed")
        # What a file takes is written as this user, too.
        events = {"id": "events", "filter": {"recTypes": ["io.**"]}, "start": "oldest",
                  "destination": {"type": "file", "path": os.path.join(data, "events.ndjson")}}
        with open(node.config) as file:
            settings = json.load(file)
        with open(node.config, "w") as file:
            json.dump(settings | {"integrations": [events]}, file)
        node.namespace = type("Rights", (), {"command": staticmethod(lambda: command)})()
        node.start()
        status, _ = node.api("POST", "/share/io.example.room", '{"n":1}', {"Content-Type": "application/json"})
        require(status == 201, f"a write was answered {status}")
        wait_until(lambda: node.stats("events")[0]["delivered"] == 1, "the event is delivered")
        with open(f"/proc/{node.process.popen.pid}/status") as file:
            capabilities = re.search(r"CapEff:\s*(\w+)", file.read()).group(1)
        require(int(capabilities, 16) == 0, f"it has capabilities: {capabilities}")
        require("running as root" not in node.log_tail(), "it takes nobody for root")
        node.stop()
    finally:
        shutil.rmtree(home)


for test in (a_services_life, without_a_service_manager, the_unit_is_sound, as_an_unprivileged_user):
    with Folder() as place:
        print(f"==> {test.__name__}", flush=True)
        test(place)
