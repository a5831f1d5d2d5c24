"""AWS's clients for JavaScript against the sandbox, plain and over TLS."""

import os
import subprocess
import sys

from peers import HERE, REGION, SANDBOX_KEY, SANDBOX_SECRET, Sandbox

for tls in (False, True):
    sandbox = Sandbox(tls=tls)
    environment = os.environ | {
        "SANDBOX_URL": sandbox.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": SANDBOX_KEY,
        "AWS_SECRET_ACCESS_KEY": SANDBOX_SECRET,
    }
    if tls:
        environment["NODE_EXTRA_CA_CERTS"] = sandbox.ca_file
    done = subprocess.run(["node", HERE / "aws_clients.cjs"], env=environment)
    sandbox.stop()
    if done.returncode != 0:
        sys.exit(1)
