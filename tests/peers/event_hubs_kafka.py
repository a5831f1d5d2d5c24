"""Sluice delivers to an Apache Kafka broker as to an Event Hubs namespace; kafka-python reads back bytes, headers, order."""

import json
import threading

from kafka_broker import KafkaBroker
from peers import Sluice, check, check_bodies, check_order_per_key, eventually, integration, readings

KEY = "dGhlIGtleSBvZiBhIG5hbWVzcGFjZSB0aGF0IGlzIG5vbmU="
STRING = f"Endpoint=sb://building.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey={KEY}"
USER = "User:$ConnectionString"

broker = KafkaBroker(STRING)
admin = broker.admin()


def allow(*operations):
    """From now on the connection string's owner may do this with every topic, and nothing else."""
    from kafka.admin import ACL, ACLFilter, ACLOperation, ACLPermissionType, ResourcePattern, ResourcePatternFilter
    from kafka.admin import ACLResourcePatternType as Pattern
    from kafka.admin import ResourceType

    every = ResourcePatternFilter(ResourceType.ANY, None, Pattern.ANY)
    admin.delete_acls([ACLFilter(USER, "*", ACLOperation.ANY, ACLPermissionType.ANY, every)])
    topics = ResourcePattern(ResourceType.TOPIC, "*", Pattern.LITERAL)
    if operations:
        admin.create_acls(
            [ACL(USER, "*", getattr(ACLOperation, name), ACLPermissionType.ALLOW, topics) for name in operations]
        )


def to(string=STRING, **settings):
    return {
        "type": "event_hubs",
        "connection_string": string,
        "endpoint": f"https://{broker.address}",
        "tls": {"ca_file": broker.ca_file},
    } | settings


ORDERED = {"key": "{obj.data.device|id}", "retry": {"max_backoff": "500ms"}}


def only(id, rec_type, destination):
    return integration(id, destination, **ORDERED) | {"filter": {"recTypes": [rec_type]}}


def told(id, error_class):
    def of_that_class():
        error = sluice.integration(id)["stats"]["last_error"]
        return error if error and error["class"] == error_class else None

    return eventually(f"{id} to be told {error_class}", of_that_class)


def check_arrived(topic, ids, objects):
    from kafka.partitioner import murmur2

    records = broker.read(topic)
    bodies = [json.loads(record.value) for record in records]
    check_bodies(bodies, ids, objects, topic)
    check_order_per_key(bodies, len(ids))
    partitions = {record.partition for record in records}
    for record, body in zip(records, bodies):
        device = body["obj"]["data"]["device"]
        check(record.key.decode() == device, f"key {record.key} of {device}")
        check(record.partition == (murmur2(record.key) & 0x7FFFFFFF) % 4, "a partition that Java's client would not choose")
        headers = {name: value.decode() for name, value in record.headers}
        expected = {"event_type": "create", "obj_type": "objs", "recType": topic, "id": body["id"]}
        check(expected.items() <= headers.items(), f"headers: {headers}")
        check({"sluice-sequence", "sluice-time", "source"} <= headers.keys(), f"headers: {headers}")
    return records, partitions


allow("CREATE", "WRITE", "DESCRIBE")
sluice = Sluice(
    [
        only("per-type", "io.example.*.readings", to()),
        only("one-hub", "io.example.one", to(hub="building-events", compression="gzip")),
        only("idempotent", "io.example.idem", to(idempotence=True)),
        only("no-create", "io.example.absent", to(create_hubs=False)),
        only("bad-key", "io.example.bad", to(STRING.replace("dGhl", "AAAA"))),
    ]
)

# A hub for each recType, made when it is first needed.
sent = {}
for kind in ("rooms", "doors"):
    topic = f"io.example.{kind}.readings"
    objects = readings(devices=9, each=40)
    sent[topic] = (sluice.create(topic, objects), objects)
sluice.wait_until_delivered("per-type", 2 * 9 * 40)
for topic, (ids, objects) in sent.items():
    records, partitions = check_arrived(topic, ids, objects)
    check(len(partitions) == 4, f"{topic} has {len(partitions)} partitions in use")
    check(len(records) == len(ids), f"{len(records)} records for {len(ids)} events")
    print(f"ok: {topic} created with 4 partitions; {len(records)} records with keys, headers, order by key", flush=True)

