"""The destinations as the oracle sees them: one row each. How to set one up against the sandbox, how to read back what it received,
and what an integration must say while it is refused. A new destination is a row at the end of this file, and nothing else."""

import base64
import dataclasses
import json

from harness import wait_until

ACCESS_KEY = "AKIASLUICESANDBOX000"
SECRET_KEY = "sluice/sandbox+secret/not+for+production"


@dataclasses.dataclass
class Words:
    """What `last_error` must say: its class, its code, a part of its hint, and the target that it names ("" for all of it)."""

    error_class: str
    code: str
    hint: str
    target: str = ""


@dataclasses.dataclass
class Cloud:
    """One integration of the oracle's, and the far side of it."""

    id: str
    service: str  # as the sandbox's rules and received items name it
    targets: list  # names in the sandbox; what arrives there is this integration's
    settings: object  # (Place) -> the `destination` of the integration
    writes: list  # the sandbox's rules for "any request that delivers", to be completed with an action
    revoked: list = dataclasses.field(default_factory=list)  # rules: the key is not known any more
    words: dict = dataclasses.field(default_factory=dict)  # by fault; only where it differs from what all say
    states: dict = dataclasses.field(default_factory=dict)  # likewise, of the integration's state
    made_before: bool = False  # using a target does not make it: it is made before the start
    made_with: str = "{}"  # what the sandbox is told to make a target again
    deduplicates: bool = False  # repeats never show: the service takes them for what they are

    def bodies(self, items):
        """(body, time in µs) as consumers of the targets see them, in order of arrival."""
        for item in items:
            if item["service"] != self.service or item["target"] not in self.targets:
                continue
            for record in item.get("records", [item]):
                body = record["body"] if "body" in record else base64.b64decode(record["body_base64"])
                yield body, item["time_us"]


@dataclasses.dataclass
class Place:
    """Where the sandbox is: `https://localhost:4580`, the certificate to trust ("" without TLS), the URLs of the other listeners
    by name, and a Google service account's key file."""

    url: str
    ca_file: str
    listeners: dict
    google_key: str = ""

    def common(self, url=None):
        out = {"endpoint": url or self.url}
        if self.ca_file:
            out["tls"] = {"ca_file": self.ca_file}
        return out


def aws(place):
    return {"credentials": {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}, **place.common()}


def kinesis(name, stream, **more):
    return Cloud(
        id=name, service="kinesis", targets=[stream],
        settings=lambda place: {"type": "kinesis", "stream": stream, "region": "eu-west-1", **more, **aws(place)},
        writes=[{"operation": "PutRecords"}],
        revoked=[{"action": "access_denied", "code": "UnrecognizedClientException"}],
        words={"revoked": Words("credentials", "UnrecognizedClientException", "Create a new access key"),
               "missing": Words("missing_target", "ResourceNotFoundException", "is the stream in eu-west-1", stream)})


def sqs(name, queue, **more):
    url = "https://sqs.eu-west-1.amazonaws.com/000000000000/" + queue
    return Cloud(
        id=name, service="sqs", targets=[queue],
        settings=lambda place: {"type": "sqs", "queue_url": url, **aws(place)},
        writes=[{"operation": "SendMessageBatch"}],
        revoked=[{"action": "access_denied", "code": "InvalidClientTokenId"}],
        words={"revoked": Words("credentials", "InvalidClientTokenId", "Create a new access key", queue),
               "missing": Words("missing_target", "QueueDoesNotExist", "Is queue_url right", queue)},
        **more)


def no_answer(words):
    return {"hang before acceptance": words, "hang after acceptance": words}


def bad_certificate(expired, other_host):
    return {"certificate expired": expired, "certificate of another host": other_host}


EVENT_HUBS_MANAGE = ("Endpoint=sb://sluice-sandbox.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;"
                     "SharedAccessKey=c2x1aWNlLXNhbmRib3gtbWFuYWdlLWtleS1wdWJsaWM=")
IOT_DEVICE = ("HostName=sluice-sandbox.azure-devices.net;DeviceId=building-1;"
              "SharedAccessKey=X8+lCET7VYVNPEO85sRWGjLEbJeGYv+h5+ku+okN14M=")


