"""Sluice against a cloud that fails in every way the sandbox knows: nothing lost, first appearances in order per key."""

import json
import os

from peers import (
    SANDBOX_KEY,
    SANDBOX_SECRET,
    Sandbox,
    Sluice,
    check,
    check_order_per_key,
    eventually,
    integration,
    readings,
)

CREDENTIALS = {"access_key_id": SANDBOX_KEY, "secret_access_key": SANDBOX_SECRET}
FAULTS = {
    "records fail here and there": [{"action": "fail_record", "share": 0.05}],
    "the second record of every request fails": [{"action": "fail_record", "record": 1, "every": 2}],
    "a tenth of the records are throttled": [{"action": "throttle", "share": 0.1}],
    "one key's records are throttled for a while": [{"action": "throttle", "key": "dev-3", "count": 40}],
    "every third request is a 500": [{"action": "http_500", "every": 3, "count": 20}],
    "connections drop before the request is accepted": [{"action": "reset_before", "every": 3, "count": 10}],
    "connections drop after the request was accepted": [{"action": "reset_after", "every": 3, "count": 10}],
    "the service's clock is an hour ahead": [{"action": "skew", "skew": 3600}],
    "everything at once": [
        {"action": "fail_record", "share": 0.03},
        {"action": "throttle", "share": 0.05},
        {"action": "http_500", "every": 5, "count": 10, "status": 503},
        {"action": "reset_after", "every": 7, "count": 6},
        {"action": "reset_before", "every": 11, "count": 6},
        {"action": "delay", "delay": "40ms", "every": 4},
    ],
}

if os.environ.get("SLUICE_SOAK"):  # each costs the 30 s after which a request is given up
    FAULTS["requests are never answered, accepted or not"] = [
        {"action": "hang", "nth": 2},
        {"action": "hang_after", "nth": 4},
    ]

sandbox = Sandbox(tls=True)


def to(kind, target):
    where = (
        {"stream": target}
        if kind == "kinesis"
        else {"queue_url": f"https://sqs.eu-west-1.amazonaws.com/000000000000/{target}"}
    )
    return {
        "type": kind,
        "region": "eu-west-1",
        "endpoint": sandbox.url,
        "tls": {"ca_file": sandbox.ca_file},
        "credentials": CREDENTIALS,
    } | where


targets = {"kinesis": "readings", "fifo": "ordered.fifo", "standard": "standard"}
retry = {"max_backoff": "500ms"}
sluice = Sluice(
    [
        integration(
            name, to("kinesis" if name == "kinesis" else "sqs", target), key="{obj.data.device|id}", retry=retry
        )
        for name, target in targets.items()
    ]
)
delivered = 0
for seed, (name, rules) in enumerate(FAULTS.items()):
    sandbox.clear()
    sandbox.faults(*rules, seed=seed)
    objects = readings(devices=11, each=60)
    for value in objects:
        value["fault"] = name
    ids = sluice.create("io.example.readings", objects, batch=33)
    delivered += len(ids)
    for integration_name in targets:
        sluice.wait_until_delivered(integration_name, delivered)
    struck = sum(rule["struck"] for rule in sandbox.control("faults")["rules"])
    check(struck > 0, f"{name}: the fault never struck")
    repeated = {}
    for integration_name, target in targets.items():
        items = sandbox.received(target=target)
        bodies = [json.loads(item["body"]) for item in items]
        check({body["id"] for body in bodies} == set(ids), f"{name}: {integration_name} lost some")
        check_order_per_key(bodies, len(ids))
        repeated[integration_name] = len(bodies) - len(ids)
    check(repeated["fifo"] == 0, f"{name}: the FIFO queue took {repeated['fifo']} twice")
    print(f"ok: {name}: {struck} faults, nothing lost, in order; sent again: {repeated}", flush=True)

# What needs somebody's hand is told as what it is, and goes on by itself once it is put right.
for action, expected in (("missing_target", "missing_target"), ("access_denied", "credentials")):
    sandbox.faults({"action": action, "service": "kinesis"})
    delivered += len(sluice.create("io.example.readings", readings(devices=3, each=5)))

    def told():
        error = sluice.integration("kinesis")["stats"]["last_error"]
        return error if error and error["class"] == expected else None

    error = eventually(f"{action} to be told as {expected}", told)
    check(error["target"] == targets["kinesis"] and error["hint"], f"{error}")
    sandbox.faults()
    sluice.wait_until_delivered("kinesis", delivered)
    print(f"ok: {action} is told as {expected} ({error['code']}), and passes")
