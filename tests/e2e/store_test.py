"""`sluice store` on a node that runs and on one that was killed: what a backup is worth is what a node started on it does.

Usage: store_test.py BINARY
"""

import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys

from clouds import CLOUDS, integrations, label, place_of
from harness import TOKEN, Failed, Folder, Namespace, Sandbox, Sluice, check_ledger, free_port, require, wait_until
from load import KeyedLoad

LEDGER = ("matched", "delivered", "dead_lettered", "discarded", "lost", "pending", "bytes", "retries", "duplicates_possible")
SECRET_OF_TENANT = "a-secret-that-stays-sealed"
SEGMENT_BYTES = 16 << 20  # a restore takes all of it, however few events there are


def private(path):
    """Opened for writing, for this user only: as a key has to be."""
    return open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600))


def store(binary, *arguments, code=0, prefix=(), **how):
    done = subprocess.run([*prefix, binary, "store", *arguments], capture_output=True, text=True, **how)
    require(done.returncode == code, f"store {arguments} ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def ledgers(sluice):
    out = {}
    for cloud in CLOUDS:
        stats, _ = sluice.stats(cloud.id)
        check_ledger(stats, cloud.id)
        out[cloud.id] = {name: stats[name] for name in LEDGER}
    return out


def stored_deliveries(binary, sluice):
    """Of each integration, as the store of the running node has it."""
    words = store(binary, "verify", "--data-dir", sluice.data_dir)
    return {id_: int(count) for id_, count in re.findall(r"^  (\S+) +at .*; (\d+) delivered,", words, re.MULTILINE)
            if id_ in {cloud.id for cloud in CLOUDS}}


def drained(sluice, total):
    def done():
        return all(each["delivered"] >= total and not each["pending"] for each in ledgers(sluice).values())
    wait_until(done, f"all of {total} events are delivered", 120)


class Again(Sluice):
    """A node with the settings of another, over another folder."""

    def __init__(self, other, data_dir):
        self.binary, self.folder, self.namespace, self.process = other.binary, other.folder, None, None
        self.port, self.data_dir, self.coming_back = free_port(), data_dir, False
        self.config = os.path.join(self.folder, f"again-{self.port}.yaml")
        with open(other.config) as file:
            settings = json.load(file)
        settings.update(listen=f"127.0.0.1:{self.port}", data_dir=data_dir)
        with open(self.config, "w") as file:
            json.dump(settings, file)


def inside_an_event(path):
    """An offset where an event's bytes are, not what lies between frames."""
    with open(path, "rb") as file:
        data = file.read()
    at = data.find(b'"event_type"', 20_000)
    require(at > 0, f"{path} has events")
    return at


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0x40]))


def is_private(folder, itself=True):
    """Nobody but its owner may look into what is in it, nor into it."""
    files = [os.path.join(at, name) for at, folders, names in os.walk(folder) for name in folders + names]
    for path in [folder, *files] if itself else files:
        if os.path.basename(path) == "lost+found":
            continue
        mode = os.lstat(path).st_mode
        wanted = 0o700 if stat.S_ISDIR(mode) else 0o600
        require(stat.S_IMODE(mode) == wanted, f"{path} has mode {stat.S_IMODE(mode):o}")


def serve_refused(binary, data_dir, because):
    refused = subprocess.run([binary, "serve", "--data-dir", data_dir, "--listen", "127.0.0.1:0"], capture_output=True,
                             text=True, env={**os.environ, "SLUICE_ADMIN_TOKEN": TOKEN})
    require(refused.returncode == 1 and because in refused.stderr, f"{refused.returncode} {refused.stderr}")


