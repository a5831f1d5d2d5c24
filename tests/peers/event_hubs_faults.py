"""Sluice delivers to the sandbox's Event Hubs over Kafka and HTTPS, with a pasted key and with Entra, while it fails in every way
it knows: nothing lost, first appearances in order per key."""

import json

from peers import Sandbox, Sluice, check, check_order_per_key, eventually, integration, readings

NAMESPACE = "sluice-sandbox.servicebus.windows.net"
STRING = (
    f"Endpoint=sb://{NAMESPACE}/;SharedAccessKeyName=RootManageSharedAccessKey;"
    "SharedAccessKey=c2x1aWNlLXNhbmRib3gtbWFuYWdlLWtleS1wdWJsaWM="
)
FAULTS = {
    # The second batch for certain: a tenth of a few may be none.
    "batches fail here and there": [{"action": "fail_record", "share": 0.1}, {"action": "fail_record", "nth": 2}],
    "a tenth of the batches are throttled": [{"action": "throttle", "share": 0.1}, {"action": "throttle", "nth": 2}],
    "every third request fails": [{"action": "http_500", "every": 3, "count": 15}],
    "requests time out, stored or not": [{"action": "http_500", "status": 503, "every": 4, "count": 10}],
    "connections drop before the request is accepted": [{"action": "reset_before", "every": 3, "count": 8}],
    "connections drop after the request was accepted": [{"action": "reset_after", "every": 3, "count": 8}],
    "everything at once": [
        {"action": "fail_record", "share": 0.05},
        {"action": "throttle", "share": 0.05},
        {"action": "http_500", "every": 5, "count": 8},
        {"action": "reset_after", "every": 7, "count": 5},
        {"action": "reset_before", "every": 11, "count": 5},
        {"action": "delay", "delay": "40ms", "every": 4},
    ],
}

sandbox = Sandbox(tls=True)
kafka = sandbox.listener("event_hubs_kafka")
ENTRA = {
    "namespace": NAMESPACE,
    "credentials": {
        "tenant_id": "5a9d0c1e-0000-4000-8000-736c75696365",
        "client_id": "5a9d0c1e-0001-4000-8000-736c75696365",
        "client_secret": "sluice~sandbox.owner-secret_not.for.production",
        "authority": sandbox.url,
    },
}


def to(**settings):
    tls = {"ca_file": sandbox.ca_file}
    by_https = settings.get("protocol") == "https"
    return {"type": "event_hubs", "endpoint": sandbox.url if by_https else kafka, "tls": tls} | settings


destinations = {
    "kafka": to(connection_string=STRING, hub="over-kafka"),
    "idempotent": to(connection_string=STRING, hub="idempotent", idempotence=True, compression="gzip"),
    "https": to(connection_string=STRING, hub="over-https", protocol="https", partitions=2),
}
retry = {"max_backoff": "500ms"}
sluice = Sluice(
    [
        integration(name, destination, key="{obj.data.device|id}", retry=retry)
        for name, destination in destinations.items()
    ]
)
delivered = 0
for seed, (name, rules) in enumerate(({"no fault": []} | FAULTS).items()):
    sandbox.clear()
    both = [{"service": "event_hubs", "operation": each} | rule for rule in rules for each in ("Produce", "SendBatch")]
    sandbox.faults(*both, seed=seed)
    objects = readings(devices=11, each=20)
    for value in objects:
        value["fault"] = name
    ids = sluice.create("io.example.readings", objects, batch=33)
    delivered += len(ids)
    repeated = {}
    for id, destination in destinations.items():
        sluice.wait_until_delivered(id, delivered)
        items = sandbox.received(service="event_hubs", target=destination["hub"])
        bodies = [json.loads(item["body"]) for item in items]
        check({body["id"] for body in bodies} == set(ids), f"{name}: {id} lost some")
        check_order_per_key(bodies, len(ids))
        for item, body in zip(items, bodies):
            check(item["key"] == body["obj"]["data"]["device"], f"{name}: {id}: key {item['key']}")
            check(item["attributes"].get("id") == body["id"], f"{name}: {id}: {item['attributes']}")
        repeated[id] = len(bodies) - len(ids)
    struck = sum(rule["struck"] for rule in sandbox.control("faults")["rules"])
    check(struck > 0 or not rules, f"{name}: the fault never struck")
    print(f"ok: {name}: {struck} faults, nothing lost, in order; sent again: {repeated}", flush=True)

# Entra's tokens, on both protocols; the secret is refused, then right again.
wrong = ENTRA["credentials"] | {"client_secret": "not~the.secret"}
sandbox.faults()
entra = Sluice(
    [
        integration("kafka", to(**ENTRA, hub="entra-kafka")),
        integration("https", to(**ENTRA, hub="entra-https", protocol="https")),
        integration("refused", to(namespace=NAMESPACE, credentials=wrong, hub="entra-refused", protocol="https")),
    ]
)
objects = readings(devices=3, each=20)
ids = entra.create("io.example.readings", objects)
for id in ("kafka", "https"):
    entra.wait_until_delivered(id, len(ids))
    bodies = [json.loads(item["body"]) for item in sandbox.received(service="event_hubs", target=f"entra-{id}")]
    check({body["id"] for body in bodies} == set(ids), f"Entra over {id} lost some")
print("ok: an Entra application writes over both protocols", flush=True)


def told():
    error = entra.integration("refused")["stats"]["last_error"]
    return error if error and error["class"] == "credentials" else None


error = eventually("the wrong secret to be told", told)
check(error["hint"] and "not~the.secret" not in json.dumps(error), f"{error}")
print(f"ok: a wrong secret is told: {error['code']}: {error['message']}", flush=True)
