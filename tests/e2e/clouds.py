"""The destinations as the oracle sees them: one row each. How to set one up against the sandbox, how to read back what it received,
and what an integration must say while it is refused. A new destination is a row at the end of this file, and nothing else."""

import base64
import dataclasses
import json

ACCESS_KEY = "AKIASLUICESANDBOX000"
SECRET_KEY = "sluice/sandbox+secret/not+for+production"

EVENT_HUBS_POLICY = "SharedAccessKeyName=hub-send-only;SharedAccessKey=c2x1aWNlLXNhbmRib3gtZW50aXR5LWtleS1wdWJsaWM="


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
    revoked: dict = dataclasses.field(default_factory=dict)  # a rule: the key is not known any more
    words: dict = dataclasses.field(default_factory=dict)  # by fault; only where it differs from what all say
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
    """Where the sandbox is: `https://localhost:4580`, the certificate to trust ("" without TLS), the other listeners by name."""

    url: str
    ca_file: str
    listeners: dict

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
        revoked={"action": "access_denied", "code": "UnrecognizedClientException"},
        words={"revoked": Words("credentials", "UnrecognizedClientException", "Create a new access key"),
               "missing": Words("missing_target", "ResourceNotFoundException", "is the stream in eu-west-1", stream)})


def sqs(name, queue, **more):
    url = "https://sqs.eu-west-1.amazonaws.com/000000000000/" + queue
    return Cloud(
        id=name, service="sqs", targets=[queue],
        settings=lambda place: {"type": "sqs", "queue_url": url, **aws(place)},
        writes=[{"operation": "SendMessageBatch"}],
        revoked={"action": "access_denied", "code": "InvalidClientTokenId"},
        words={"revoked": Words("credentials", "InvalidClientTokenId", "Create a new access key", queue),
               "missing": Words("missing_target", "QueueDoesNotExist", "Is queue_url right", queue)},
        **more)


def event_hubs(name, hub, **more):
    connection_string = f"Endpoint=sb://sluice-sandbox.servicebus.windows.net/;{EVENT_HUBS_POLICY};EntityPath={hub}"
    silent = Words("transient", "timeout", "may be throttled or unreachable", hub)
    # librdkafka says no more of a connection that does not come about; the test call tells which step it was. Its broker is
    # found by the address that the sandbox names, so that names do not matter once it is known.
    unconnected = Words("transient", "connection_failed", "is a firewall between")
    return Cloud(
        id=name, service="event_hubs", targets=[hub],
        settings=lambda place: {"type": "event_hubs", "connection_string": connection_string, "create_hubs": False, **more,
                                **place.common(place.listeners["event_hubs_kafka"])},
        writes=[{"service": "event_hubs", "operation": "Produce"}],
        revoked={"action": "access_denied"},
        words={"hang before acceptance": silent, "hang after acceptance": silent,
               "refused": unconnected, "dns": unconnected, "certificate expired": unconnected,
               "certificate of another host": unconnected,
               "revoked": Words("credentials", "TOPIC_AUTHORIZATION_FAILED", "Send", hub),
               "missing": Words("missing_target", "UNKNOWN_TOPIC_OR_PART", "", hub)},
        made_with='{"partitions":4}')


CLOUDS = [
    kinesis("kinesis", "plain"),
    kinesis("kinesis-kpl", "kpl", aggregation="kpl"),
    sqs("sqs", "standard"),
    sqs("sqs-fifo", "ordered.fifo", deduplicates=True, made_with='{"FifoQueue":"true"}'),
    event_hubs("event-hubs", "building-events"),
]


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