def event_hubs(name, hub):
    return Cloud(
        id=name, service="event_hubs", targets=[hub], made_with='{"partitions":4}', made_before=True,
        settings=lambda place: {"type": "event_hubs", "connection_string": EVENT_HUBS_MANAGE, "hub": hub, "create_hubs": False,
                                **place.common(place.listeners["event_hubs_kafka"])},
        writes=[{"service": "event_hubs", "operation": "Produce"}],
        revoked=[{"action": "access_denied"}],
        words={"revoked": Words("credentials", "TOPIC_AUTHORIZATION_FAILED", "needs the Send right on this hub", hub),
               "missing": Words("missing_target", "UNKNOWN_TOPIC_OR_PART", "Create the event hub in the namespace", hub),
               **no_answer(Words("transient", "timeout", "may be throttled or unreachable", hub)),
               # librdkafka does not say which of the two it is.
               **bad_certificate(*2 * [Words("transient", "tls_failed", "must be valid for that name")])})


def iot_hub(name, device="building-1"):
    return Cloud(
        id=name, service="iot_hub", targets=[device],
        settings=lambda place: {"type": "iot_hub", "connection_string": IOT_DEVICE,
                                **place.common(place.listeners["iot_hub_mqtt"])},
        writes=[{"service": "iot_hub", "operation": "Publish"}],
        revoked=[{"operation": "Connect", "action": "access_denied"}, {"action": "access_denied"}],
        # The hub says no to a missing device and to a wrong key with the same code, and to all else by hanging up.
        words={"revoked": Words("credentials", "not_authorized", "Is the device in the hub", device),
               "missing": Words("credentials", "not_authorized", "Is the device in the hub", device),
               **no_answer(Words("transient", "timeout", "did not answer in time", device)),
               "refused": Words("transient", "connection_refused", "check the port, and that the service runs"),
               "dns": Words("transient", "dns_failure", "check this machine's name servers"),
               "clock an hour ahead": Words("credentials", "not_authorized", "is this machine's clock right", device),
               **bad_certificate(Words("transient", "tls_certificate_expired", "the other side must renew it"),
                                 Words("transient", "tls_wrong_host", "check the endpoint's name"))})


def pubsub(name, topic):
    def settings(place):
        who = {"credentials": json.loads(place.google_key)} if place.ca_file else {"project": "sluice-sandbox"}
        return {"type": "pubsub", "topic": topic, "create_topics": False, **who,
                **place.common(place.listeners["pubsub_grpc"])}
    return Cloud(id=name, service="pubsub", targets=[topic], made_before=True, settings=settings,
                 writes=[{"service": "pubsub", "operation": "Publish"}], revoked=[{"action": "access_denied"}],
                 words={"revoked": Words("credentials", "PERMISSION_DENIED", "roles/pubsub.publisher", topic),
                        "missing": Words("missing_target", "NOT_FOUND", "The topic does not exist", topic),
                        **no_answer(Words("transient", "DEADLINE_EXCEEDED", "Whether it was stored is not known")),
                        # gRPC does not say that it was its time.
                        **bad_certificate(Words("transient", "tls_untrusted", "must be valid for that name"),
                                          Words("transient", "tls_failed", "must be valid for that name"))})


CLOUDS = [
    kinesis("kinesis", "plain"),
    kinesis("kinesis-kpl", "kpl", aggregation="kpl"),
    sqs("sqs", "standard"),
    event_hubs("event-hubs", "oracle"),
    iot_hub("iot-hub"),
    pubsub("pubsub", "oracle"),
    sqs("sqs-fifo", "ordered.fifo", deduplicates=True, made_with='{"FifoQueue":"true"}'),
]


LISTENERS = {"event_hubs_kafka", "iot_hub_mqtt", "pubsub_grpc"}


def place_of(sandbox, clouds):
    """For integrations to find it under a name that can be taken away."""
    def url(text):
        return text.replace("127.0.0.1", "localhost")
    for cloud in clouds:
        for target in cloud.targets if cloud.made_before else []:
            sandbox.change("PUT", f"targets/{cloud.service}/{target}", cloud.made_with)
    wait_until(lambda: LISTENERS <= sandbox.listeners().keys(), "the sandbox listens everywhere")
    listeners = {name: url(where) for name, where in sandbox.listeners().items()}
    status, key = sandbox.control("GET", "credentials/google_admin.json")
    return Place(f"{'https' if sandbox.tls else 'http'}://localhost:{sandbox.port}", sandbox.ca_file, listeners,
                 key.decode() if status == 200 else "")


def integrations(clouds, place):
    """All fed by the same events, each in order per key."""
    return [{"id": cloud.id, "filter": {"recTypes": ["io.example.e2e.**"]}, "key": "{obj.data.key}",
             "retry": {"max_backoff": "200ms"}, "start": "oldest", "destination": cloud.settings(place)}
            for cloud in clouds]


def label(body):
    """Of an envelope: its key, and what tells this event from all others of that key."""
    envelope = json.loads(body)
    data = envelope["obj"]["data"]
    return data["key"], (envelope["event_type"], data["n"])
