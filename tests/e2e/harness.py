"""Starts real Sluice processes on free loopback ports, and steers and stops them.

Standard library only. Everything started here is stopped again, also when a test fails.
"""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import tempfile
import time

TOKEN = "e2e-operator-token-0123456789"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_ports(count):
    """The first of so many free ports in a row: the sandbox takes those after its own for what does not speak HTTP. Below
    those that the kernel gives to outgoing connections, or one of them could be in the way a moment later."""
    while True:
        first = random.randrange(20000, 32000, 8)
        try:
            with contextlib.ExitStack() as probes:
                for port in range(first, first + count):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


class Failed(AssertionError):
    pass


def require(condition, message):
    if not condition:
        raise Failed(message)


def wait_until(condition, what, seconds=60):
    """Polls until `condition()` is true. The bound only ends a test that can no longer pass."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise Failed(f"gave up waiting until {what}")


def call(port, method, path, body=None, headers=None, timeout=30, tls=False):
    if tls:  # the sandbox's control API, also while it shows a certificate that no client should take
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout,
                                                 context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, data
    finally:
        connection.close()


class Namespace:
    """A mount namespace of its own for a node under test: with a hosts file and name servers that a test may change, and a small
    disk that a test may fill. Nothing outside of it notices. `available()` says why not, where there can be none."""

    DISK = "/mnt"

    def __init__(self, folder, disk_bytes):
        self.hosts = os.path.join(folder, "hosts")
        resolver = os.path.join(folder, "resolv.conf")
        self.name_is_known(True)
        with open(resolver, "w") as file:
            file.write("nameserver 127.0.0.1\noptions attempts:1 timeout:1\n")  # where nobody answers
        script = (f"mount --bind {self.hosts} /etc/hosts && mount --bind {resolver} /etc/resolv.conf && "
                  f"mount -t tmpfs -o size={disk_bytes} tmpfs {self.DISK} && echo ready && exec sleep infinity")
        self.holder = subprocess.Popen(["unshare", *self._how(), "sh", "-c", script], stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
        line = self.holder.stdout.readline()
        if line.strip() != "ready":
            self.close()
            raise Failed(f"no mount namespace: {line.strip()}")

    @staticmethod
    def _how():
        return ["--mount"] if os.getuid() == 0 else ["--user", "--map-root-user", "--mount"]

    @staticmethod
    def why_not():
        """None when namespaces can be had."""
        with tempfile.TemporaryDirectory(prefix="sluice-e2e-") as folder:
            try:
                Namespace(folder, "1m").close()
                return None
            except (Failed, OSError) as error:
                return str(error)

    def command(self):
        enter = ["nsenter", "--target", str(self.holder.pid), "--mount"]
        return enter if os.getuid() == 0 else [*enter, "--user", "--preserve-credentials"]

    def path(self, inside):
        return f"/proc/{self.holder.pid}/root{inside}"

    def name_is_known(self, known, address="127.0.0.1"):
        with open(self.hosts, "w") as file:  # the same file: a mount is of the file, not of its name
            file.write(f"{address} localhost\n" if known else "\n")

    def fill_disk(self):
        with open(self.path(self.DISK + "/filler"), "ab", buffering=0) as file:
            block = b"\0" * (1 << 20)
            while block:
                try:
                    file.write(block)
                except OSError:
                    block = block[:len(block) // 2]

    def make_room(self):
        try:
            os.unlink(self.path(self.DISK + "/filler"))
        except FileNotFoundError:
            pass

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


class Process:
    """A sluice subcommand; its output goes to a file that is shown when something fails."""

    def __init__(self, binary, arguments, log_path, environment=None, prefix=()):
        self.log_path = log_path
        self.log = open(log_path, "ab")
        env = dict(os.environ, **(environment or {}))
        self.popen = subprocess.Popen([*prefix, os.path.abspath(binary), *arguments], stdout=self.log, stderr=self.log, env=env)

    def kill(self, how=signal.SIGKILL):
        if self.popen.poll() is None:
            self.popen.send_signal(how)
        self.popen.wait()
        self.log.close()
        self._no_sanitizer_spoke()
        return self.popen.returncode

    def _no_sanitizer_spoke(self):
        """One that is killed, or whose end nobody asks about, must not take such a report with it."""
        with open(self.log_path, "rb") as file:
            for line in file:
                if any(word in line for word in (b"Sanitizer", b"runtime error:")):
                    raise Failed(f"{self.log_path} has: {(line + file.read(6000)).decode(errors='replace')}")

    def alive(self):
        return self.popen.poll() is None


class Sandbox:
    def __init__(self, binary, folder, arguments=(), tls=False):
        self.port, self.tls = free_ports(4), tls
        self.ca_file = os.path.join(folder, "sandbox-ca.pem") if tls else ""
        if tls:
            arguments = [*arguments, "--tls", "--certificate", self.ca_file]
        self.process = Process(binary, ["sandbox", "--listen", f"127.0.0.1:{self.port}", *arguments],
                               os.path.join(folder, "sandbox.log"))
        wait_until(self._up, "the sandbox answers")

    def control(self, method, path, body=None):
        return call(self.port, method, "/_sandbox/" + path, body, {"Content-Type": "application/json"}, tls=self.tls)

    def change(self, method, path, body=None):
        status, data = self.control(method, path, body)
        require(status // 100 == 2, f"the sandbox refused {method} {path}: {status} {data}")

    def _up(self):
        require(self.process.alive(), "the sandbox ended at start")
        try:
            return self.control("GET", "received?limit=1")[0] == 200
        except OSError:
            return False

    def faults(self, rules, seed=1):
        self.change("PUT", "faults", json.dumps({"seed": seed, "rules": rules}))

    def listeners(self):
        """What is on a port of its own: name and URL."""
        return {each["name"]: each["url"] for each in json.loads(self.control("GET", "listeners")[1])["listeners"]}

    def received(self, since=0):
        """Everything accepted after item `since`, in order of acceptance."""
        out = []
        while True:
            status, data = self.control("GET", f"received?since={since}&limit=5000")
            require(status == 200, f"the sandbox answered {status}: {data[:200]}")
            page = json.loads(data)
            require(page["oldest"] <= since + 1, "the sandbox had to make room: this load is too large to be judged")
            items = page["items"]
            if not items:
                return out
            out.extend(items)
            since = items[-1]["number"]

    def stop(self):
        self.process.kill(signal.SIGTERM)


class Sluice:
    """`sluice serve` over one data folder, that can be killed and started again."""

    def __init__(self, binary, folder, integrations, extra=None, namespace=None):
        self.binary, self.folder, self.namespace = binary, folder, namespace
        self.port = free_port()
        self.config = os.path.join(folder, "sluice.yaml")
        self.data_dir = Namespace.DISK + "/data" if namespace else os.path.join(folder, "data")
        settings = {"listen": f"127.0.0.1:{self.port}", "data_dir": self.data_dir, "min_free_disk": "1MiB",
                    "integrations": integrations, **(extra or {})}
        with open(self.config, "w") as file:
            json.dump(settings, file)  # JSON is YAML
        self.process = None
        self.coming_back = False

    def start(self, environment=None, wait=True):
        self.process = Process(self.binary, ["serve", "--config", self.config], os.path.join(self.folder, "sluice.log"),
                               {"SLUICE_ADMIN_TOKEN": TOKEN, **(environment or {})},
                               self.namespace.command() if self.namespace else ())
        if wait:
            wait_until(self._up, "sluice is ready")
        return self

    def expected_up(self):
        """False when it has ended, and nobody is about to start it again."""
        return self.coming_back or self.process.alive()

    def _up(self):
        if not self.process.alive():
            raise Failed("sluice ended at start:\n" + self.log_tail())
        try:
            return call(self.port, "GET", "/healthz")[0] == 200  # not /readyz: a disk may be full on purpose
        except OSError:
            return False

    def log_tail(self):
        with open(os.path.join(self.folder, "sluice.log"), "rb") as file:
            return file.read()[-4000:].decode(errors="replace")

    def api(self, method, path, body=None, headers=None):
        status, data = call(self.port, method, path, body, {"Authorization": f"Bearer {TOKEN}", **(headers or {})})
        return status, json.loads(data) if data else None

    def stats(self, integration):
        status, data = self.api("GET", f"/v1/integrations/{integration}")
        require(status == 200, f"{integration}: {status} {data}")
        return data["stats"], data

    def kill(self):
        self.process.kill()

    def stop(self):
        code = self.process.kill(signal.SIGTERM)
        if code != 0:
            raise Failed(f"sluice ended with {code} on SIGTERM:\n{self.log_tail()}")


def check_ledger(stats, name):
    settled = stats["delivered"] + stats["dead_lettered"] + stats["discarded"] + stats["lost"] + stats["pending"]
    require(stats["matched"] == settled, f"{name}: the ledger does not add up: {stats}")


class Folder:
    """A temporary folder; kept, and named, when the test in it fails."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="sluice-e2e-")
        return self.path

    def __exit__(self, kind, value, trace):
        if kind is None:
            subprocess.run(["rm", "-rf", self.path], check=False)
        else:
            print(f"kept for a look: {self.path}", flush=True)
