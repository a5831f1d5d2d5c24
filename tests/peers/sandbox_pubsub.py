"""Google's own clients for Python and JavaScript against the sandbox's Pub/Sub: plain text as the emulator, and over TLS with
the key file that the sandbox hands out."""

import json
import os
import re
import subprocess
import sys
import tempfile

from google.api_core import exceptions

from peers import HERE, Sandbox, check
from pubsub_clients import publisher, receive, subscriber

PROJECT = "sluice-sandbox"
KEYS, EACH = 10, 100


def field_numbers_are_googles():
    """Every field in our definitions has the number that Google's own library has for it."""
    from google.pubsub_v1.types import pubsub as google

    text = (HERE.parent.parent / "src/protos/google/pubsub/v1/pubsub.proto").read_text()
    messages = re.findall(r"^message (\w+) \{(.*?)^\}", text, re.DOTALL | re.MULTILINE)
    check(len(messages) > 20, "the definitions could not be read")
    for name, body in messages:
        theirs = getattr(google, name).pb().DESCRIPTOR.fields_by_name
        for field, number in re.findall(r"(\w+) = (\d+);", body):
            check(theirs[field].number == int(number), f"{name}.{field} is {theirs[field].number} at Google")


def expect(error, call, words=""):
    try:
        call()
    except error as told:
        check(words in str(told), f"{error.__name__} says: {told}")
        return
    check(False, f"{error.__name__} was expected")


def write_key(text):
    with tempfile.NamedTemporaryFile("w", prefix="peer-", suffix=".json", delete=False) as file:
        file.write(text)
        return file.name


def publishes_and_reads_back_in_order(publish, subscribe):
    topic = publish.topic_path(PROJECT, "events")
    subscription = subscribe.subscription_path(PROJECT, "readers")
    publish.create_topic(name=topic)
    subscribe.create_subscription(
        request={"name": subscription, "topic": topic, "enable_message_ordering": True, "ack_deadline_seconds": 60}
    )
    check(list(publish.list_topic_subscriptions(topic=topic)) == [subscription], "the topic's subscriptions")
    futures = [
        publish.publish(topic, f"{n} ☃".encode(), ordering_key=f"key-{key}", recType="io.example", n=str(n))
        for n in range(EACH)
        for key in range(KEYS)
    ]
    ids = [future.result() for future in futures]
    check(len(set(ids)) == KEYS * EACH, "message ids are not unique")
    messages = receive(subscribe, subscription, KEYS * EACH)
    check({message.message_id for message in messages} == set(ids), "other messages arrived than were published")
    for key in range(KEYS):
        texts = [message.data.decode() for message in messages if message.ordering_key == f"key-{key}"]
        check(texts == [f"{n} ☃" for n in range(EACH)], f"key-{key} arrived as {texts[:20]}")
    check(dict(messages[0].attributes) == {"recType": "io.example", "n": "0"}, f"attributes {messages[0].attributes}")


def errors_are_the_clients_own(publish):
    missing = publish.topic_path(PROJECT, "missing")
    expect(exceptions.NotFound, publish.publish(missing, b"x").result, "Resource not found (resource=missing)")
    events = publish.topic_path(PROJECT, "events")
    expect(exceptions.AlreadyExists, lambda: publish.create_topic(name=events))
    expect(exceptions.InvalidArgument, lambda: publish.create_topic(name=publish.topic_path(PROJECT, "google-like")))
    granted = publish.test_iam_permissions(request={"resource": events, "permissions": ["pubsub.topics.publish"]})
    check(list(granted.permissions) == ["pubsub.topics.publish"], f"granted: {granted}")


def a_key_that_failed_is_resumed(sandbox, publish):
    """The client holds a key back once a message of it has failed, until it is told to go on."""
    topic = publish.topic_path(PROJECT, "events")
    sandbox.faults({"operation": "Publish", "action": "fail_record", "body": "poison", "code": "INVALID_ARGUMENT"})
    expect(exceptions.InvalidArgument, publish.publish(topic, b"poison", ordering_key="held").result)
    later = publish.publish(topic, b"later", ordering_key="held")
    check(later.exception() is not None, "the key was not held")
    publish.publish(topic, b"other", ordering_key="free").result()
    publish.resume_publish(topic, "held")
    publish.publish(topic, b"resumed", ordering_key="held").result()
    sandbox.faults(
        {"operation": "Publish", "action": "http_500", "status": 503, "count": 1},
        {"operation": "Publish", "action": "reset_before", "nth": 2},
        {"operation": "Publish", "action": "throttle_request", "nth": 3},
    )
    publish.publish(topic, b"retried by the client", ordering_key="free").result()
    bodies = [item["body"] for item in sandbox.received(target="events")]
    check(bodies[-3:] == ["other", "resumed", "retried by the client"], f"{bodies[-3:]}")


def credentials_are_checked(sandbox, endpoint, admin):
    keys = {
        name: sandbox.control(f"credentials/google_{name}.json") for name in ("admin", "publisher")
    }  # parsed: they are JSON
    forged = keys["admin"] | {"private_key": keys["publisher"]["private_key"]}
    forger = publisher(endpoint, ca_file=sandbox.ca_file, key_file=write_key(json.dumps(forged)))
    topic = forger.topic_path(PROJECT, "events")
    expect(exceptions.Unauthenticated, forger.publish(topic, b"x").result, "invalid authentication credentials")
    only = publisher(endpoint, ca_file=sandbox.ca_file, key_file=write_key(json.dumps(keys["publisher"])))
    only.publish(topic, b"from who may only publish").result()
    expect(
        exceptions.PermissionDenied,
        lambda: only.create_topic(name=only.topic_path(PROJECT, "more")),
        "User not authorized to perform this action.",
    )
    sandbox.faults({"operation": "Publish", "action": "expired_token"})
    expect(exceptions.Unauthenticated, admin.publish(topic, b"x").result)
    sandbox.faults()


def javascript(sandbox, endpoint, key_file):
    environment = os.environ | {
        "SANDBOX_URL": sandbox.url,
        "SANDBOX_PUBSUB": endpoint,
        "SANDBOX_CA": sandbox.ca_file or "",
        "SANDBOX_KEY": key_file or "",
        "METADATA_SERVER_DETECTION": "none",
    }
    if sandbox.ca_file:
        environment["NODE_EXTRA_CA_CERTS"] = sandbox.ca_file
    else:
        environment["PUBSUB_EMULATOR_HOST"] = endpoint.removeprefix("http://")
    if subprocess.run(["node", HERE / "pubsub_client.cjs"], env=environment).returncode != 0:
        sys.exit(1)


field_numbers_are_googles()
for tls in (False, True):
    sandbox = Sandbox(tls=tls)
    endpoint = sandbox.listener("pubsub_grpc")
    access = {}
    if tls:
        key_file = write_key(json.dumps(sandbox.control("credentials/google_admin.json")))
        access = {"ca_file": sandbox.ca_file, "key_file": key_file}
    publish, subscribe = publisher(endpoint, **access), subscriber(endpoint, **access)
    publishes_and_reads_back_in_order(publish, subscribe)
    errors_are_the_clients_own(publish)
    a_key_that_failed_is_resumed(sandbox, publish)
    if tls:
        credentials_are_checked(sandbox, endpoint, publish)
    sandbox.faults()
    javascript(sandbox, endpoint, access.get("key_file"))
    sandbox.stop()
