#!/usr/bin/env python3
"""What many integrations cost: start-up, memory, the calls that dashboards and Prometheus make.

many_integrations.py SLUICE_BINARY [COUNT]. Mixed destinations that nobody listens behind: idle but for a hundredth, which get events and
fail. Once with all of them in the configuration file, once with all made through the API; prints one table.
"""

import http.client
import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "e2e"))
from harness import TOKEN, Folder, Sluice, call, free_port, require  # noqa: E402

KEY = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
SHARED = "SharedAccessKey=c2VjcmV0LWtleS1vZi1hbi1leGFtcGxlLW9ubHktMDA="


def destination(number, nobody):
    kinds = [
        {"type": "kinesis", "stream": f"stream-{number}", "region": "eu-west-1", "credentials": KEY,
         "endpoint": f"http://127.0.0.1:{nobody}"},
        {"type": "sqs", "queue_url": f"https://sqs.eu-west-1.amazonaws.com/123456789012/queue-{number}", "credentials": KEY,
         "endpoint": f"http://127.0.0.1:{nobody}"},
        {"type": "event_hubs", "protocol": "https", "endpoint": f"http://127.0.0.1:{nobody}",
         "connection_string": f"Endpoint=sb://ns-{number}.servicebus.windows.net/;SharedAccessKeyName=send;{SHARED}"},
        {"type": "iot_hub", "connection_string": f"HostName=hub-{number}.azure-devices.net;DeviceId=d;{SHARED}",
         "endpoint": f"http://127.0.0.1:{nobody}", "transport": "https"},
        {"type": "pubsub", "project": f"project-{number}", "endpoint": f"http://127.0.0.1:{nobody}"},
        {"type": "webhook", "url": f"http://127.0.0.1:{nobody}/in/{number}"},
    ]  # fmt: skip
    return kinds[number % len(kinds)]


def integration(number, nobody):
    busy = number % 100 == 0
    return {"id": f"integration-{number:05}", "org": "default",
            "filter": {"recTypes": ["io.example.busy" if busy else f"io.example.idle.{number}"]},
            "destination": destination(number, nobody)}  # fmt: skip


class Caller:
    """One kept connection, as dashboards have."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def __call__(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, {"Authorization": f"Bearer {TOKEN}", **(headers or {})})
        answer = self.connection.getresponse()
        data = answer.read()
        require(answer.status < 300, f"{method} {path}: {answer.status} {data[:500]}")
        return data


def resident_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def cpu_seconds(node):
    with open(f"/proc/{node.process.popen.pid}/stat") as file:
        ticks = file.read().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def started(node):
    """How long from exec until it is ready."""
    begun = time.monotonic()
    node.start(wait=False)
    while True:
        require(node.process.alive(), "sluice ended at start:\n" + node.log_tail())
        try:
            if call(node.port, "GET", "/readyz")[0] == 200:
                return f"{time.monotonic() - begun:.2f} s ({cpu_seconds(node):.2f} s of processor)"
        except OSError:
            time.sleep(0.005)


CALLS = {
    "a page of 100": "/v1/integrations?limit=100",
    "a light page of 100": "/v1/integrations?limit=100&details=false",
    "a light page, by lag": "/v1/integrations?limit=100&details=false&sort=-lag",
    "a light page, failing, with `q`": "/v1/integrations?limit=100&details=false&state=failing&q=queue",
    "`/v1/status`": "/v1/status",
    "`/metrics`": "/metrics",
}


def measure(node, count, title):
    ask = Caller(node.port)
    status = json.loads(ask("GET", "/v1/status"))
    require(sum(status["integrations"].values()) == count, f"not all are there: {status}")
    lines = "".join(json.dumps({"n": n}) + "\n" for n in range(100))
    ask("POST", "/share/io.example.busy", lines, {"Content-Type": "application/x-ndjson"})
    time.sleep(3)  # the busy hundredth fails, and begins to wait
    for name, path in CALLS.items():
        times, size, before = [], 0, cpu_seconds(node)
        for _ in range(20):
            begun = time.monotonic()
            size = len(ask("GET", path))
            times.append((time.monotonic() - begun) * 1000)
        cpu = (cpu_seconds(node) - before) / len(times) * 1000
        print(f"| {title}: {name} | {statistics.median(times):.0f} ms, at most {max(times):.0f} ms; "
              f"{cpu:.0f} ms of processor; {size / 1024:.0f} KiB |", flush=True)  # fmt: skip
    before = cpu_seconds(node)
    time.sleep(10)
    print(f"| {title}: processor while nothing is asked | {(cpu_seconds(node) - before) / 10:.1%} of a core |")
    print(f"| {title}: memory | {resident_mib(node.process.popen.pid):.0f} MiB |", flush=True)


def main():
    binary = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    nobody = free_port()
    print(f"| {count} integrations | |\n| --- | --- |")
    with Folder() as folder:
        node = Sluice(binary, folder, [integration(n, nobody) for n in range(count)])
        print(f"| in the file: first start | {started(node)} |", flush=True)
        measure(node, count, "in the file")
        node.stop()
        print(f"| in the file: start again | {started(node)} |", flush=True)
        node.stop()
    with Folder() as folder:
        node = Sluice(binary, folder, []).start()
        ask = Caller(node.port)
        begun = time.monotonic()
        for n in range(count):
            ask("POST", "/v1/integrations", json.dumps(integration(n, nobody)), {"Content-Type": "application/json"})
        each, cpu = (time.monotonic() - begun) / count * 1000, cpu_seconds(node) / count * 1000
        print(f"| through the API: each made in | {each:.2f} ms; {cpu:.2f} ms of processor |", flush=True)
        measure(node, count, "through the API")
        node.stop()
        print(f"| through the API: start again | {started(node)} |", flush=True)
        print(f"| through the API: memory after a start | {resident_mib(node.process.popen.pid):.0f} MiB |", flush=True)
        node.stop()


main()
