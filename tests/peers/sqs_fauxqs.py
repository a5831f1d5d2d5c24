"""Sluice delivers to fauxqs, standard and FIFO; boto3 receives. FIFO: order per group, and deduplication ids that hold."""

import json

from peers import (
    HERE,
    Program,
    Sluice,
    check,
    check_bodies,
    check_order_per_key,
    client,
    free_port,
    integration,
    read_queue,
    readings,
)

port = free_port()
endpoint = f"http://127.0.0.1:{port}"
Program(["node", HERE / "fauxqs_server.mjs", str(port)], port)
sqs = client("sqs", endpoint, attempts=4)
standard = sqs.create_queue(QueueName="standard")["QueueUrl"]
fifo = sqs.create_queue(QueueName="ordered.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


def to(url):
    return {
        "type": "sqs",
        "queue_url": url,
        "region": "eu-west-1",
        "endpoint": endpoint,
        "credentials": {"access_key_id": "AKIAANYTHING", "secret_access_key": "any"},
    }


sluice = Sluice([integration("standard", to(standard)), integration("fifo", to(fifo), key="{obj.data.device|id}")])
objects = readings(devices=9, each=40)
ids = sluice.create("io.example.readings", objects)
for name in ("standard", "fifo"):
    sluice.wait_until_delivered(name, len(ids))

messages = read_queue(sqs, standard, len(ids))
bodies = [json.loads(message["Body"]) for message in messages]
check_bodies(bodies, ids, objects, "io.example.readings")
for message, body in zip(messages, bodies):
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    expected = {
        "event_type": "create",
        "obj_type": "objs",
        "recType": "io.example.readings",
        "id": body["id"],
        "source": body["source"],
    }
    check(expected.items() <= attributes.items(), f"attributes: {attributes}")
    check({"sluice-sequence", "sluice-time"} <= attributes.keys(), f"attributes: {attributes}")
print(f"ok: standard queue, {len(messages)} messages with their attributes")

messages = read_queue(sqs, fifo, len(ids))
bodies = [json.loads(message["Body"]) for message in messages]
check_bodies(bodies, ids, objects, "io.example.readings")
check_order_per_key(bodies, len(ids))
groups = {}
for message, body in zip(messages, bodies):
    groups.setdefault(body["obj"]["data"]["device"], set()).add(message["Attributes"]["MessageGroupId"])
check(
    all(len(of_device) == 1 for of_device in groups.values()), f"a device's messages are in several groups: {groups}"
)
check(len(messages) == len(ids), f"{len(messages)} messages for {len(ids)} events: the queue had to drop nothing")
print(f"ok: FIFO queue, {len(messages)} messages in order by group")