def no_file_beyond(size):
    """Ends the process in the middle of a copy, wherever it makes a larger file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def restored_in_place(binary, folder, backup):
    """Into folders that are there: what a service or a container has for its data."""
    there = os.path.join(folder, "there")

    def made(mode):
        shutil.rmtree(there, ignore_errors=True)
        os.mkdir(there)
        os.chmod(there, mode)
        return os.stat(there).st_ino

    def restored(inode, mode=0o700, data_dir=there, **how):
        store(binary, "restore", backup, "--data-dir", data_dir, **how)
        require((os.stat(there).st_ino, stat.S_IMODE(os.stat(there).st_mode)) == (inode, mode), "another folder is there")
        is_private(there, itself=mode == 0o700)
        require("sound" in store(binary, "verify", "--data-dir", there), "it is sound")
        left = sorted(os.listdir(there))
        require(left == ["db", "format.json", "log", "secrets.key"], f"{left}")

    restored(made(0o700))
    restored(made(0o750), 0o750)
    restored(made(0o700), data_dir=".", cwd=there)
    words = store(binary, "restore", backup, "--data-dir", there, code=1)
    require("is not empty" in words, words)

    inode = made(0o700)
    os.mkdir(os.path.join(there, "lost+found"), 0o700)
    store(binary, "restore", backup, "--data-dir", there)
    require(os.stat(there).st_ino == inode and os.path.isdir(os.path.join(there, "lost+found")), "a disk's own is kept")

    # Killed in the middle: nothing takes it for a data folder until another restore has finished.
    inode = made(0o700)
    store(binary, "restore", backup, "--data-dir", there, code=-signal.SIGXFSZ, preexec_fn=lambda: no_file_beyond(SEGMENT_BYTES // 2))
    require(os.listdir(there) == [".restoring"], f"{os.listdir(there)}")
    for command in (["verify"], ["stats"], ["backup", os.path.join(folder, "none")]):
        words = store(binary, command[0], "--data-dir", there, *command[1:], code=1)
        require("has not finished" in words and "sluice store restore" in words, words)
    serve_refused(binary, there, "has not finished")
    require(os.listdir(there) == [".restoring"], "a refused node leaves it alone")
    restored(inode)

    why_not = Namespace.why_not()
    if why_not:
        print(f"  not tried: a mount point ({why_not})", flush=True)
    else:
        disk = Namespace(folder, 20 * SEGMENT_BYTES)
        try:
            store(binary, "restore", backup, "--data-dir", Namespace.DISK, prefix=disk.command())
            words = store(binary, "verify", "--data-dir", Namespace.DISK, prefix=disk.command())
            require("sound" in words, words)
        finally:
            disk.close()
    print("  restored into folders that were there, a mount point, and where another was killed", flush=True)


def run(binary, folder, sandbox):
    os.umask(0o022)  # as most have it: what is private is so by itself
    sluice = Sluice(binary, folder, integrations(CLOUDS, place_of(sandbox, CLOUDS)), {"segment_size": SEGMENT_BYTES}).start()
    nodes = [sluice]
    try:
        tenant = {"id": "made-by-api", "filter": {"recTypes": ["io.nothing"]}, "start": "now",
                  "destination": {"type": "webhook", "url": "https://example.com/hook", "secret": SECRET_OF_TENANT}}
        status, answer = sluice.api("POST", "/v1/integrations", json.dumps(tenant), {"Content-Type": "application/json"})
        require(status == 201, f"no integration was made: {status} {answer}")

        # While it runs, and is written to.
        load = KeyedLoad(sluice, 1, "s").start()
        wait_until(lambda: load.total() > 500, "500 events are written")
        live_backup, before = os.path.join(folder, "backup-live"), load.total()
        words = store(binary, "verify", "--data-dir", sluice.data_dir)
        require("a node is running" in words and "sound" in words, words)
        print(store(binary, "backup", "--data-dir", sluice.data_dir, live_backup), end="", flush=True)
        counted = json.loads(store(binary, "stats", "--data-dir", sluice.data_dir, "--json"))
        require(counted["events"] >= before and len(counted["streams"]) == 3, f"{counted}")
        require(sum(each["events"] for each in counted["streams"]) == counted["events"], f"{counted}")
        after = load.total()
        written = load.stop()
        total = sum(len(events) for events in written.values())
        drained(sluice, total)
        # In the store too, which follows within a moment: it is what a killed node comes back with.
        wait_until(lambda: stored_deliveries(binary, sluice) == {cloud.id: total for cloud in CLOUDS},
                   f"the store knows of {total} deliveries")
        wanted = ledgers(sluice)
        head = sluice.api("GET", "/v1/status")[1]["head"]
        arrived = len(sandbox.received())

        # kill -9, then a backup of what is left, and a node on its copy: the same ledger, and nothing is sent again.
        sluice.kill()
        require("sound" in store(binary, "verify", "--data-dir", sluice.data_dir), "a killed node's folder is sound")
        backup = os.path.join(folder, "backup-killed")
        print(store(binary, "backup", "--data-dir", sluice.data_dir, backup), end="", flush=True)
        store(binary, "backup", "--data-dir", sluice.data_dir, backup, code=1)  # never over another
        with open(os.path.join(backup, "db", "CURRENT")) as file:
            require(file.read().startswith("MANIFEST"), "the store is a database")
        files = [os.path.join(at, name) for at, _, names in os.walk(backup) for name in names]
        require(not any(SECRET_OF_TENANT.encode() in open(path, "rb").read() for path in files), "the secret stays sealed")
        require(not os.path.exists(os.path.join(backup, "secrets.key")), "the key is not in a backup unless asked for")

        restored = os.path.join(folder, "restored")
        words = store(binary, "restore", backup, "--data-dir", restored)
        require("put the key" in words, words)
        is_private(restored)
        with open(os.path.join(sluice.data_dir, "secrets.key")) as key, private(os.path.join(restored, "secrets.key")) as copy:
            copy.write(key.read())
        again = Again(sluice, restored).start()
        nodes.append(again)
        require(ledgers(again) == wanted, f"another ledger: {ledgers(again)}, not {wanted}")
        require(again.api("GET", "/v1/status")[1]["head"] == head, "another head")
        _, made = again.api("GET", "/v1/integrations/made-by-api")
        require(made["destination"]["secret"] == "(redacted)", f"{made}")
        more = KeyedLoad(again, 2, "t").start()
        wait_until(lambda: more.total() > 200, "200 events are written to the restored node")
        extra = sum(len(events) for events in more.stop().values())
        drained(again, total + extra)
        require(len(sandbox.received()) >= arrived, "the sandbox forgot")
        repeated = sum(1 for cloud in CLOUDS for body, _ in cloud.bodies(sandbox.received(arrived_number(sandbox, arrived)))
                       if label(body)[0].startswith("s-"))
        require(repeated == 0, f"{repeated} events were sent again though the ledger knew that they had arrived")
        again.stop()
        print(f"  killed, backed up, restored: the same ledger over {total} events, {extra} more written and delivered", flush=True)

        # The live backup: a moment between two of its calls; whatever was not settled by then is delivered by the copy.
        store(binary, "restore", live_backup, "--data-dir", os.path.join(folder, "restored-live"))
        with open(os.path.join(live_backup, "backup.json")) as file:
            note = json.load(file)
        require(before <= int(note["head"]) <= after, f"{before} <= {note['head']} <= {after}")
        with open(os.path.join(sluice.data_dir, "secrets.key")) as key:
            with private(os.path.join(folder, "restored-live", "secrets.key")) as copy:
                copy.write(key.read())
        moment = Again(sluice, os.path.join(folder, "restored-live")).start()
        nodes.append(moment)
        drained(moment, int(note["head"]))
        require(all(each["matched"] == int(note["head"]) for each in ledgers(moment).values()), f"{ledgers(moment)}")
        moment.kill()
        print(f"  backed up while it was written to, restored: {note['head']} events, all delivered", flush=True)

        # With the key, and after damage.
        with_key = os.path.join(folder, "backup-key")
        store(binary, "backup", "--with-key", "--data-dir", restored, with_key)
        mode = os.stat(os.path.join(with_key, "secrets.key")).st_mode & 0o777
        require(mode == 0o600, f"the key in the backup has mode {mode:o}")
        restored_in_place(binary, folder, with_key)
        # A key that does not open the copy: as it stands there when it was rotated between the two.
        key, other = os.path.join(restored, "secrets.key"), os.path.join(restored, "another.key")
        os.rename(key, other)
        with private(key) as file:
            file.write("ab" * 32)
        words = store(binary, "backup", "--with-key", "--data-dir", restored, os.path.join(folder, "wrong-key"), code=1)
        require("does not open" in words and "run it again" in words, words)
        os.rename(other, key)
        segment = next(os.path.join(with_key, "log", name) for name in os.listdir(os.path.join(with_key, "log"))
                       if name.endswith(".segment"))
        damaged = inside_an_event(segment)
        flip(segment, damaged)
        words = store(binary, "verify", "--data-dir", with_key, code=1)
        require(segment in words and "offset" in words and "restore" in words, words)
        words = store(binary, "restore", with_key, "--data-dir", os.path.join(folder, "never"), code=1)
        require("not sound" in words and not os.path.exists(os.path.join(folder, "never", "log")), words)
        flip(segment, damaged)
        os.unlink(os.path.join(backup, "backup.json"))
        require("no finished backup" in store(binary, "restore", backup, "--data-dir", os.path.join(folder, "never"), code=1),
                "an interrupted backup is refused")

        # Written by a newer Sluice: nobody here touches it.
        with open(os.path.join(restored, "format.json"), "w") as file:
            file.write('{"format":999,"written_by":"99.0"}')
        for command in (["verify"], ["stats"], ["backup", os.path.join(folder, "none")]):
            words = store(binary, command[0], "--data-dir", restored, *command[1:], code=1)
            require("format 999" in words and "99.0" in words and "newer version" in words, words)
        serve_refused(binary, restored, "format 999")
        print("  damage, unfinished backups and newer formats are refused by name", flush=True)
    except Failed:
        print(nodes[-1].log_tail(), flush=True)
        raise
    finally:
        for node in nodes:
            if node.process and node.process.alive():
                node.kill()


def arrived_number(sandbox, count):
    return sandbox.received()[count - 1]["number"]


if __name__ == "__main__":
    with Folder() as at:
        cloud = Sandbox(sys.argv[1], at)
        try:
            run(os.path.abspath(sys.argv[1]), at, cloud)
        finally:
            cloud.stop()
