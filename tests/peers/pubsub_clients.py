"""What sandbox_pubsub.py and others share: Google's own client for Python, told to use the sandbox."""

import contextlib
import threading
from urllib.parse import urlsplit

import grpc
from google.auth import jwt
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.types import BatchSettings, PublisherOptions
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from peers import PATIENCE, check

AUDIENCE = "https://pubsub.googleapis.com/google.pubsub.v1.{}"


def channel(endpoint, ca_file=None, key_file=None, service="Publisher"):
    """With a key file: TLS, the certificate to trust, and the JWT that Google's library signs with the key."""
    address = urlsplit(endpoint).netloc
    if key_file is None:
        return grpc.insecure_channel(address)
    from google.auth.transport.grpc import AuthMetadataPlugin
    from google.auth.transport.requests import Request

    with open(ca_file, "rb") as file:
        tls = grpc.ssl_channel_credentials(file.read())
    credentials = jwt.Credentials.from_service_account_file(key_file, audience=AUDIENCE.format(service))
    plugin = AuthMetadataPlugin(credentials, Request())
    return grpc.secure_channel(
        address, grpc.composite_channel_credentials(tls, grpc.metadata_call_credentials(plugin))
    )


def publisher(endpoint, **tls):
    transport = PublisherGrpcTransport(channel=channel(endpoint, **tls))
    return pubsub_v1.PublisherClient(
        transport=transport,
        batch_settings=BatchSettings(max_messages=100, max_latency=0.01),
        publisher_options=PublisherOptions(enable_message_ordering=True, timeout=PATIENCE),
    )


def subscriber(endpoint, **tls):
    return pubsub_v1.SubscriberClient(
        transport=SubscriberGrpcTransport(channel=channel(endpoint, service="Subscriber", **tls))
    )


def receive(client, subscription, expected):
    """Subscribes until that many messages were acknowledged; them, in the order in which the callbacks ran."""
    received = []
    enough = threading.Event()

    def take(message):
        received.append(message)
        message.ack()
        if len(received) >= expected:
            enough.set()

    stream = client.subscribe(subscription, callback=take)
    check(enough.wait(PATIENCE), f"only {len(received)} of {expected} messages came")
    stream.cancel()
    with contextlib.suppress(Exception):
        stream.result(timeout=PATIENCE)
    return received
