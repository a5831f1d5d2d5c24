"""Sluice delivers over MQTT with TLS and a password to Debian's mosquitto; mosquitto_sub reads back. Then the broker is killed in the
middle, twice, and started again: its own log shows that nothing is lost and that first appearances are in order."""

import atexit
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote, unquote

from peers import Program, Sluice, check, check_bodies, check_order_per_key, eventually, free_port, integration, readings

for tool in ("mosquitto", "mosquitto_sub", "mosquitto_passwd", "openssl"):
    if shutil.which(tool) is None and not Path("/usr/sbin", tool).exists():
        print(f"SKIPPED: {tool} is not installed")
        sys.exit(77)

HOST, DEVICE = "sluice-peers.azure-devices.net", "building-1"
# A broker knows one password for a user: so the device has a token of its own instead of a key that makes new ones.
TOKEN = f"SharedAccessSignature sr={quote(f'{HOST}/devices/{DEVICE}', safe='')}&sig=c2lnbmF0dXJl&se={int(time.time()) + 86400}"
USER = f"{HOST}/{DEVICE}/?api-version=2021-04-12&DeviceClientType=Sluice"
READER, READER_PASSWORD = "reader", "password of the reader"

folder = tempfile.TemporaryDirectory(prefix="peer-mosquitto-")
home = Path(folder.name)


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    check(done.returncode == 0, f"{command[0]}: {done.stderr}")


run(
    *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
    *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", home / "key.pem", "-out", home / "certificate.pem"),
)
run("mosquitto_passwd", "-c", "-b", home / "passwords", USER, TOKEN)
run("mosquitto_passwd", "-b", home / "passwords", READER, READER_PASSWORD)
port = free_port()
(home / "mosquitto.conf").write_text(
    f"""user root
listener {port} 127.0.0.1
certfile {home}/certificate.pem
keyfile {home}/key.pem
allow_anonymous false
password_file {home}/passwords
max_inflight_messages 0
max_queued_messages 0
persistence false
log_dest stderr
log_type all
"""
)
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


def start_broker():
    return Program([MOSQUITTO, "-c", home / "mosquitto.conf"], port)


def log_of(program):
    return Path(program.output.name).read_text(errors="replace")


broker = start_broker()
subscriber = subprocess.Popen(
    ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "--cafile", str(home / "certificate.pem"), "-i", "reader"]
    + ["-u", READER, "-P", READER_PASSWORD, "-q", "1", "-t", "devices/#", "-F", "%q %r %t\t%x"],
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    text=True,
)
atexit.register(subscriber.kill)
lines = []
reading = threading.Thread(target=lambda: lines.extend(line.rstrip("\n") for line in subscriber.stdout), daemon=True)
reading.start()
eventually("the reader to subscribe", lambda: "Sending SUBACK to reader" in log_of(broker))

sluice = Sluice(
    [
        integration(
            "hub",
            {
                "type": "iot_hub",
                "connection_string": f"HostName={HOST};DeviceId={DEVICE};SharedAccessSignature={TOKEN}",
                "properties": {"device&co": "{obj.data.device}"},
                "endpoint": f"https://127.0.0.1:{port}",
                "tls": {"ca_file": str(home / "certificate.pem")},
            },
            key="{obj.data.device|id}",
            retry={"max_backoff": "500ms"},
        )
    ]
)
objects = readings(devices=9, each=60)
ids = sluice.create("io.example.readings", objects)
sluice.wait_until_delivered("hub", len(ids))

# Who connected, and how.
connected = re.search(r"New client connected from \S+ as (\S+) \(p2, c1, k240, u'([^']*)'\)", log_of(broker))
check(connected is not None, f"no client as expected in the broker's log: {log_of(broker)[:2000]}")
check(connected.groups() == (DEVICE, USER), f"client id and user name: {connected.groups()}")

# What arrived, to the byte, with its properties, in order.
eventually("the reader to have everything", lambda: len(lines) >= len(ids))
messages = []
for line in lines:
    head, payload = line.split("\t")
    qos, retain, topic = head.split(" ", 2)
    check((qos, retain) == ("1", "0"), f"QoS {qos}, retain {retain}")
    messages.append((topic, bytes.fromhex(payload)))
check(len(messages) == len(ids), f"{len(messages)} messages for {len(ids)} events")
bodies = [json.loads(payload) for _, payload in messages]
check_bodies(bodies, ids, objects, "io.example.readings")
check_order_per_key(bodies, len(ids))
sequences = []
for (topic, _), body in zip(messages, bodies):
    start = f"devices/{DEVICE}/messages/events/"
    check(topic.startswith(start), f"topic {topic}")
    properties = dict(tuple(map(unquote, part.split("=", 1))) for part in topic[len(start) :].split("&"))
    expected = {
        "$.ct": "application/json",
        "$.ce": "utf-8",
        "event_type": "create",
        "obj_type": "objs",
        "recType": "io.example.readings",
        "id": body["id"],
        "source": body["source"],
        "device&co": body["obj"]["data"]["device"],
    }
    check(expected.items() <= properties.items(), f"properties: {properties}")
    check(properties["$.mid"] == properties["sluice-sequence"], f"properties: {properties}")
    check("%24.ct=application%2Fjson&%24.ce=utf-8" in topic and "device%26co=" in topic, f"topic {topic}")
    sequences.append(int(properties["$.mid"]))
check(len(set(sequences)) == len(sequences), "a message came twice")
print(f"ok: {len(messages)} messages over TLS, as the device, with their properties, in order", flush=True)

# The broker is killed in the middle.
subscriber.terminate()
log = ""
delivered = len(ids)
for kill in range(2):
    more = readings(devices=9, each=300)
    wanted = delivered + len(more)
    sluice.create("io.example.readings", more)
    eventually("some of them to be delivered", lambda: sluice.integration("hub")["stats"]["delivered"] > delivered)
    broker.kill()
    log += log_of(broker)
    before = sluice.integration("hub")["stats"]["delivered"]
    broker = start_broker()
    sluice.wait_until_delivered("hub", wanted)
    delivered = wanted
    print(f"ok: killed with {wanted - before} events to go, and they came after it was back", flush=True)
log += log_of(broker)

arrived = [
    (match.group(2), int(match.group(1)))
    for match in re.finditer(r"Received PUBLISH from .*?%24\.mid=(\d+)&.*?&device%26co=([^'&]*)'", log)
]
first = {}
for device, sequence in arrived:
    seen = first.setdefault(device, [])
    if sequence not in seen:
        seen.append(sequence)
for device, numbers in first.items():
    check(numbers == sorted(numbers), f"{device} arrived out of order")
total = sum(len(numbers) for numbers in first.values())
check(total == delivered, f"the broker's log shows {total} of {delivered} events")
print(f"ok: nothing lost, first appearances in order; {len(arrived) - total} came twice", flush=True)
