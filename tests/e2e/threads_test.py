"""A process that may have no more threads: the integrations that need one say so and wait; nobody else notices, and all goes on by
itself once there is room. RLIMIT_NPROC does the work of a container's pids limit or a unit's TasksMax; root is not held by it.

Usage: threads_test.py BINARY
"""

import json
import os
import resource
import shutil
import subprocess
import sys

from clouds import EVENT_HUBS_MANAGE
from harness import TOKEN, Folder, Process, Sandbox, Sluice, call, check_ledger, require, wait_until

USER = 60124  # nobody else's: the limit counts all tasks of a user
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
KAFKA = 12
ROUNDS = 12


class OfUser(Sluice):
    """A node that runs as USER, with a copy of the program, since the build may be in a folder of root's."""

    def start(self, environment=None, wait=True):
        os.chmod(self.folder, 0o755)
        binary = shutil.copy(self.binary, os.path.join(self.folder, "sluice"))
        os.makedirs(self.data_dir, mode=0o700, exist_ok=True)
        for path in (self.data_dir, self.config):
            os.chown(path, USER, USER)
        self.process = Process(binary, ["serve", "--config", self.config], os.path.join(self.folder, "sluice.log"),
                               {"SLUICE_ADMIN_TOKEN": TOKEN, **(environment or {})}, AS_USER)
        if wait:
            wait_until(self._up, "sluice is ready")
        return self

    def tasks(self):
        return len(os.listdir(f"/proc/{self.process.popen.pid}/task"))

    def may_have_tasks(self, count=None):
        """`count` of them, or as many as before."""
        pid, hard = self.process.popen.pid, resource.getrlimit(resource.RLIMIT_NPROC)[1]
        subprocess.run([*AS_USER, "prlimit", f"--pid={pid}", f"--nproc={hard if count is None else count}:{hard}"], check=True)


def settings(sandbox, folder):
    def kafka(number):
        return {"id": f"kafka-{number}", "org": f"org{number}", "orgs": ["**"], "filter": {"recTypes": ["**"]},
                "retry": {"max_backoff": "500ms"},
                "destination": {"type": "event_hubs", "connection_string": EVENT_HUBS_MANAGE, "hub": f"hub-{number}",
                                "endpoint": sandbox.listeners()["event_hubs_kafka"]}}
    file = {"id": "file", "filter": {"recTypes": ["**"]},
            "destination": {"type": "file", "path": os.path.join(folder, "data", "{org}.ndjson")}}
    return [*map(kafka, range(KAFKA)), file]


def write(node):
    status, answer = node.api("POST", "/share/io.acme.desk", json.dumps({"n": 1}), {"Content-Type": "application/json"})
    require(status == 201, f"the write was answered {status} {answer}")


def kafka_stats(node):
    return [node.stats(f"kafka-{number}")[0] for number in range(KAFKA)]


def each_has_tried(node, before):
    """Since `before`, or has nothing to send."""
    return all(now["retries"] > then["retries"] or not now["pending"] for then, now in zip(before, kafka_stats(node)))


def main(binary):
    if os.geteuid() != 0:
        print("skipped: needs root, to run a process as a user of its own")
        return 77
    with Folder() as folder:
        sandbox = Sandbox(binary, folder)
        wait_until(lambda: "event_hubs_kafka" in sandbox.listeners(), "the sandbox takes Kafka's protocol")
        node = OfUser(binary, folder, settings(sandbox, folder))
        try:
            node.start()
            wait_until(lambda: call(node.port, "GET", "/readyz")[0] == 200, "everything is started")
            # One more at a time, so that each thread that a producer needs is once the one that there is no room for.
            for more in range(1, ROUNDS + 1):
                node.may_have_tasks(node.tasks() + more)
                before = kafka_stats(node)
                write(node)
                wait_until(lambda: each_has_tried(node, before), "those that need a thread try again")
                wait_until(lambda: node.stats("file")[0]["delivered"] == more, "the integration that needs none goes on")
            errors = [stats["last_error"] for stats in kafka_stats(node) if stats["last_error"]]
            require(errors, "the want of threads is told")
            for error in errors:
                require(error["class"] == "transient" and error["message"] and error["hint"], f"{error}")
            print(f"ok: without threads {len(errors)} of {KAFKA} wait: {sorted({error['code'] for error in errors})}")

            node.may_have_tasks()
            for number in range(KAFKA):
                wait_until(lambda: node.stats(f"kafka-{number}")[0]["delivered"] == ROUNDS, f"kafka-{number} has everything", 120)
                check_ledger(node.stats(f"kafka-{number}")[0], f"kafka-{number}")
            print("ok: with room for them everything arrives")
            node.stop()
        finally:  # nothing of USER's may be left to count against the next run
            node.kill()
        sandbox.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
