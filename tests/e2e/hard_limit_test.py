"""The log's hard limit overtakes a paused and a dead integration: told long before, without a word to writers, and what is lost is known by
sequence, also after kill -9.

Usage: hard_limit_test.py BINARY
"""

import json
import os
import random
import sys

from harness import Folder, call, check_ledger, require, wait_until
from management_test import Node, hook, sluice
from webhook_peer import WebhookPeer

BINARY = sys.argv[1]
MIB = 1 << 20
HARD_LIMIT = 6 * MIB
EXTRA = {"segment_size": "1MiB", "hard_limit": "6MiB", "retention": {"size": "1MiB"}, "limits": {"object": "100KiB"}}
STREAMS = ("io.acme.desk", "io.acme.door", "io.other.room")  # the last is nobody's


class Writer:
    """Writes objects of several streams one body after the other, so that it knows every event's sequence."""

    def __init__(self, node):
        self.node, self.head, self.bytes, self.random = node, 0, 0, random.Random(4)
        self.wanted = []  # sequences of what the integrations ask for

    def write(self, size):
        """About so many bytes more."""
        end = self.bytes + size
        while self.bytes < end:
            stream = self.random.choice(STREAMS)
            count = self.random.randint(1, 6)
            pad = "x" * self.random.randint(1000, 20_000)
            objects = [{"device": f"d{n % 3}", "n": self.head + n + 1, "pad": pad} for n in range(count)]
            status, data = self.node.api("POST", f"/share/{stream}", "\n".join(json.dumps(each) for each in objects),
                                         {"Content-Type": "application/x-ndjson"})
            require(status == 201, f"writers do not feel who is behind: {status} {data}")
            for _ in objects:
                self.head += 1
                if stream.startswith("io.acme."):
                    self.wanted.append(self.head)
            self.bytes += count * (len(pad) + 1000)


def log_of(node):
    with open(os.path.join(node.folder, "sluice.log"), encoding="utf-8", errors="replace") as file:
        return file.read()


def share_of_hard_limit(node, name):
    for line in call(node.port, "GET", "/metrics")[1].decode().splitlines():
        if line.startswith("sluice_integration_backlog_of_hard_limit{") and f'"{name}"' in line:
            return float(line.split()[-1])
    return 0.0


def announced(node, name, words, least):
    """In the log, in the state's reason and as a metric."""
    wait_until(lambda: f"integration {name} holds back" in log_of(node) and
               any(f"integration {name} " in line and words in line for line in log_of(node).splitlines()),
               f"the log says that {name} holds back {words}")
    require(share_of_hard_limit(node, name) >= least, f"{name}: the metric says {share_of_hard_limit(node, name)}")
    stats, item = node.stats(name)
    require("% of hard_limit: beyond it the oldest events are lost to it" in item["reason"], f"{name}: {item['reason']}")
    require(stats["lost"] == 0 and "lost_ranges" not in stats, f"{name}: nothing is lost yet")


def lost_by_name(writer, stats, name):
    """What `lost_ranges` names is what `lost` counts."""
    check_ledger(stats, name)
    ranges = [(int(first), int(last)) for first, last in stats.get("lost_ranges", [])]
    require(ranges, f"{name}: {stats}")
    inside = [s for s in writer.wanted if any(first <= s <= last for first, last in ranges)]
    require(stats["lost"] == len(inside), f"{name}: {stats['lost']} lost, but {len(inside)} of its events in {ranges}")
    require(ranges[0][0] == 1, f"{name}: the oldest go first: {ranges}")
    return ranges[-1][1]


def overtaken(node, writer, more_than=0):
    """Writes until both have lost more than that."""
    def lost():
        writer.write(MIB // 16)
        stats = [node.stats(name)[0] for name in ("rests", "dead")]
        return all(each["lost"] > more_than for each in stats) and stats
    return wait_until(lost, "the hard limit overtakes")


def hard_limit(folder):
    dead = True
    peer = WebhookPeer(lambda item: 503 if item["path"] == "/dead" and dead else 204)
    integrations = [hook(peer, name) for name in ("well", "rests", "dead")]
    with Node(BINARY, folder, integrations, EXTRA) as node:
        sluice(node, "integrations", "pause", "rests")
        writer = Writer(node)
        writer.write(HARD_LIMIT * 55 // 100)
        for name in ("rests", "dead"):
            announced(node, name, "half of hard_limit", 0.5)
        require("nine tenths" not in log_of(node), "not yet")
        held = node.stats("rests")[0]["backlog"]["bytes"]  # all that was written: what a byte of data takes in the log is known by it
        writer.write(int((HARD_LIMIT * 0.94 - held) * writer.bytes / held))
        for name in ("rests", "dead"):
            announced(node, name, "nine tenths of hard_limit", 0.9)
        require("the log has reached hard_limit" not in log_of(node), "not yet either")
        require(node.stats("rests")[1]["state"] == "paused" and node.stats("dead")[1]["state"] == "failing", "their states are theirs")

        stats = overtaken(node, writer)
        node.kill()  # at once
        require("the log has reached hard_limit" in log_of(node) and "are lost to" in log_of(node), "the log says to whom")
        node.start()
        for name, before in zip(("rests", "dead"), stats):
            after = node.stats(name)[0]
            require(after["lost"] >= before["lost"], f"{name}: what was lost is known after kill -9: {before} {after}")
            lost_by_name(writer, after, name)
        stats = overtaken(node, writer, more_than=max(each["lost"] for each in stats))
        node.kill()
        node.start()
        # Whom they are lost to is written down before they go: the kill may have come between.
        wait_until(lambda: int(node.api("GET", "/v1/status")[1]["store"]["oldest_sequence"]) > 1, "the oldest are gone")

        dead = False
        sluice(node, "integrations", "resume", "rests")
        for name in ("rests", "dead", "well"):
            def settled():
                stats, _ = node.stats(name)
                check_ledger(stats, name)
                return stats if stats["matched"] == len(writer.wanted) and stats["pending"] == 0 else None
            stats = wait_until(settled, f"{name} has what is left")
            last = lost_by_name(writer, stats, name) if name != "well" else 0
            require(stats["delivered"] == len([s for s in writer.wanted if s > last]), f"{name}: {stats}")
            came = {}  # the device, by number, in the order of first appearance
            for item in peer.accepted("/" + name):
                data = item["event"]["obj"]["data"]
                came.setdefault(data["n"], data["device"])
            require(sorted(came) == [s for s in writer.wanted if s > last], f"{name}: exactly what was not lost came")
            for device in set(came.values()):
                numbers = [n for n in came if came[n] == device]
                require(numbers == sorted(numbers), f"{name}: {device} in order")
        require(node.stats("well")[0]["lost"] == 0, "who keeps up loses nothing")
    peer.close()


def main():
    with Folder() as folder:
        hard_limit(folder)
    print("hard_limit: as it should be", flush=True)


if __name__ == "__main__":
    main()
