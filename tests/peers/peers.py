"""What the proofs share: starting and stopping programs, talking to Sluice and to its sandbox, AWS's clients."""

import atexit
import base64
import contextlib
import hashlib
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = Path(os.environ["SLUICE_PEERS"])
BINARY = os.environ["SLUICE_BINARY"]
REGION = "eu-west-1"
SANDBOX_KEY = "AKIASLUICESANDBOX000"
SANDBOX_SECRET = "sluice/sandbox+secret/not+for+production"
OPERATOR_TOKEN = "operator-token-of-the-peer-tests"

# A program that does not come up, or a result that does not come, is a failure: this is how long it may take on a slow machine.
PATIENCE = 120


def check(condition, message):
    if not condition:
        print(f"FAILED: {message}", flush=True)
        sys.exit(1)


def eventually(what, condition):
    """The first true value of condition(); a failure when there is none in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    check(False, f"waited in vain for {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_ports(count):
    """The first of so many free ports in a row: the sandbox takes those after its own for what does not speak HTTP. Below
    those that the kernel gives to outgoing connections, or one of them could be in the way a moment later."""
    while True:
        first = random.randrange(20000, 32000, 8)
        try:
            with contextlib.ExitStack() as probes:
                for port in range(first, first + count):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


def call(url, method="GET", body=None, headers=None, ca_file=None):
    """An HTTP call that must succeed; the answer's body, parsed when it is JSON."""
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
        text = answer.read()
        return json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text


class Program:
    """A program that runs until the test ends. Its output goes to a file, shown when the test fails."""

    def __init__(self, command, port, environment=None):
        self.name = Path(str(command[0])).name + " " + str(command[1])
        self.port = port
        self.command = [str(part) for part in command]
        self.environment = os.environ | (environment or {})
        self.output = tempfile.NamedTemporaryFile(prefix="peer-", suffix=".log", delete=False)
        atexit.register(self.stop)
        self.start()

    def start(self):
        """Also again, after kill()."""
        self.process = subprocess.Popen(
            self.command,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=self.environment,
        )
        eventually(f"{self.name} to listen", self.listens)

    def listens(self):
        check(self.process.poll() is None, f"{self.name} ended: {Path(self.output.name).read_text()[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if os.path.exists(self.output.name):
            os.unlink(self.output.name)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Sandbox(Program):
    """`sluice sandbox` on a free port."""

    PORTS = 4  # its own, Event Hubs' Kafka, and those of the other stand-ins

    def __init__(self, tls=False):
        port = free_ports(self.PORTS)
        command = [BINARY, "sandbox", "--listen", f"127.0.0.1:{port}"]
        self.ca_file = None
        if tls:
            self.ca_file = tempfile.mktemp(prefix="peer-", suffix=".pem")
            command += ["--tls", "--certificate", self.ca_file]
        super().__init__(command, port)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{port}"

    def listens(self):
        """With all of its ports."""
        check(self.process.poll() is None, f"{self.name} ended: {Path(self.output.name).read_text()[-2000:]}")
        for port in range(self.port, self.port + self.PORTS):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    return False
        return True

    def listener(self, name):
        """Where a stand-in listens that does not speak HTTP."""
        return next(one["url"] for one in self.control("listeners")["listeners"] if one["name"] == name)

    def control(self, path, method="GET", body=None):
        return call(f"{self.url}/_sandbox/{path}", method, body, ca_file=self.ca_file)

    def received(self, **filters):
        """Everything accepted, in order of acceptance."""
        items, last = [], 0
        while True:
            query = "&".join(f"{name}={value}" for name, value in ({"since": last} | filters).items())
            page = self.control(f"received?{query}")
            if page["last"] == last:
                return items
            items += page["items"]
            last = page["last"]

    def faults(self, *rules, seed=1):
        self.control("faults", "PUT", {"seed": seed, "rules": list(rules)})

    def clear(self):
        self.control("received", "DELETE")


class Sluice(Program):
    """`sluice serve` on a free port with a data folder of its own."""

    def __init__(self, integrations, **more):
        self.folder = tempfile.TemporaryDirectory(prefix="peer-sluice-")
        port = free_port()
        config = Path(self.folder.name) / "sluice.yaml"
        # JSON is YAML.
        config.write_text(
            json.dumps(
                {"listen": f"127.0.0.1:{port}", "data_dir": f"{self.folder.name}/data", "integrations": integrations}
                | more
            )
        )
        self.url = f"http://127.0.0.1:{port}"
        super().__init__([BINARY, "serve", "--config", config], port, {"SLUICE_ADMIN_TOKEN": OPERATOR_TOKEN})
        self.headers = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}

    def create(self, rec_type, objects, batch=100):
        """Writes objects; their ids, in order."""
        ids = []
        for start in range(0, len(objects), batch):
            lines = "\n".join(json.dumps(value) for value in objects[start : start + batch]).encode()
            answer = call(
                f"{self.url}/share/{rec_type}", "POST", lines, self.headers | {"Content-Type": "application/x-ndjson"}
            )
            ids += [made["id"] for made in answer["objs"]]
        return ids

    def update(self, rec_type, id, value):
        call(f"{self.url}/share/{rec_type}/{id}", "PUT", value, self.headers | {"Content-Type": "application/json"})

    def integration(self, id):
        return call(f"{self.url}/v1/integrations/{id}", headers=self.headers)

    def wait_until_delivered(self, id, events):
        def settled():
            return self.integration(id)["stats"]["delivered"] >= events

        try:
            eventually(f"{events} deliveries", settled)
        except SystemExit:
            print(json.dumps(self.integration(id), indent=1)[:4000])
            raise
        stats = self.integration(id)["stats"]
        check(stats["dead_lettered"] == 0 and stats["lost"] == 0, f"dead letters or losses: {stats}")


