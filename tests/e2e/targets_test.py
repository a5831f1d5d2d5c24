"""Of two recTypes that differ in case only the first one has the event hub: after a crash, an orderly stop and changed settings, over
both protocols; and `max_targets` counts on."""

import json
import sys

from clouds import EVENT_HUBS_MANAGE
from harness import Folder, Sandbox, Sluice, require, wait_until

BINARY = sys.argv[1]


def settings(sandbox, protocol, **destination):
    listener = {"kafka": "event_hubs_kafka", "https": "event_hubs_https"}[protocol]
    url = sandbox.listeners().get(listener, f"http://127.0.0.1:{sandbox.port}")
    return {"id": "a", "org": "default", "filter": {"recTypes": ["**"]}, "start": "oldest", "retry": {"max_backoff": "100ms"},
            "destination": {"type": "event_hubs", "protocol": protocol, "connection_string": EVENT_HUBS_MANAGE, "endpoint": url,
                            "max_targets": 2, **destination}}


def write(node, rec_type):
    status, answer = node.api("POST", f"/share/{rec_type}", json.dumps({"n": 1}), {"Content-Type": "application/json"})
    require(status == 201, f"the write was answered {status} {answer}")


def wait_for_delivered(node, count):
    wait_until(lambda: node.stats("a")[0]["delivered"] == count, f"{count} are delivered")


def expect_missing(node, target, code, named):
    """Waits until `target` alone is told as missing, in words that name what it clashes with."""
    def told():
        error = node.stats("a")[0]["targets"].get(target, {})
        return error if error.get("code") == code else None
    error = wait_until(told, f"{target} is {code}")
    require(error["class"] == "missing_target" and named in error["message"], f"{target}: {error}")


def hubs_written_to(sandbox):
    return [item["target"] for item in sandbox.received() if item["service"] == "event_hubs"
            for _ in item.get("records", [item])]


def reload_with(node, integration):
    with open(node.config) as file:
        configuration = json.load(file)
    configuration["integrations"] = [integration]
    with open(node.config, "w") as file:
        json.dump(configuration, file)
    status, answer = node.api("POST", "/v1/reload")
    require(status == 200, f"the reload was answered {status} {answer}")


def first_come_first_served(folder, protocol):
    sandbox = Sandbox(BINARY, folder)
    node = Sluice(BINARY, folder, [settings(sandbox, protocol)]).start()
    try:
        write(node, "Doors")
        wait_for_delivered(node, 1)
        node.kill()
        node.start()
        write(node, "doors")
        expect_missing(node, "doors", "hub_name_clash", "Doors")
        write(node, "rooms")
        wait_for_delivered(node, 2)
        node.stop()
        node.start()
        write(node, "desks")
        expect_missing(node, "desks", "max_targets", "max_targets (2)")
        expect_missing(node, "doors", "hub_name_clash", "Doors")
        write(node, "Doors")
        wait_for_delivered(node, 3)

        other = "https" if protocol == "kafka" else "kafka"
        reload_with(node, settings(sandbox, other, max_targets=3))
        wait_for_delivered(node, 4)  # there is room for desks now
        expect_missing(node, "doors", "hub_name_clash", "Doors")
        require(sorted(hubs_written_to(sandbox)) == ["Doors", "Doors", "desks", "rooms"], f"{hubs_written_to(sandbox)}")

        # Named in another way, the hubs are others: doors comes first now.
        reload_with(node, settings(sandbox, protocol, hub="new-{recType}"))
        wait_for_delivered(node, 5)
        write(node, "Doors")
        expect_missing(node, "new-Doors", "hub_name_clash", "new-doors")
        node.stop()
        node.start()
        expect_missing(node, "new-Doors", "hub_name_clash", "new-doors")
        require(hubs_written_to(sandbox)[4:] == ["new-doors"], f"{hubs_written_to(sandbox)}")
    finally:
        if node.process.alive():
            node.kill()
        sandbox.stop()
    print(f"{protocol}: the first of two that clash kept its hub over a crash, a stop and changed settings", flush=True)


def main():
    for protocol in ("kafka", "https"):
        with Folder() as folder:
            first_come_first_served(folder, protocol)


if __name__ == "__main__":
    main()
