"""Starts real Sluice processes on free loopback ports, writes a keyed load, reads back what the sandbox received, and judges it.

Standard library only. Everything started here is stopped again, also when a test fails.
"""

import collections
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid

ACCESS_KEY = "AKIASLUICESANDBOX000"
SECRET_KEY = "sluice/sandbox+secret/not+for+production"
TOKEN = "e2e-operator-token-0123456789"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


def call(port, method, path, body=None, headers=None, timeout=30):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, data
    finally:
        connection.close()


class Process:
    """A sluice subcommand; its output goes to a file that is shown when something fails."""

    def __init__(self, binary, arguments, log_path, environment=None):
        self.log_path = log_path
        self.log = open(log_path, "ab")
        env = dict(os.environ, **(environment or {}))
        self.popen = subprocess.Popen([binary, *arguments], stdout=self.log, stderr=self.log, env=env)

    def kill(self, how=signal.SIGKILL):
        if self.popen.poll() is None:
            self.popen.send_signal(how)
        self.popen.wait()
        self.log.close()
        return self.popen.returncode

    def alive(self):
        return self.popen.poll() is None


class Sandbox:
    def __init__(self, binary, folder, arguments=()):
        self.port = free_port()
        self.process = Process(binary, ["sandbox", "--listen", f"127.0.0.1:{self.port}", *arguments],
                               os.path.join(folder, "sandbox.log"))
        wait_until(self._up, "the sandbox answers")

    def _up(self):
        require(self.process.alive(), "the sandbox ended at start")
        try:
            return call(self.port, "GET", "/_sandbox/received?limit=1")[0] == 200
        except OSError:
            return False

    def faults(self, rules, seed=1):
        body = json.dumps({"seed": seed, "rules": rules})
        status, data = call(self.port, "PUT", "/_sandbox/faults", body, {"Content-Type": "application/json"})
        require(status // 100 == 2, f"faults were refused: {data}")

    def received(self):
        """Everything accepted so far, in order of acceptance."""
        out, since = [], 0
        while True:
            status, data = call(self.port, "GET", f"/_sandbox/received?since={since}&limit=5000")
            require(status == 200, f"the sandbox answered {status}: {data[:200]}")
            page = json.loads(data)
            require(page["oldest"] == 1, "the sandbox had to make room: this load is too large to be judged")
            items = page["items"]
            if not items:
                return out
            out.extend(items)
            since = items[-1]["number"]

    def stop(self):
        self.process.kill(signal.SIGTERM)


class Sluice:
    """`sluice serve` over one data folder, that can be killed and started again."""

    def __init__(self, binary, folder, integrations, extra=None):
        self.binary, self.folder = binary, folder
        self.port = free_port()
        self.config = os.path.join(folder, "sluice.yaml")
        settings = {"listen": f"127.0.0.1:{self.port}", "data_dir": os.path.join(folder, "data"),
                    "min_free_disk": "1MiB", "integrations": integrations, **(extra or {})}
        with open(self.config, "w") as file:
            json.dump(settings, file)  # JSON is YAML
        self.process = None

    def start(self):
        self.process = Process(self.binary, ["serve", "--config", self.config], os.path.join(self.folder, "sluice.log"),
                               {"SLUICE_ADMIN_TOKEN": TOKEN})
        wait_until(self._up, "sluice is ready")
        return self

    def _up(self):
        require(self.process.alive(), "sluice ended at start:\n" + self.log_tail())
        try:
            return call(self.port, "GET", "/readyz")[0] == 200
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
        require(code == 0, f"sluice ended with {code} on SIGTERM:\n{self.log_tail()}")


def check_ledger(stats, name):
    settled = stats["delivered"] + stats["dead_lettered"] + stats["discarded"] + stats["lost"] + stats["pending"]
    require(stats["matched"] == settled, f"{name}: the ledger does not add up: {stats}")


class Load:
    """Writers that each own some keys and number what they write per key. A write without an answer is repeated under the
    same Idempotency-Key until it has one, so every number is stored exactly once."""

    def __init__(self, sluice, writers=4, keys=8, seed=1, rec_type="io.example.e2e", pace=2000):
        self.sluice, self.rec_type, self.pace = sluice, rec_type, pace / writers
        self.acknowledged = collections.Counter()
        self.errors = []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._write, args=(w, keys, random.Random(seed * 1000 + w)))
                        for w in range(writers)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        require(not self.errors, f"a write was refused: {self.errors[:3]}")
        return dict(self.acknowledged)

    def total(self):
        with self.lock:
            return sum(self.acknowledged.values())

    def _write(self, writer, keys, rng):
        mine = [f"w{writer}-k{k}" for k in range(keys)]
        last = dict.fromkeys(mine, 0)
        started = time.monotonic()
        while not self.stopping.is_set():
            batch = []
            # A steady pace: enough to fill batches, little enough for the sandbox to keep all of it.
            if sum(last.values()) > (time.monotonic() - started) * self.pace:
                time.sleep(0.005)
                continue
            for _ in range(rng.choice([1, 1, 5, 30])):
                key = rng.choice(mine)
                last[key] += 1
                batch.append({"key": key, "n": last[key], "pad": "x" * rng.randrange(300)})
            if not self._post(batch):
                return
            with self.lock:
                for item in batch:
                    self.acknowledged[item["key"]] = item["n"]

    def _post(self, batch):
        body = "\n".join(json.dumps(item) for item in batch)
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": uuid.uuid4().hex,
                   "Content-Type": "application/json" if len(batch) == 1 else "application/x-ndjson"}
        while True:
            try:
                status, data = call(self.sluice.port, "POST", f"/share/{self.rec_type}", body, headers)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)  # it was killed: it comes back, or the test stops us
                if self.stopping.is_set() and not self.sluice.process.alive():
                    self.errors.append("no answer at the end")
                    return False
                continue
            if status in (429, 503):
                time.sleep(0.02)
                continue
            if status != 201:
                self.errors.append(f"{status} {data[:300]}")
                return False
            return True


