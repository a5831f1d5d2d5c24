"""Event Hubs' stand-in under Confluent's client (librdkafka) and kafkajs, over TLS, and over HTTPS with signatures made here."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import ssl
import subprocess
import time
import urllib.parse

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from peers import HERE, PATIENCE, Sandbox, check, eventually

NAMESPACE = "sluice-sandbox.servicebus.windows.net"
MANAGE = ("RootManageSharedAccessKey", "c2x1aWNlLXNhbmRib3gtbWFuYWdlLWtleS1wdWJsaWM=", "")
SEND = ("send-only", "c2x1aWNlLXNhbmRib3gtc2VuZGVyLWtleS1wdWJsaWM=", "")
HUB_SEND = ("hub-send-only", "c2x1aWNlLXNhbmRib3gtZW50aXR5LWtleS1wdWJsaWM=", "building-events")
TENANT = "5a9d0c1e-0000-4000-8000-736c75696365"
OWNER = ("5a9d0c1e-0001-4000-8000-736c75696365", "sluice~sandbox.owner-secret_not.for.production")
# As Metadata says it, or Produce: the client asks both.
MISSING = (KafkaError._UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_OR_PART)

sandbox = Sandbox(tls=True)
kafka = sandbox.listener("event_hubs_kafka").removeprefix("https://")


def connection_string(policy):
    name, key, hub = policy
    entity = f";EntityPath={hub}" if hub else ""
    return f"Endpoint=sb://{NAMESPACE}/;SharedAccessKeyName={name};SharedAccessKey={key}{entity}"


def settings(policy=MANAGE, **more):
    return {
        "bootstrap.servers": kafka,
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": sandbox.ca_file,
        "sasl.mechanism": "PLAIN",
        "sasl.username": "$ConnectionString",
        "sasl.password": connection_string(policy),
        "allow.auto.create.topics": False,
        "log_level": 0,
    } | {name.replace("_", "."): value for name, value in more.items()}


def produce(config, topic, events, partition=None):
    """Produces [(key, value, headers)]; per event the offset and partition, or the error it was given back with."""
    outcomes = [None] * len(events)

    def delivered(index):
        def report(error, message):
            outcomes[index] = error if error else (message.partition(), message.offset())

        return report

    producer = Producer(config)
    where = {} if partition is None else {"partition": partition}
    for i, (key, value, headers) in enumerate(events):
        producer.produce(topic, key=key, value=value, headers=headers, on_delivery=delivered(i), **where)
        producer.poll(0)
    left = producer.flush(PATIENCE)
    check(left == 0, f"{topic}: {left} of {len(events)} events were never answered")
    return outcomes


def error_code(outcome):
    return outcome.code() if isinstance(outcome, KafkaError) else None


def consume(topic, partitions, expected):
    """All events of an event hub, each partition's in order: (partition, offset, key, value, headers)."""
    consumer = Consumer(settings(group_id="reader", enable_auto_commit=False))
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    events = []

    def arrived():
        for message in consumer.consume(500, 0.2):
            check(message.error() is None, f"{topic}: {message.error()}")
            events.append(
                (message.partition(), message.offset(), message.key(), message.value(), message.headers() or [])
            )
        return len(events) >= expected

    eventually(f"{expected} events of {topic}", arrived)
    consumer.close()
    return events


def create(name, partitions, policy=MANAGE):
    """None, or the error's code."""
    admin = AdminClient(settings(policy))  # ends what it began when it goes
    (future,) = admin.create_topics([NewTopic(name, partitions)]).values()
    try:
        future.result(PATIENCE)
    except KafkaException as error:
        return error.args[0].code()
    return None


def sas(policy, scope, expires_in=3600):
    name, key, _ = policy
    resource = urllib.parse.quote_plus(f"sb://{NAMESPACE}{scope}").lower()  # as .NET writes it
    expires = int(time.time()) + expires_in
    digest = hmac.new(key.encode(), f"{resource}\n{expires}".encode(), hashlib.sha256).digest()
    signature = urllib.parse.quote_plus(base64.b64encode(digest))
    return f"SharedAccessSignature sr={resource}&sig={signature}&se={expires}&skn={name}"


