"""Sluice's IoT Hub connector against the sandbox's hub, over TLS, by MQTT and by HTTPS: every fault the sandbox knows, tokens that live for
seconds, a second sender with the same device. Nothing lost, first appearances in order per key."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import struct
import time
from urllib.parse import quote, urlsplit

from peers import Sandbox, Sluice, check, check_order_per_key, eventually, integration, readings

HOST = "sluice-sandbox.azure-devices.net"
GROUP_KEY = base64.b64decode("c2x1aWNlL3NhbmRib3graW90LWh1Yi9ncm91cC1rZXk=")
FAULTS = {
    "messages are refused by disconnecting": [{"operation": "Publish", "action": "http_500", "every": 60, "count": 6}],
    "connections drop before a message is accepted": [
        {"operation": "Publish", "action": "reset_before", "every": 50, "count": 6}
    ],
    "connections drop after a message was accepted": [
        {"operation": "Publish", "action": "reset_after", "every": 50, "count": 6}
    ],
    "the hub is not available when it is connected to": [
        {"operation": "Publish", "action": "reset_before", "nth": 20},
        {"operation": "Connect", "action": "throttle_request", "count": 3},
    ],
    "tokens are refused for a while": [
        {"operation": "Publish", "action": "reset_after", "nth": 20},
        {"operation": "Connect", "action": "expired_token", "count": 3},
    ],
    "messages are acknowledged late": [{"operation": "Publish", "action": "throttle", "every": 40, "count": 8}],
    "HTTPS answers with 500 and 429": [
        {"operation": "SendMessage", "action": "http_500", "every": 9, "count": 10},
        {"operation": "SendMessage", "action": "throttle_request", "every": 7, "count": 10},
    ],
    "HTTPS connections drop before and after": [
        {"operation": "SendMessage", "action": "reset_before", "every": 11, "count": 8},
        {"operation": "SendMessage", "action": "reset_after", "every": 13, "count": 8},
    ],
    "everything at once": [
        {"operation": "Publish", "action": "http_500", "share": 0.01, "count": 8},
        {"operation": "Publish", "action": "reset_after", "share": 0.01, "count": 8},
        {"operation": "Publish", "action": "delay", "delay": "20ms", "every": 25},
        {"operation": "Connect", "action": "throttle_request", "every": 3, "count": 3},
        {"operation": "SendMessage", "action": "http_500", "share": 0.03, "status": 503, "count": 8},
        {"operation": "SendMessage", "action": "reset_after", "share": 0.03, "count": 8},
    ],
}


def device_key(device):
    return hmac.digest(GROUP_KEY, device.encode(), hashlib.sha256)


def connection_string(device):
    return f"HostName={HOST};DeviceId={device};SharedAccessKey={base64.b64encode(device_key(device)).decode()}"


sandbox = Sandbox(tls=True)
mqtt_url = sandbox.listener("iot_hub_mqtt")


def to(device, transport="mqtt", **settings):
    return {
        "type": "iot_hub",
        "connection_string": connection_string(device),
        "transport": transport,
        "endpoint": mqtt_url if transport == "mqtt" else sandbox.url,
        "tls": {"ca_file": sandbox.ca_file},
    } | settings


retry = {"max_backoff": "300ms"}
key = "{obj.data.device|id}"
sluice = Sluice(
    [
        integration("mqtt", to("over-mqtt"), key=key, retry=retry),
        integration("https", to("over-https", "https"), key=key, retry=retry),
        integration("brief", to("brief-tokens", token_lifetime="5s"), key=key, retry=retry)
        | {"filter": {"recTypes": ["io.brief.**"]}},
        integration("shared", to("shared-device"), key=key, retry=retry) | {"filter": {"recTypes": ["io.shared.**"]}},
    ]
)


def arrived(device):
    return sandbox.received(target=device)


def check_arrived(name, device, ids):
    items = arrived(device)
    bodies = [json.loads(item["body"]) for item in items]
    check({body["id"] for body in bodies} == set(ids), f"{name}: {device} lost some")
    check_order_per_key(bodies, len(ids))
    for item, body in zip(items, bodies):
        attributes = item["attributes"]
        system, application = attributes["system"], attributes["application"]
        check(system["content-type"] == "application/json" and system["content-encoding"] == "utf-8", f"{system}")
        check(application["id"] == body["id"] and application["sluice-sequence"] == item["id"], f"{attributes}")
    return len(items) - len(ids)


delivered = 0
for seed, (name, rules) in enumerate(FAULTS.items()):
    sandbox.clear()
    sandbox.faults(*({"service": "iot_hub"} | rule for rule in rules), seed=seed)
    objects = readings(devices=11, each=40)
    ids = sluice.create("io.example.readings", objects, batch=33)
    delivered += len(ids)
    repeated = {}
    for transport in ("mqtt", "https"):
        sluice.wait_until_delivered(transport, delivered)
        repeated[transport] = check_arrived(name, f"over-{transport}", ids)
    struck = sum(rule["struck"] for rule in sandbox.control("faults")["rules"])
    check(struck > 0, f"{name}: the fault never struck")
    print(f"ok: {name}: {struck} faults, nothing lost, in order; sent again: {repeated}", flush=True)
sandbox.faults()

# Tokens of five seconds, for twenty: renewed again and again while messages flow, and nothing is even sent twice.
sandbox.clear()
ids, number, end = [], 0, time.monotonic() + 20
while time.monotonic() < end:
    objects = [value | {"n": value["n"] + 5 * number} for value in readings(devices=5, each=5)]
    ids += sluice.create("io.brief.readings", objects)
    number += 1
    sluice.wait_until_delivered("brief", len(ids))
check(check_arrived("brief tokens", "brief-tokens", ids) == 0, "something was sent twice")
stats = sluice.integration("brief")["stats"]
check(stats["retries"] == 0 and stats["duplicates_possible"] == 0, f"renewal cost something: {stats}")
print(f"ok: {len(ids)} messages while tokens of 5 s were renewed: none lost, none twice, no retry", flush=True)


def rival():
    """Another client connects as the same device, which ends Sluice's connection."""
    resource = quote(f"{HOST}/devices/shared-device", safe="")
    expires = int(time.time()) + 3600
    signature = base64.b64encode(
        hmac.digest(device_key("shared-device"), f"{resource}\n{expires}".encode(), hashlib.sha256)
    ).decode()
    token = f"SharedAccessSignature sr={resource}&sig={quote(signature, safe='')}&se={expires}"
    texts = (b"shared-device", f"{HOST}/shared-device/?api-version=2021-04-12".encode(), token.encode())
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c" + b"".join(struct.pack(">H", len(text)) + text for text in texts)
    length = bytes([len(body) % 128 | 0x80, len(body) // 128])
    context = ssl.create_default_context(cafile=sandbox.ca_file)
    where = urlsplit(mqtt_url)
    with socket.create_connection((where.hostname, where.port)) as plain:
        with context.wrap_socket(plain, server_hostname=where.hostname) as connection:
            connection.sendall(b"\x10" + length + body)
            check(connection.recv(4) == b"\x20\x02\x00\x00", "the rival was not let in")


# A second sender with the same device: told as what it is, and gone once the other one is.
sandbox.clear()
ids, number = [], 0


def recognised():
    global number
    objects = [value | {"n": value["n"] + 20 * number} for value in readings(devices=5, each=20)]
    ids.extend(sluice.create("io.shared.readings", objects))
    number += 1
    rival()
    error = sluice.integration("shared")["stats"]["last_error"]
    return error if error and error["code"] == "connection_taken_over" else None


error = eventually("the second sender to be recognised", recognised)
check("Two senders use this device" in error["hint"] and error["target"] == "shared-device", f"{error}")
sluice.wait_until_delivered("shared", len(ids))
check_arrived("a second sender", "shared-device", ids)
print(f"ok: a second sender is told as {error['code']}; nothing lost, in order", flush=True)
