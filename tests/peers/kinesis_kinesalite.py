"""Sluice delivers to kinesalite, plain and KPL-aggregated; boto3 reads back. Updates and deletes of one object stay in order."""

import json

from peers import (
    HERE,
    Program,
    Sluice,
    call,
    check,
    check_bodies,
    check_order_per_key,
    client,
    deaggregate,
    free_port,
    integration,
    read_stream,
    readings,
    shard_of,
)

port = free_port()
endpoint = f"http://127.0.0.1:{port}"
Program(["node", HERE / "kinesalite_server.cjs", str(port)], port)
kinesis = client("kinesis", endpoint, attempts=4)
for stream in ("plain", "aggregated", "by-type-io.example.readings"):
    kinesis.create_stream(StreamName=stream, ShardCount=3)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def to(stream, **more):
    return {
        "type": "kinesis",
        "stream": stream,
        "region": "eu-west-1",
        "endpoint": endpoint,
        "credentials": {"csv": "Access key ID,Secret access key\r\nAKIAANYTHING,any/secret+will=do\r\n"},
    } | more


sluice = Sluice(
    [
        integration("plain", to("plain"), key="{obj.data.device|id}"),
        integration("aggregated", to("aggregated", aggregation="kpl"), key="{obj.data.device|id}"),
        integration("templated", to("by-type-{recType}")),
    ]
)
objects = readings(devices=7, each=200)
ids = sluice.create("io.example.readings", objects)
changed = ids[:20]
for round in range(5):
    for id in changed:
        sluice.update("io.example.readings", id, {"round": round})
for id in changed:
    call(f"{sluice.url}/share/io.example.readings/{id}", "DELETE", headers=sluice.headers)
events = len(ids) + 6 * len(changed)
for name in ("plain", "aggregated", "templated"):
    sluice.wait_until_delivered(name, events)

bodies = [json.loads(data) for _, _, data in read_stream(kinesis, "plain")]
creates = [body for body in bodies if body["event_type"] == "create"]
check_bodies(creates, ids, objects, "io.example.readings")
check_order_per_key(creates, len(ids))
print(f"ok: {len(creates)} objects in order by device")

# Taken apart by AWS's own library; a consumer drops what does not belong to the shard it was found in.
outer = read_stream(kinesis, "aggregated")
inner = deaggregate(outer)
bodies = [json.loads(data) for _, _, data in inner]
creates = [body for body in bodies if body["event_type"] == "create"]
check_bodies(creates, ids, objects, "io.example.readings")
check_order_per_key(creates, len(ids))
shard = shard_of(kinesis, "aggregated")
for found_in, key, _ in inner:
    check(found_in == shard(key), f"{key} was aggregated into {found_in} and belongs to {shard(key)}")
check(len(outer) < len(inner), f"nothing was aggregated: {len(outer)} records")
print(f"ok: {len(inner)} events aggregated into {len(outer)} records")

# The default key is the object: all that happens to one is in its stream's order.
bodies = [json.loads(data) for _, _, data in read_stream(kinesis, "by-type-io.example.readings")]
for id in changed:
    history = [(body["event_type"], body["obj"]["data"].get("round")) for body in bodies if body["id"] == id]
    check(
        history == [("create", None)] + [("update", round) for round in range(5)] + [("delete", 4)],
        f"{id}: {history}",
    )
print(f"ok: {len(changed)} objects' histories in order")
