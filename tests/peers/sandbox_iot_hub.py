"""Microsoft's device client against the sandbox's IoT Hub, over TLS."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

from peers import HERE, Sandbox

sandbox = Sandbox(tls=True)
environment = os.environ | {
    "SANDBOX_URL": sandbox.url,
    "SANDBOX_CA": sandbox.ca_file,
    "SANDBOX_MQTT_PORT": str(urlsplit(sandbox.listener("iot_hub_mqtt")).port),
}
sys.exit(subprocess.run(["node", HERE / "iot_hub_device.cjs"], env=environment).returncode)
