"""Debian's mosquitto_pub, a plain MQTT client, against the sandbox's IoT Hub: plain and over TLS."""

import base64
import hashlib
import hmac
import shutil
import subprocess
import sys
import time
from urllib.parse import quote, urlsplit

from peers import Sandbox, check, eventually

HOST = "sluice-sandbox.azure-devices.net"
GROUP_KEY = base64.b64decode("c2x1aWNlL3NhbmRib3graW90LWh1Yi9ncm91cC1rZXk=")

if shutil.which("mosquitto_pub") is None:
    print("SKIPPED: mosquitto_pub is not installed (mosquitto-clients)")
    sys.exit(77)


def device_key(device):
    return hmac.digest(GROUP_KEY, device.encode(), hashlib.sha256)


def token(device, key, seconds=3600):
    resource = quote(f"{HOST}/devices/{device}", safe="")
    expires = int(time.time()) + seconds
    signature = base64.b64encode(hmac.digest(key, f"{resource}\n{expires}".encode(), hashlib.sha256)).decode()
    return f"SharedAccessSignature sr={resource}&sig={quote(signature, safe='')}&se={expires}"


for tls in (False, True):
    sandbox = Sandbox(tls=tls)
    port = urlsplit(sandbox.listener("iot_hub_mqtt")).port

    def publish(device, *arguments, password=None, text=None, topic=None):
        command = ["mosquitto_pub", "-V", "mqttv311", "-h", "127.0.0.1", "-p", str(port), "-i", device]
        command += ["-u", f"{HOST}/{device}/?api-version=2021-04-12", "-P", password or token(device, device_key(device))]
        command += ["-t", topic or f"devices/{device}/messages/events/source=mosquitto", *arguments]
        if tls:
            command += ["--cafile", sandbox.ca_file]
        return subprocess.run(command, input=text, capture_output=True, text=True)

    lines = [f"line {n} ☃" for n in range(200)]
    done = publish("pub-lines", "-q", "1", "-l", text="\n".join(lines) + "\n")
    check(done.returncode == 0, f"mosquitto_pub: {done.stderr}")
    items = sandbox.received(target="pub-lines")
    check([item["body"] for item in items] == lines, "the lines did not arrive as they were sent, in order")
    check(items[0]["attributes"]["application"] == {"source": "mosquitto"}, f"{items[0]}")

    done = publish("pub-retains", "-q", "1", "-r", "-m", "kept")
    check(done.returncode == 0, f"mosquitto_pub: {done.stderr}")
    properties = sandbox.received(target="pub-retains")[0]["attributes"]["application"]
    check(properties == {"source": "mosquitto", "mqtt-retain": "true"}, f"{properties}")

    done = publish("pub-wrong", "-q", "1", "-m", "x", password=token("pub-wrong", device_key("another")))
    check(done.returncode == 5 and "not authorised" in done.stderr, f"{done.returncode}: {done.stderr}")
    done = publish("pub-late", "-q", "1", "-m", "x", password=token("pub-late", device_key("pub-late"), -60))
    check(done.returncode == 5, f"{done.returncode}: {done.stderr}")
    done = publish("pub-wrong", "-q", "1", "-m", "x", password="no token")
    check(done.returncode == 4, f"{done.returncode}: {done.stderr}")

    # The hub disconnects and mosquitto_pub would connect again for ever: it is ended once the hub has said why.
    for number, (arguments, reason) in enumerate(
        [(("-q", "2", "-m", "x"), "QoS 2"), (("-q", "1", "-m", "x"), "400004 ArgumentInvalid")]
    ):
        device = f"pub-cut-{number}"
        command = ["mosquitto_pub", "-V", "mqttv311", "-h", "127.0.0.1", "-p", str(port), "-i", device]
        command += ["-u", f"{HOST}/{device}/?api-version=2021-04-12", "-P", token(device, device_key(device)), *arguments]
        command += ["-t", "elsewhere" if number else f"devices/{device}/messages/events/"]
        if tls:
            command += ["--cafile", sandbox.ca_file]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:

            def cut_off():
                targets = {one["name"]: one for one in sandbox.control("targets")["targets"]}
                return reason in targets.get(device, {}).get("last_disconnect", "")

            eventually(f"{device} to be cut off for {reason}", cut_off)
            program.kill()
        check(not sandbox.received(target=device), f"{device}: something was accepted")
    sandbox.stop()
    print(f"ok: mosquitto_pub {'over TLS' if tls else 'in plain text'}", flush=True)
