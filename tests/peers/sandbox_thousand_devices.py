"""One integration with a thousand IoT Hub devices, each with a connection of its own over TLS: on the threads that there are anyway. Prints
what a connection costs."""

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path

from peers import Sandbox, Sluice, check, integration

DEVICES = 1000
HOST = "sluice-sandbox.azure-devices.net"
GROUP_KEY = base64.b64decode("c2x1aWNlL3NhbmRib3graW90LWh1Yi9ncm91cC1rZXk=")


def connection_string(device):
    key = base64.b64encode(hmac.digest(GROUP_KEY, device.encode(), hashlib.sha256)).decode()
    return f"HostName={HOST};DeviceId={device};SharedAccessKey={key}"


def is_socket(link):
    try:
        return os.readlink(link).startswith("socket:")
    except FileNotFoundError:  # closed while it was looked at
        return False


def figures(program):
    process = Path(f"/proc/{program.process.pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    sockets = sum(is_socket(link) for link in (process / "fd").iterdir())
    return {"KiB": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]), "sockets": sockets}


sandbox = Sandbox(tls=True)
sluice = Sluice(
    [
        integration(
            "building",
            {
                "type": "iot_hub",
                "devices": {f"io.example.d{n}": connection_string(f"device-{n}") for n in range(DEVICES)},
                "endpoint": sandbox.listener("iot_hub_mqtt"),
                "tls": {"ca_file": sandbox.ca_file},
            },
        )
    ]
)
idle = figures(sluice)
for n in range(DEVICES):
    sluice.create(f"io.example.d{n}", [{"device": n}])
sluice.wait_until_delivered("building", DEVICES)
connected = figures(sluice)
items = sandbox.received(service="iot_hub")
check(len(items) == DEVICES, f"{len(items)} messages for {DEVICES} devices")
for item in items:
    body = json.loads(item["body"])
    check(item["target"] == f"device-{body['obj']['data']['device']}", f"{item['target']} sent {body['recType']}")

# Once more over the connections that there are.
before = connected["sockets"]
for n in range(DEVICES):
    sluice.create(f"io.example.d{n}", [{"device": n}])
sluice.wait_until_delivered("building", 2 * DEVICES)
after = figures(sluice)
check(connected["sockets"] - idle["sockets"] >= DEVICES - 1, f"not a connection for each: {idle}, {connected}")
check(after["sockets"] <= before + 2, f"connections were made again: {connected}, {after}")
check(after["threads"] == idle["threads"], f"threads: {idle}, {after}")
print(
    f"ok: {DEVICES} devices connected: {after['threads']} threads, as without; "
    f"{(after['KiB'] - idle['KiB']) / DEVICES:.1f} KiB a connection, {after['KiB'] / 1024:.0f} MiB in all"
)