objects = readings(devices=5, each=20)
ids = sluice.create("io.example.one", objects)
sluice.wait_until_delivered("one-hub", len(ids))
bodies = [json.loads(record.value) for record in broker.read("building-events")]
check_bodies(bodies, ids, objects, "io.example.one")
check_order_per_key(bodies, len(ids))
print(f"ok: one named hub, gzip: {len(bodies)} records", flush=True)

# Nothing is created by asking for it, although this broker would.
sluice.create("io.example.absent", readings(devices=1, each=3))
error = told("no-create", "missing_target")
check(error["target"] == "io.example.absent" and "create_hubs" in error["message"], f"{error}")
check("io.example.absent" not in admin.list_topics(), "a hub was created that nobody may create")
print(f"ok: {error['code']}: {error['message']}", flush=True)

# A key that is refused.
sluice.create("io.example.bad", readings(devices=1, each=3))
error = told("bad-key", "credentials")
check(error["code"] == "AUTHENTICATION" and error["hint"] and KEY[4:] not in json.dumps(error), f"{error}")
print(f"ok: {error['code']}: {error['message']}", flush=True)

# Without the right to create (Manage), one target is missing and the others go on.
allow("WRITE", "DESCRIBE")
objects = readings(devices=3, each=10)
lost_ids = sluice.create("io.example.lifts.readings", objects)
error = told("per-type", "missing_target")
check(error["target"] == "io.example.lifts.readings" and "Manage" in error["message"] + error["hint"], f"{error}")
print(f"ok: {error['code']}: {error['message']}", flush=True)
topic = "io.example.rooms.readings"
more = readings(devices=9, each=50)[9 * 40 :]
sent[topic][0].extend(sluice.create(topic, more))
sent[topic][1].extend(more)
sluice.wait_until_delivered("per-type", 2 * 9 * 40 + 9 * 10)
print("ok: the other targets go on", flush=True)
admin.create_topics({"io.example.lifts.readings": {"num_partitions": 4, "replication_factor": 1}})
sluice.wait_until_delivered("per-type", 2 * 9 * 40 + 9 * 10 + 30)
check_arrived("io.example.lifts.readings", lost_ids, objects)
print("ok: what waited for a hub arrives, in order, once somebody has made it", flush=True)

topic = "io.example.idem"
allow("CREATE", "WRITE", "DESCRIBE")
first = readings(devices=9, each=30)
idem_ids = sluice.create(topic, first)
sluice.wait_until_delivered("idempotent", len(idem_ids))

# The broker dies in the middle, twice, while events keep coming.
rooms = "io.example.rooms.readings"
started = sluice.integration("per-type")["stats"]["delivered"]
before = len(sent[rooms][0])
more = readings(devices=9, each=350)[9 * 50 :]
idem_more = readings(devices=9, each=330)[9 * 30 :]


def write():
    for at in range(0, len(more), 90):
        sent[rooms][0].extend(sluice.create(rooms, more[at : at + 90]))
        idem_ids.extend(sluice.create(topic, idem_more[at : at + 90]))


writer = threading.Thread(target=write)
writer.start()
for least in (300, 900):
    eventually("some to be delivered", lambda: sluice.integration("per-type")["stats"]["delivered"] >= started + least)
    broker.kill()
    eventually("the loss to be noticed", lambda: sluice.integration("per-type")["state"] == "failing")
    broker.start()
writer.join()
sent[rooms][1].extend(more)
sluice.wait_until_delivered("per-type", started + len(more))
sluice.wait_until_delivered("idempotent", len(idem_ids))
records, _ = check_arrived(rooms, *sent[rooms])
print(f"ok: {len(sent[rooms][0]) - before} events through two deaths of the broker, in order; sent again: "
      f"{len(records) - len(sent[rooms][0])}", flush=True)
records, _ = check_arrived(topic, idem_ids, first + idem_more)
print(f"ok: the same with idempotence; sent again: {len(records) - len(idem_ids)}", flush=True)
