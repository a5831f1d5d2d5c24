"""Sluice against a Pub/Sub that fails in every way the sandbox knows, over TLS with a service account's key file: nothing lost,
first appearances in order per key; one bad event costs no other."""

import json

from peers import (
    Sandbox,
    Sluice,
    check,
    check_bodies,
    check_order_per_key,
    eventually,
    integration,
    readings,
)

REC_TYPE = "io.example.readings"
FAULTS = {
    "requests with certain messages fail": [{"action": "fail_record", "every": 97, "count": 10}],
    # The second request for certain: of twenty or so, a tenth may be none.
    "over the quota here and there": [
        {"action": "throttle_request", "share": 0.1},
        {"action": "throttle_request", "nth": 2},
    ],
    "one key is throttled for a while": [{"action": "throttle", "key": "dev-3", "count": 20}],
    "every third request is unavailable": [{"action": "http_500", "status": 503, "every": 3, "count": 20}],
    "aborted and unknown": [
        {"action": "http_500", "code": "ABORTED", "every": 4, "count": 10},
        {"action": "http_500", "code": "UNKNOWN", "every": 5, "count": 10},
    ],
    "connections drop before the request is accepted": [{"action": "reset_before", "every": 5, "count": 8}],
    "connections drop after the request was accepted": [{"action": "reset_after", "every": 5, "count": 8}],
    "tokens are refused for a moment": [{"action": "expired_token", "every": 7, "count": 3}],
    "everything at once": [
        {"action": "fail_record", "every": 97, "count": 10},
        {"action": "throttle_request", "share": 0.05},
        {"action": "http_500", "every": 5, "count": 10, "status": 503},
        {"action": "reset_after", "every": 9, "count": 5},
        {"action": "reset_before", "every": 11, "count": 5},
        {"action": "delay", "delay": "40ms", "every": 4},
    ],
}

sandbox = Sandbox(tls=True)
endpoint = sandbox.listener("pubsub_grpc")
key_file = sandbox.control("credentials/google_admin.json")


def to(**settings):
    return {
        "type": "pubsub",
        "endpoint": endpoint,
        "tls": {"ca_file": sandbox.ca_file},
        "credentials": key_file,
    } | settings


names = {"by-key": "readings-by-key", "unordered": "readings-unordered"}
sluice = Sluice(
    [
        integration(
            "by-key", to(topic=names["by-key"]), key="{obj.data.device|id}", retry={"max_backoff": "300ms"}
        ),
        integration(
            "unordered",
            to(topic=names["unordered"], ordering_keys=False),
            key="{obj.data.device|id}",
            retry={"max_backoff": "300ms"},
        ),
    ]
)
delivered = 0
for seed, (name, rules) in enumerate(FAULTS.items()):
    sandbox.clear()
    sandbox.faults(*[{"operation": "Publish"} | rule for rule in rules], seed=seed)
    objects = readings(devices=11, each=60)
    ids = sluice.create(REC_TYPE, objects, batch=33)
    delivered += len(ids)
    repeated = {}
    for id, topic in names.items():
        sluice.wait_until_delivered(id, delivered)
        items = sandbox.received(target=topic)
        bodies = [json.loads(item["body"]) for item in items]
        check({body["id"] for body in bodies} == set(ids), f"{name}: {id} lost some")
        check_order_per_key(bodies, len(ids))
        check_bodies(bodies, ids, objects, REC_TYPE)
        keys = {item.get("key") for item in items}
        check(keys == ({None} if id == "unordered" else {f"dev-{n}" for n in range(11)}), f"{id}: keys {keys}")
        repeated[id] = len(bodies) - len(ids)
    struck = sum(rule["struck"] for rule in sandbox.control("faults")["rules"])
    check(struck > 0, f"{name}: the fault never struck")
    print(f"ok: {name}: {struck} faults, nothing lost, in order; sent again: {repeated}", flush=True)

# One event that the service will never take, among many: it alone becomes a dead letter.
sandbox.clear()
sandbox.faults({"operation": "Publish", "action": "fail_record", "body": '"n":17,', "code": "INVALID_ARGUMENT"})
ids = sluice.create(REC_TYPE, readings(devices=3, each=40), batch=120)
for id, topic in names.items():
    expected = delivered + len(ids) - 3

    def settled():
        stats = sluice.integration(id)["stats"]
        return stats if stats["delivered"] + stats["dead_lettered"] >= expected + 3 else None

    stats = eventually("all to be settled", settled)
    check(stats["delivered"] == expected and stats["dead_lettered"] == 3 and stats["lost"] == 0, f"{id}: {stats}")
    bodies = [json.loads(item["body"]) for item in sandbox.received(target=topic)]
    check(all(body["obj"]["data"]["n"] != 17 for body in bodies), "a poisoned event was accepted")
    check_order_per_key(bodies, len(ids) - 3)
    print(f"ok: {id}: three bad events of 120 are dead letters, the others arrived in order", flush=True)
sandbox.faults()

# What needs somebody's hand is told as what it is, and goes on by itself once it is put right.
for action, expected_class in (("missing_target", "missing_target"), ("access_denied", "credentials")):
    sandbox.faults({"action": action, "service": "pubsub"})
    before = sluice.integration("by-key")["stats"]["delivered"]
    made = len(sluice.create(REC_TYPE, readings(devices=3, each=5)))

    def told():
        error = sluice.integration("by-key")["stats"]["last_error"]
        return error if error and error["class"] == expected_class else None

    error = eventually(f"{action} to be told as {expected_class}", told)
    check(error["hint"], f"{error}")
    sandbox.faults()
    eventually("delivery to go on", lambda: sluice.integration("by-key")["stats"]["delivered"] >= before + made)
    print(f"ok: {action} is told as {expected_class} ({error['code']}), and passes")