def https(method, path, token, body="", **headers):
    connection = http.client.HTTPSConnection(
        "127.0.0.1", sandbox.port, timeout=PATIENCE, context=ssl.create_default_context(cafile=sandbox.ca_file)
    )
    connection.request(method, path, body, {"Authorization": token} | headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def librdkafka_puts_and_reads_back():
    check(create("readings", 3) is None, "not created")
    sent = [
        (f"key-{i % 17}", f"value {i} ☃ {'x' * (i * 7 % 900)}", [("recType", "io.example"), ("n", str(i)), ("n", b"\xff")])
        for i in range(3000)
    ]
    for i, more in enumerate(({}, {"compression_type": "gzip"}, {"enable_idempotence": True})):
        part = sent[i * 1000 : (i + 1) * 1000]
        outcomes = produce(settings(linger_ms=20, **more), "readings", part)
        check(all(isinstance(outcome, tuple) for outcome in outcomes), f"{more}: {outcomes[:5]}")
    read = consume("readings", 3, len(sent))
    check(len(read) == len(sent), f"{len(read)} events read of {len(sent)}")
    for partition in range(3):
        offsets = [offset for p, offset, *_ in read if p == partition]
        check(offsets == list(range(len(offsets))), f"partition {partition}: offsets {offsets[:20]}")
    for key in {key for key, _, _ in sent}:
        got = [(value.decode(), headers) for _, _, k, value, headers in read if k.decode() == key]
        want = [
            (value, [(name, text if isinstance(text, bytes) else text.encode()) for name, text in headers])
            for k, value, headers in sent
            if k == key
        ]
        check(got == want, f"{key}: values, headers or order differ")
    items = sandbox.received(service="event_hubs", target="readings")
    check(len(items) == len(sent), f"{len(items)} received")
    by_place = {(item["place"], item["sequence"]): item for item in items}
    for partition, offset, key, value, _ in read:
        item = by_place[(str(partition), str(offset))]
        check(item["key"] == key.decode() and item["body"] == value.decode(), f"{item}")
        check(item["attributes"]["recType"] == "io.example", f"{item}")
    consumer = Consumer(settings(group_id="reader"))
    low, high = consumer.get_watermark_offsets(TopicPartition("readings", 0), PATIENCE)
    check((low, high) == (0, len([p for p, *_ in read if p == 0])), f"watermarks {low} {high}")
    consumer.close()


def nothing_is_null_or_empty():
    check(create("edges", 1) is None, "not created")
    events = [(None, b"", []), (b"", None, []), (b"\xff\x00", b"\x00\xfe", [("none", None), ("", b"")])]
    produce(settings(), "edges", events)
    read = [(key, value, headers) for _, _, key, value, headers in consume("edges", 1, 3)]
    check(read == events, f"{read}")
    last = sandbox.received(target="edges")[-1]
    check(last["key_base64"] == "/wA=" and last["body_base64"] == "AP4=", f"{last}")


def clients_are_told_why_they_are_not_let_in():
    for wrong in (("RootManageSharedAccessKey", SEND[1], ""), ("nobody", MANAGE[1], "")):
        errors = []
        producer = Producer(settings(wrong) | {"error_cb": errors.append})
        eventually(
            "the client's own authentication error",
            lambda: producer.poll(0.1) or [e for e in errors if e.code() == KafkaError._AUTHENTICATION],
        )
        text = str(errors[0])
        check("InvalidSignature" in text and wrong[1] not in text, text)


def rights_are_what_the_policy_says():
    check(create("made", 2, SEND) == KafkaError.TOPIC_AUTHORIZATION_FAILED, "created with Send only")
    check(create("made", 2) is None, "not created with Manage")
    check(create("MADE", 2) == KafkaError.TOPIC_ALREADY_EXISTS, "created twice")
    check(create("many", 33) == KafkaError.INVALID_PARTITIONS, "33 partitions")
    (outcome,) = produce(settings(SEND), "made", [(b"k", b"v", [])])
    check(isinstance(outcome, tuple), f"{outcome}")
    (outcome,) = produce(settings(HUB_SEND), "building-events", [(b"k", b"v", [])])
    check(isinstance(outcome, tuple), f"{outcome}")
    (outcome,) = produce(settings(HUB_SEND), "made", [(b"k", b"v", [])])
    check(error_code(outcome) == KafkaError.TOPIC_AUTHORIZATION_FAILED, f"another event hub: {outcome}")
    (outcome,) = produce(settings(topic_metadata_propagation_max_ms=500), "missing", [(b"k", b"v", [])])
    check(error_code(outcome) in MISSING, f"missing: {outcome}")
    check("missing" not in [target["name"] for target in sandbox.control("targets")["targets"]], "made by being used")


def entra_tokens_open_the_broker():
    """librdkafka fetches the token by itself, as an OpenID Connect client would."""
    token = {
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.client.id": OWNER[0],
        "sasl.oauthbearer.client.secret": OWNER[1],
        "sasl.oauthbearer.scope": f"https://{NAMESPACE}/.default",
        "sasl.oauthbearer.token.endpoint.url": f"{sandbox.url}/{TENANT}/oauth2/v2.0/token",
        "https.ca.location": sandbox.ca_file,
    }
    config = {name: value for name, value in settings().items() if name not in ("sasl.username", "sasl.password")}
    (outcome,) = produce(config | token, "building-events", [(b"k", b"by token", [])])
    check(isinstance(outcome, tuple), f"{outcome}")


def faults_look_as_kafkas_own():
    events = [(b"k", f"{i}".encode(), []) for i in range(50)]
    once = dict(retries=0, linger_ms=50, topic_metadata_propagation_max_ms=500)
    for rule, expected in (
        ({"action": "throttle_request"}, KafkaError.POLICY_VIOLATION),
        ({"action": "missing_target", "operation": ""}, MISSING),
        ({"action": "access_denied"}, KafkaError.TOPIC_AUTHORIZATION_FAILED),
        ({"action": "http_500"}, KafkaError.UNKNOWN),
        ({"action": "throttle", "record": 0}, KafkaError.POLICY_VIOLATION),
        ({"action": "fail_record", "record": 0, "code": "INVALID_RECORD"}, KafkaError.INVALID_RECORD),
    ):
        sandbox.clear()
        sandbox.faults({"service": "event_hubs", "operation": "Produce"} | rule)
        outcomes = produce(settings(**once), "readings", events, partition=1)
        expected = expected if isinstance(expected, tuple) else (expected,)
        check(all(error_code(outcome) in expected for outcome in outcomes), f"{rule}: {outcomes[:3]}")
        check(sandbox.control("counts")["items"] == 0, f"{rule}: something was accepted")
    # The client gets over these by itself. Idempotent, it does so without a duplicate and in order.
    for rule in (
        {"action": "reset_before", "every": 2, "count": 3},
        {"action": "reset_after", "every": 2, "count": 3},
        {"action": "http_500", "code": "REQUEST_TIMED_OUT", "every": 2, "count": 3},
        {"action": "expired_token", "count": 1},
        {"action": "delay", "delay": "30ms"},
    ):
        sandbox.clear()
        sandbox.faults({"service": "event_hubs", "operation": "Produce"} | rule)
        config = settings(enable_idempotence=True, linger_ms=1, batch_num_messages=7, retry_backoff_ms=10)
        outcomes = produce(config, "readings", events, partition=2)
        check(all(isinstance(outcome, tuple) for outcome in outcomes), f"{rule}: {outcomes[:3]}")
        bodies = [item["body"] for item in sandbox.received(target="readings")]
        check(bodies == [value.decode() for _, value, _ in events], f"{rule}: {bodies}")
        (state,) = sandbox.control("faults")["rules"]
        check(state["struck"] > 0, f"{rule} never struck")
    sandbox.faults()


def https_takes_events_for_the_same_event_hubs():
    check(create("over-https", 4) is None, "not created")
    batch = "application/vnd.microsoft.servicebus.json"
    keys = [f"dev-{i}" for i in range(20)]
    for key in keys:
        status, text = https(
            "POST",
            "/over-https/messages?timeout=60&api-version=2014-01",
            sas(SEND, "/over-https"),
            json.dumps([{"Body": f"{key} {n} ☃", "UserProperties": {"n": n}} for n in range(3)]),
            **{"Content-Type": batch, "BrokerProperties": json.dumps({"PartitionKey": key})},
        )
        check(status == 201, text)
    read = consume("over-https", 4, 3 * len(keys))
    for key in keys:
        values = [(value.decode(), headers) for _, _, k, value, headers in read if k.decode() == key]
        check(values == [(f"{key} {n} ☃", [("n", str(n).encode())]) for n in range(3)], f"{values}")
    check(https("POST", "/over-https/messages", sas(SEND, "/other"), "x")[0] == 401, "another scope")
    check(https("POST", "/over-https/messages", sas(SEND, "/", -1), "x")[0] == 401, "expired")
    check(https("POST", "/missing/messages", sas(SEND, "/"), "x")[0] == 404, "missing")
    check(https("POST", "/over-https/messages", sas(SEND, "/"), "x" * (2 << 20))[0] == 413, "too large")
    entry = (
        '<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml"><EventHubDescription '
        'xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect">'
        "<PartitionCount>5</PartitionCount></EventHubDescription></content></entry>"
    )
    check(https("PUT", "/by-atom?api-version=2014-01", sas(SEND, "/"), entry)[0] == 401, "created with Send only")
    check(https("PUT", "/by-atom?api-version=2014-01", sas(MANAGE, "/"), entry)[0] == 201, "not created")
    topics = AdminClient(settings()).list_topics(timeout=PATIENCE).topics
    check(len(topics["by-atom"].partitions) == 5, f"{topics}")
    # Where HTTPS puts a key is where Kafka's Java client, and librdkafka told to do as it does, would.
    outcomes = produce(settings(partitioner="murmur2_random"), "over-https", [(key, b"x", []) for key in keys])
    by_https = {k.decode(): partition for partition, _, k, _, _ in read}
    check([partition for partition, _ in outcomes] == [by_https[key] for key in keys], "keys are placed differently")


def kafkajs_agrees():
    environment = os.environ | {
        "NODE_EXTRA_CA_CERTS": sandbox.ca_file,
        "SANDBOX_URL": sandbox.url,
        "KAFKA": kafka,
        "CONNECTION_STRING": connection_string(MANAGE),
        "SEND_ONLY": connection_string(SEND),
        "KAFKAJS_NO_PARTITIONER_WARNING": "1",
    }
    check(subprocess.run(["node", HERE / "kafkajs_client.cjs"], env=environment).returncode == 0, "kafkajs")
    read = consume("by-kafkajs", 3, 300)
    for key in {k for _, _, k, _, _ in read}:
        values = [int(value.decode().split()[1]) for _, _, k, value, _ in read if k == key]
        check(values == sorted(values), f"{key}: {values}")
    headers = dict(read[0][4])
    check(headers["recType"] == b"io.example" and headers["raw"] == b"\x00\xff", f"{headers}")


for proof in (
    librdkafka_puts_and_reads_back,
    nothing_is_null_or_empty,
    clients_are_told_why_they_are_not_let_in,
    rights_are_what_the_policy_says,
    entra_tokens_open_the_broker,
    faults_look_as_kafkas_own,
    https_takes_events_for_the_same_event_hubs,
    kafkajs_agrees,
):
    proof()
    print(f"ok: {proof.__name__}", flush=True)