def integration(id, destination, **settings):
    return {
        "id": id,
        "filter": {"recTypes": ["io.example.**"]},
        "destination": destination,
        "start": "oldest",
    } | settings


def client(service, endpoint, key=SANDBOX_KEY, secret=SANDBOX_SECRET, token=None, verify=None, attempts=1):
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        verify=verify,
        config=Config(retries={"total_max_attempts": attempts}),
    )


def read_stream(kinesis, stream):
    """All records of a stream: [(shard, partition key, data)], each shard's in its order."""
    records = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=1000)
            records += [(shard["ShardId"], record["PartitionKey"], record["Data"]) for record in answer["Records"]]
            if not answer["Records"]:
                break
            iterator = answer.get("NextShardIterator")
    return records


def deaggregate(records):
    """AWS's own reading of what a KPL aggregated: read_stream's records, with those that are aggregated taken apart."""
    from aws_kinesis_agg.deaggregator import deaggregate_records

    taken_apart = []
    for shard, partition_key, data in records:
        record = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "sequenceNumber": "1",
                "approximateArrivalTimestamp": 0,
                "partitionKey": partition_key,
                "data": base64.b64encode(data),
            }
        }
        for inner in deaggregate_records(record):
            inner = inner["kinesis"]
            taken_apart.append((shard, inner["partitionKey"], base64.b64decode(inner["data"])))
    return taken_apart


def shard_of(kinesis, stream):
    """partition key -> shard, by the hash ranges that the service tells."""
    ranges = [
        (shard["ShardId"], int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"]))
        for shard in kinesis.list_shards(StreamName=stream)["Shards"]
    ]
    check(
        min(first for _, first, _ in ranges) == 0 and max(last for _, _, last in ranges) == 2**128 - 1,
        f"the shards do not cover the ring: {ranges}",
    )

    def of(key):
        hash_key = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        return next(id for id, first, last in ranges if first <= hash_key <= last)

    return of


def read_queue(sqs, url, messages):
    """Receives and deletes until that many have come and nothing more does."""
    received = []
    empty = 0
    while len(received) < messages or empty < 2:
        check(empty < 200, f"only {len(received)} of {messages} messages came")
        batch = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1 if len(received) < messages else 0,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        empty = 0 if batch else empty + 1
        received += batch
        if batch:
            sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(batch)
                ],
            )
    return received


def readings(devices, each):
    """Objects of several devices, interleaved, numbered within each device; with text that a careless hand would change."""
    texts = ["plain", "naïve café 漢字 🌡", 'quotes " and \\ and \n', "<a&b>", ""]
    return [
        {
            "device": f"dev-{device}",
            "n": n,
            "text": texts[(device + n) % len(texts)],
            "value": n / 7,
            "pad": "x" * (n * 37 % 700),
        }
        for n in range(each)
        for device in range(devices)
    ]


def check_order_per_key(bodies, expected):
    """`bodies`: envelopes in the order in which they arrived. First appearances must be in order per device, and none missing."""
    seen = {}
    for envelope in bodies:
        value = envelope["obj"]["data"]
        firsts = seen.setdefault(value["device"], [])
        if value["n"] not in firsts:
            firsts.append(value["n"])
    for device, numbers in seen.items():
        check(numbers == sorted(numbers), f"{device} arrived out of order: {numbers[:50]}")
    total = sum(len(numbers) for numbers in seen.values())
    check(total == expected, f"{total} of {expected} events arrived")


def check_bodies(bodies, ids, objects, rec_type):
    """Each object arrived as it was sent, in an envelope of exactly the six members in order."""
    by_id = {envelope["id"]: envelope for envelope in bodies}
    check(len(by_id) == len(ids), f"{len(by_id)} different objects arrived of {len(ids)}")
    for id, sent in zip(ids, objects):
        envelope = by_id[id]
        check(
            list(envelope) == ["event_type", "id", "obj", "obj_type", "recType", "source"],
            f"members {list(envelope)}",
        )
        check(
            envelope["obj"]["data"] == sent, f"object {id} changed on its way: {envelope['obj']['data']} was {sent}"
        )
        check(envelope["recType"] == rec_type and envelope["event_type"] == "create", f"envelope of {id}: {envelope}")
