"""Sluice delivers to kinesalite, plain and KPL-aggregated; boto3 reads back. Updates and deletes of one object stay in order."""
import json

from peers import HERE, Program, Sluice, call, check, check_bodies, check_order_per_key, client, free_port, integration, read_stream, readings

port = free_port()
endpoint = f"http://127.0.0.1:{port}"
Program(["node", HERE / "kinesalite_server.cjs", str(port)], port)
kinesis = client("kinesis", endpoint, attempts=4)
for stream in ("plain", "by-type-io.example.readings"):
    kinesis.create_stream(StreamName=stream, ShardCount=3)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def to(stream):
    return {"type": "kinesis", "stream": stream, "region": "eu-west-1", "endpoint": endpoint,
            "credentials": {"csv": "Access key ID,Secret access key\r\nAKIAANYTHING,any/secret+will=do\r\n"}}


sluice = Sluice([integration("plain", to("plain"), key="{obj.data.device|id}"),
                 integration("templated", to("by-type-{recType}"))])
objects = readings(devices=7, each=200)
ids = sluice.create("io.example.readings", objects)
changed = ids[:20]
for round in range(5):
    for id in changed:
        sluice.update("io.example.readings", id, {"round": round})
for id in changed:
    call(f"{sluice.url}/share/io.example.readings/{id}", "DELETE", headers=sluice.headers)
events = len(ids) + 6 * len(changed)
for name in ("plain", "templated"):
    sluice.wait_until_delivered(name, events)

bodies = [json.loads(data) for _, _, data in read_stream(kinesis, "plain")]
creates = [body for body in bodies if body["event_type"] == "create"]
check_bodies(creates, ids, objects, "io.example.readings")
check_order_per_key(creates, len(ids))
print(f"ok: {len(creates)} objects in order by device")

# The default key is the object: all that happens to one is in its stream's order.
bodies = [json.loads(data) for _, _, data in read_stream(kinesis, "by-type-io.example.readings")]
for id in changed:
    history = [(body["event_type"], body["obj"]["data"].get("round")) for body in bodies if body["id"] == id]
    check(history == [("create", None)] + [("update", round) for round in range(5)] + [("delete", 4)], f"{id}: {history}")
print(f"ok: {len(changed)} objects' histories in order")
