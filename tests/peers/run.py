#!/usr/bin/env python3
"""Runs one proof against peers: run.py NAME --sluice BINARY --peers DIR.

Installs the peers first where they are absent or other versions are asked for. Exits 77 when that cannot be done, so that a
machine without a package registry skips visibly instead of failing.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIPPED = 77


def skip(reason):
    print(f"SKIPPED: {reason}", flush=True)
    sys.exit(SKIPPED)


def attempt(command, cwd, what):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout[-2000:])
        skip(f"{what} could not be installed (no registry within reach?)")


def install(peers):
    """npm packages and a Python environment under `peers`, once: a stamp tells for which versions."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            skip(f"{tool} is not installed")
    wanted = hashlib.sha256(
        b"".join((HERE / name).read_bytes() for name in ("package.json", "requirements.txt"))
    ).hexdigest()
    peers.mkdir(parents=True, exist_ok=True)
    with open(peers / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several tests may start at once
        stamp = peers / "installed"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        print("installing peers", flush=True)
        shutil.copy(HERE / "package.json", peers)
        attempt(
            ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"],
            peers,
            "the npm packages",
        )
        attempt([sys.executable, "-m", "venv", "venv"], peers, "a Python environment")
        attempt(
            [
                "venv/bin/pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
                str(HERE / "requirements.txt"),
            ],
            peers,
            "the Python packages",
        )
        stamp.write_text(wanted)


def install_kafka(peers):
    """An Apache Kafka broker and what it needs, as Maven gets them."""
    for tool in ("java", "keytool", "mvn"):
        if shutil.which(tool) is None:
            skip(f"{tool} is not installed")
    wanted = hashlib.sha256((HERE / "pom.xml").read_bytes()).hexdigest()
    with open(peers / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = peers / "kafka-installed"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        print("installing Apache Kafka", flush=True)
        shutil.rmtree(peers / "kafka", ignore_errors=True)
        attempt(
            ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
            + [f"-DoutputDirectory={peers / 'kafka'}"],
            peers,
            "Apache Kafka",
        )
        stamp.write_text(wanted)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("name")
    arguments.add_argument("--sluice", required=True)
    arguments.add_argument("--peers", required=True, type=Path)
    given = arguments.parse_args()
    peers = given.peers.resolve()
    install(peers)
    if given.name == "event_hubs_kafka":
        install_kafka(peers)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name == "SLUICE_SOAK" or not name.startswith(("AWS_", "SLUICE_"))
    }
    environment |= {
        "SLUICE_BINARY": given.sluice,
        "SLUICE_PEERS": str(peers),
        "NODE_PATH": str(peers / "node_modules"),
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Nothing on the machine's own accounts may be found.
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    sys.exit(subprocess.run([peers / "venv/bin/python", "-u", HERE / f"{given.name}.py"], env=environment).returncode)


if __name__ == "__main__":
    main()
