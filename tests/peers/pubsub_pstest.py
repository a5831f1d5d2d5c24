"""Sluice delivers to Google's in-memory Pub/Sub server; Google's own client receives: bytes, attributes, order per key, topics."""

import base64
import json
import os
import shutil
import subprocess
import sys

from peers import (
    BINARY,
    HERE,
    PEERS,
    Program,
    Sluice,
    check,
    check_bodies,
    check_order_per_key,
    eventually,
    free_port,
    integration,
    readings,
)

PROJECT = "demo"
REC_TYPE = "io.example.readings"


def build_peer():
    """Server and client are one Go program, built from pinned modules."""
    if shutil.which("go") is None:
        print("SKIPPED: go is not installed")
        sys.exit(77)
    peer = PEERS / "pubsub_peer"
    built = subprocess.run(
        ["go", "build", "-o", peer, "."],
        cwd=HERE / "pubsub_peer",
        env=os.environ | {"GOFLAGS": "-buildvcs=false -mod=readonly"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if built.returncode != 0:
        print(built.stdout[-2000:])
        print("SKIPPED: the Go modules could not be built (too old a Go, or no module proxy within reach)")
        sys.exit(77)
    return peer


peer = build_peer()
port = free_port()
address = f"127.0.0.1:{port}"
Program([peer, "serve", str(port)], port)


def ask(*arguments):
    done = subprocess.run([peer, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    check(done.returncode == 0, f"the client failed: {arguments}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def to(**settings):
    return {"type": "pubsub", "project": PROJECT, "endpoint": f"http://{address}"} | settings


by_device = {"key": "{obj.data.device|id}"}
sluice = Sluice(
    [
        integration("per-rectype", to(compression="gzip"), **by_device),
        integration("unordered", to(topic="all-readings"), ordering="none"),
        integration("own-name", to(topic=f"projects/{PROJECT}/topics/building-{{obj_type}}"), payload="cloudevents"),
    ]
)

# The first event makes the topics; their subscriptions then see all that follows.
sluice.create(REC_TYPE, [{"device": "first", "n": 0}])
names = ("per-rectype", "unordered", "own-name")
for name in names:
    sluice.wait_until_delivered(name, 1)
topics = ask("topics", address, PROJECT)[0]
check(
    topics == {REC_TYPE: 168, "all-readings": 168, "building-objs": 168},
    f"topics with the hours that they keep messages: {topics}",
)
print("ok: topics made on first need, messages kept for seven days")
for topic in topics:
    ask("subscribe", address, PROJECT, topic, f"of-{topic}")

objects = readings(devices=9, each=40)
ids = sluice.create(REC_TYPE, objects)
for name in names:
    sluice.wait_until_delivered(name, len(ids) + 1)

messages = ask("receive", address, PROJECT, f"of-{REC_TYPE}", len(ids))
bodies = [json.loads(base64.b64decode(message["data"])) for message in messages]
check_bodies(bodies, ids, objects, REC_TYPE)
check_order_per_key(bodies, len(ids))
for message, body in zip(messages, bodies):
    check(message["key"] == body["obj"]["data"]["device"], f"ordering key {message['key']}")
    expected = {
        "event_type": "create",
        "obj_type": "objs",
        "recType": REC_TYPE,
        "id": body["id"],
        "source": body["source"],
    }
    check(expected.items() <= message["attributes"].items(), f"attributes: {message['attributes']}")
    check(
        set(message["attributes"]) == set(expected) | {"sluice-sequence", "sluice-time"},
        f"attributes: {message['attributes']}",
    )
print(f"ok: {len(messages)} messages, compressed on the way, with their attributes, in order by ordering key")

messages = ask("receive", address, PROJECT, "of-all-readings", len(ids))
check_bodies([json.loads(base64.b64decode(message["data"])) for message in messages], ids, objects, REC_TYPE)
check(all(message["key"] == "" for message in messages), "ordering: none sends no ordering keys")
print(f"ok: {len(messages)} messages without ordering keys")

messages = ask("receive", address, PROJECT, "of-building-objs", len(ids))
for message in messages:
    event = json.loads(base64.b64decode(message["data"]))
    check(event["specversion"] == "1.0" and event["subject"] == message["key"], f"{event}")
    check(message["attributes"]["content-type"] == "application/cloudevents+json", f"{message['attributes']}")
print(f"ok: {len(messages)} CloudEvents, marked by their media type")

# An update and a deletion follow their creation.
sluice.update(REC_TYPE, ids[0], {"device": "dev-0", "n": 100})
sluice.wait_until_delivered("own-name", len(ids) + 2)
history = ask("receive", address, PROJECT, "of-building-objs", 1)
check(history[0]["attributes"]["event_type"] == "update" and history[0]["key"] == ids[0], f"{history}")
print("ok: an object's next event comes under the same ordering key")

report = subprocess.run(
    [BINARY, "test", "--config", f"{sluice.folder.name}/sluice.yaml"], stdout=subprocess.PIPE, text=True
)
check(report.returncode == 0, f"sluice test: {report.stdout}")
check("right to write" in report.stdout and "subscription" in report.stdout, report.stdout)
print("ok: the test call finds topics and subscriptions, and says that this server knows no permissions")
