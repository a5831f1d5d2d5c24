"""SIGTERM drains what is in flight, then persists cursors: the next start repeats nothing that was known to be acknowledged."""

import json
import signal
import sys

from harness import Folder, Sluice, check_ledger, require, wait_until
from webhook_peer import WebhookPeer

BINARY = sys.argv[1]


def main():
    peer = WebhookPeer()
    integration = {"id": "a", "org": "default", "filter": {"recTypes": ["io.acme"]}, "start": "oldest", "key": "{obj.data.device}",
                   "destination": {"type": "webhook", "url": peer.url}}
    with Folder() as folder:
        node = Sluice(BINARY, folder, [integration]).start()
        written = 0
        for life in range(5):
            peer.gate.clear()
            arrived = len(peer.items)
            body = "\n".join(json.dumps({"device": f"d{n % 7}", "n": written + n}) for n in range(200))
            status, _ = node.api("POST", "/share/io.acme", body, {"Content-Type": "application/x-ndjson"})
            require(status == 201, f"the write was answered {status}")
            written += 200
            # Requests stand at the receiver when the signal comes; it answers them once Sluice drains.
            peer.wait_for_arrivals(arrived + 1)
            node.process.popen.send_signal(signal.SIGTERM)
            wait_until(lambda: node.log_tail().count("stopping:") == life + 1, "it is stopping")
            peer.gate.set()
            code = node.process.popen.wait()
            require(code == 0, f"it ended with {code}:\n{node.log_tail()}")
            answered = len(peer.accepted())
            node.start()
            stats, _ = node.stats("a")
            check_ledger(stats, "a")
            require(stats["delivered"] >= answered, f"life {life}: {answered} were answered, {stats['delivered']} are known to be")
            wait_until(lambda: node.stats("a")[0]["delivered"] == written, "all are delivered")
        node.stop()
        numbers = [item["event"]["obj"]["data"]["n"] for item in peer.accepted()]
        require(len(numbers) == written and len(set(numbers)) == written, f"{written} were written, {len(numbers)} came")
        last = {}
        for item in peer.accepted():
            data = item["event"]["obj"]["data"]
            require(last.get(data["device"], -1) < data["n"], f"{data['device']}: {data['n']} after {last.get(data['device'])}")
            last[data["device"]] = data["n"]
        print(f"5 stops with requests in flight, {written} events, no duplicate, none lost, in order", flush=True)
    peer.close()


if __name__ == "__main__":
    main()