def judge(name, bodies, acknowledged):
    """What arrived against what was acknowledged. Order is looked at as it came, before anything is sorted."""
    last = collections.Counter()
    seen, duplicates, reordered = set(), 0, []
    for body in bodies:
        data = json.loads(body)["obj"]["data"]
        key, n = data["key"], data["n"]
        if (key, n) in seen:
            duplicates += 1
            continue
        seen.add((key, n))
        if n != last[key] + 1:
            reordered.append((key, last[key], n))
        last[key] = max(last[key], n)
    wanted = {(key, n) for key, most in acknowledged.items() for n in range(1, most + 1)}
    lost = wanted - seen
    require(not lost, f"{name}: {len(lost)} acknowledged events did not arrive, for instance {sorted(lost)[:5]}")
    require(not reordered, f"{name}: {len(reordered)} first appearances out of order, for instance {reordered[:5]}")
    require(seen == wanted, f"{name}: events arrived that nobody wrote: {sorted(seen - wanted)[:5]}")
    return {"events": len(wanted), "lost": 0, "reordered": 0, "duplicates": duplicates}


def aws(port):
    return {"credentials": {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY},
            "endpoint": f"http://127.0.0.1:{port}"}


def integrations_for(port, rec_types=("io.example.e2e",)):
    """One of each kind that keeps order, all fed by the same events."""
    common = {"filter": {"recTypes": list(rec_types)}, "key": "{obj.data.key}", "retry": {"max_backoff": "200ms"},
              "start": "oldest"}
    queue = "https://sqs.eu-west-1.amazonaws.com/000000000000/"
    return [
        {"id": "kinesis", **common, "destination": {"type": "kinesis", "stream": "plain", "region": "eu-west-1", **aws(port)}},
        {"id": "kinesis-kpl", **common,
         "destination": {"type": "kinesis", "stream": "kpl", "region": "eu-west-1", "aggregation": "kpl", **aws(port)}},
        {"id": "sqs", **common, "destination": {"type": "sqs", "queue_url": queue + "standard", **aws(port)}},
        {"id": "sqs-fifo", **common, "destination": {"type": "sqs", "queue_url": queue + "ordered.fifo", **aws(port)}},
    ]


TARGETS = {"kinesis": "plain", "kinesis-kpl": "kpl", "sqs": "standard", "sqs-fifo": "ordered.fifo"}


def wait_drained(sluice, names, total, seconds=120):
    def drained():
        for name in names:
            stats, _ = sluice.stats(name)
            check_ledger(stats, name)
            if stats["delivered"] < total or stats["pending"] or stats["lag_events"]:
                return False
        return True

    wait_until(drained, f"{', '.join(names)} have delivered {total} events", seconds)


def bodies_of(items, target):
    """What consumers of a target see, in order: of a KPL-aggregated record the records within it."""
    out = []
    for item in items:
        if item["target"] == target:
            out.extend(inner["body"] for inner in item["records"]) if "records" in item else out.append(item["body"])
    return out


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
