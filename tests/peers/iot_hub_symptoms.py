"""Sluice against the sandbox's IoT Hub that cuts its connections off in the middle, and one that does not say why."""

import base64
import hashlib
import hmac
import json
import threading

from peers import Sandbox, Sluice, check, check_order_per_key, eventually, integration, readings

GROUP_KEY = base64.b64decode("c2x1aWNlL3NhbmRib3graW90LWh1Yi9ncm91cC1rZXk=")
sandbox = Sandbox(tls=True)


def to(device, transport):
    key = base64.b64encode(hmac.digest(GROUP_KEY, device.encode(), hashlib.sha256)).decode()
    return {
        "type": "iot_hub",
        "connection_string": f"HostName=sluice-sandbox.azure-devices.net;DeviceId={device};SharedAccessKey={key}",
        "transport": transport,
        "endpoint": sandbox.listener("iot_hub_mqtt") if transport == "mqtt" else sandbox.url,
        "tls": {"ca_file": sandbox.ca_file},
    }


devices = {"over-mqtt": "mqtt", "over-https": "https"}
sluice = Sluice(
    [
        integration(name, to(name, transport), key="{obj.data.device|id}", retry={"max_backoff": "500ms"})
        for name, transport in devices.items()
    ]
)
delivered = 0
written = 0  # by each device


def write(count, fault):
    """As many readings of each device, numbered through; the ids of the objects."""
    global written
    objects = readings(devices=11, each=count)
    for value in objects:
        value |= {"fault": fault, "n": written + value["n"]}
    written += count
    return sluice.create("io.example.readings", objects, batch=33)


def check_arrived(name, ids):
    """Nothing lost, first appearances in order; how many came again."""
    bodies = [json.loads(item["body"]) for item in sandbox.received(target=name)]
    check({body["id"] for body in bodies} == ids, f"{name} lost some of {len(ids)}")
    check_order_per_key(bodies, len(ids))
    return len(bodies) - len(ids)


# What is counted and never strikes: how often the device connected.
CONNECTS = {"action": "delay", "delay": "1ms", "operation": "Connect", "target": "over-mqtt", "after": 1_000_000}


def connects():
    return sandbox.control("faults")["rules"][0]["matched"]


# Cut off again and again while events flow, slowly enough that a window is often under way.
sandbox.clear()
sandbox.faults(CONNECTS, {"action": "delay", "delay": "3ms", "operation": "Publish", "every": 2})
stop = threading.Event()


def kick():
    while not stop.wait(0.2):
        sandbox.control("targets/iot_hub/over-mqtt", "PUT", {"disconnect": True})


kicker = threading.Thread(target=kick)
kicker.start()
ids = set()
while connects() < 10:
    ids |= set(write(20, "kicks"))
    sluice.wait_until_delivered("over-mqtt", delivered + len(ids))
stop.set()
kicker.join()
delivered += len(ids)
sluice.wait_until_delivered("over-https", delivered)
repeated = check_arrived("over-mqtt", ids)
print(f"ok: cut off {connects()} times while {len(ids)} events flowed: none lost, in order; sent again: {repeated}", flush=True)
sandbox.faults()


# What a hub never says is told by its symptoms, and goes on by itself once it is put right.
def told(name, error_class, code):
    def is_told():
        error = sluice.integration(name)["stats"]["last_error"]
        return error if error and (error["class"], error["code"]) == (error_class, code) else None

    error = eventually(f"{code} to be told as {error_class}", is_told)
    check(error["hint"] and error["target"] == name, f"{error}")
    print(f"ok: {code} is told as {error_class}", flush=True)


sandbox.control("targets/iot_hub/over-mqtt", "PUT", {"status": "disabled"})
delivered += len(write(5, "disabled"))
told("over-mqtt", "credentials", "not_authorized")
sandbox.control("targets/iot_hub/over-mqtt", "PUT", {"status": "enabled"})
sluice.wait_until_delivered("over-mqtt", delivered)

sandbox.faults(
    {"action": "throttle_request", "code": "403002", "operation": "Publish"},
    {"action": "throttle_request", "code": "403002", "operation": "SendMessage"},
)
delivered += len(write(5, "quota"))
told("over-mqtt", "throttled", "closed_without_acknowledgement")
told("over-https", "throttled", "403002")
sandbox.faults(
    {"action": "delay", "delay": "6s", "operation": "Publish", "count": 1},
    {"action": "throttle_request", "operation": "Publish", "nth": 2},
)
told("over-mqtt", "throttled", "acknowledged_slowly")
sandbox.faults()
for device in devices:
    sluice.wait_until_delivered(device, delivered)

# A hub whose clock is two hours ahead: its time is in its answer, and tokens are made for that.
retries = sluice.integration("over-https")["stats"]["retries"]
sandbox.faults({"action": "skew", "skew": 7200, "operation": "SendMessage"})
delivered += len(write(5, "clock"))
for device in devices:
    sluice.wait_until_delivered(device, delivered)
check(sandbox.control("faults")["rules"][0]["struck"] > 0, "the clock was never wrong")
check(sluice.integration("over-https")["stats"]["retries"] == retries, "the wrong clock cost retries")
sandbox.faults()
print("ok: a clock that is two hours off is made up for", flush=True)

# Two integrations of one Sluice with one device: the second leaves the first alone, and says why it waits.
sluice.stop()


def twin(number):
    return integration(f"twin-{number}", to("twin", "mqtt"), retry={"max_backoff": "200ms"})


def told_code(of, name):
    return (of.integration(name)["stats"]["last_error"] or {}).get("code")


sandbox.clear()
sluice = Sluice([twin(1), twin(2)])
ids = set(write(40, "twins"))
waiting = eventually(
    "either twin to say that the device is in use",
    lambda: next((n for n in (1, 2) if told_code(sluice, f"twin-{n}") == "device_in_use"), None),
)
connected = 3 - waiting
sluice.wait_until_delivered(f"twin-{connected}", len(ids))
check_arrived("twin", ids)
for n in (1, 2):
    check(sluice.integration(f"twin-{n}")["stats"]["duplicates_possible"] == 0, f"twin-{n} was cut off")
check(sluice.integration(f"twin-{waiting}")["stats"]["delivered"] == 0, "the twin that waits has sent something")
print("ok: device_in_use is told, and the one that is connected stays so", flush=True)
sluice.stop()

# Two Sluices know nothing of each other and cut each other off: it is told, and both get everything delivered.
sandbox.clear()
sandbox.faults({"action": "delay", "delay": "20ms", "operation": "Publish"})
twins = [Sluice([twin(n)]) for n in (1, 2)]
ids = set()
for n, sluice in enumerate(twins, 1):
    ids |= set(write(40, "taken over"))
eventually(
    "either twin to say that its connection was taken over",
    lambda: any(told_code(each, f"twin-{n}") == "connection_taken_over" for n, each in enumerate(twins, 1)),
)
sandbox.faults()
for n, each in enumerate(twins, 1):
    each.wait_until_delivered(f"twin-{n}", len(ids) // 2)
bodies = [json.loads(item["body"]) for item in sandbox.received(target="twin")]
check({body["id"] for body in bodies} == ids, "something is missing")
print("ok: connection_taken_over is told, and both deliver all the same", flush=True)
