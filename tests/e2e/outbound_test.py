"""What a tenant's integration may connect to: never this machine or the network it stands in, whatever a name leads to.

A listener on loopback stands for everything internal. Each destination type is pointed at it in every way its settings offer, by a
name whose address is looked up (and changed meanwhile), and the listener must never see a connection. The operator's own integration
with the same settings must reach it, or the test would show nothing."""

import json
import os
import socket
import sys
import threading

from harness import Folder, Namespace, Sandbox, Sluice, call, require, wait_until
from webhook_peer import WebhookPeer

BINARY = sys.argv[1]
TENANT = "tenant-token-0123456789"
INTERNAL = {"trap.example": "127.0.0.1", "trap10.example": "10.11.12.13", "trapv6.example": "::1", "metadata.example": "169.254.169.254",
            "mapped.example": "::ffff:127.0.0.1", "trapnamespace.servicebus.windows.net": "127.0.0.1"}
PUBLIC = "192.0.2.1"  # TEST-NET-1: nobody's
KEYS = {"access_key_id": "AKIASLUICESANDBOX000", "secret_access_key": "sluice/sandbox+secret/not+for+production"}
SHARED = "SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MDA="
DEVICE = "DeviceId=d;SharedAccessKey=c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MDA="


class Trap:
    """Counts who connects, by either family."""

    def __init__(self):
        first = socket.create_server(("127.0.0.1", 0))
        self.port = first.getsockname()[1]
        self.listeners = [first]
        if socket.has_ipv6:
            self.listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        self.count = 0
        for listener in self.listeners:
            threading.Thread(target=self._take, args=(listener,), daemon=True).start()

    def _take(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self.count += 1
            peer.close()

    def close(self):
        for listener in self.listeners:
            listener.close()


def ways_in(port, google_key, host="trap.example"):
    """Every setting by which a tenant can name a host, for each destination type."""
    url = f"https://{host}:{port}"
    proxy = f"http://{host}:{port}"
    aws = {"region": "eu-west-1", "credentials": KEYS}
    role = {"role_arn": "arn:aws:iam::000000000000:role/r", "source": KEYS}
    queue = "https://sqs.eu-west-1.amazonaws.com/000000000000/q"
    user = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r", "token_uri": url + "/token"}
    entra = {"namespace": "building", "credentials": {"tenant_id": "t", "client_id": "c", "client_secret": "s", "authority": url}}
    hub = "Endpoint=sb://building.servicebus.windows.net/;" + SHARED
    return {
        "kinesis-endpoint": {"type": "kinesis", "stream": "s", **aws, "endpoint": url},
        "kinesis-proxy": {"type": "kinesis", "stream": "s", **aws, "proxy": proxy},
        "kinesis-role-proxy": {"type": "kinesis", "stream": "s", **aws, "credentials": role, "proxy": proxy},
        "sqs-endpoint": {"type": "sqs", "queue_url": queue, **aws, "endpoint": url},
        "sqs-queue-url": {"type": "sqs", "queue_url": url + "/000000000000/q", **aws},
        "sqs-proxy": {"type": "sqs", "queue_url": queue, **aws, "proxy": proxy},
        "pubsub-endpoint": {"type": "pubsub", "credentials": google_key, "endpoint": url},
        "pubsub-proxy": {"type": "pubsub", "credentials": google_key, "proxy": proxy},
        "pubsub-token-uri": {"type": "pubsub", "credentials": user, "project": "project-1"},
        "event-hubs-endpoint": {"type": "event_hubs", "connection_string": hub,
                                # Over Kafka a tenant reaches Azure's own names only.
                                "endpoint": f"https://trapnamespace.servicebus.windows.net:{port}"},
        "event-hubs-https": {"type": "event_hubs", "connection_string": f"Endpoint=sb://{host}:{port}/;" + SHARED, "protocol": "https"},
        "event-hubs-proxy": {"type": "event_hubs", "connection_string": hub, "protocol": "https", "proxy": proxy},
        "event-hubs-authority": {"type": "event_hubs", **entra},
        "event-hubs-authority-https": {"type": "event_hubs", **entra, "protocol": "https"},
        "iot-hub-endpoint": {"type": "iot_hub", "connection_string": f"HostName=h.azure-devices.net;{DEVICE}", "endpoint": url},
        "iot-hub-https": {"type": "iot_hub", "connection_string": f"HostName=h.azure-devices.net;{DEVICE}", "endpoint": url,
                          "transport": "https"},
        "iot-hub-proxy": {"type": "iot_hub", "connection_string": f"HostName=h.azure-devices.net;{DEVICE}", "proxy": proxy},
        "webhook-url": {"type": "webhook", "url": url + "/in"},
        "webhook-endpoint": {"type": "webhook", "url": "https://hooks.example.com/in", "endpoint": url},
        "webhook-proxy": {"type": "webhook", "url": "https://hooks.example.com/in", "proxy": proxy},
    }


def integration(name, destination, org="com.acme"):
    return {"id": name, "org": org, "filter": {"recTypes": ["io.acme.**"]}, "destination": destination, "start": "oldest",
            "retry": {"max_backoff": "100ms"}}


class Node(Sluice):
    def tenant(self, method, path, body=None):
        status, data = call(self.port, method, path, json.dumps(body) if body is not None else None,
                            {"Authorization": f"Bearer {TENANT}", "Content-Type": "application/json"})
        return status, json.loads(data) if data else None


def hosts(namespace, names):
    with open(namespace.hosts, "w") as file:
        file.write("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in names.items()))


def google_key(folder):
    path = os.path.join(folder, "google.json")
    Sandbox(BINARY, folder, ["--credentials", path]).stop()
    with open(path) as file:
        return json.load(file)


def failed_step(report):
    return next((step for step in report["steps"] if step["outcome"] == "failed"), None)


def told(node, name):
    error = node.stats(name)[0]["last_error"]
    return error if error and "internal address" in error["message"] else None


def names_that_lead_inside(node, trap, key):
    """By name: accepted as settings, since only the look-up shows where it leads; then refused at every attempt."""
    for name, destination in ways_in(trap.port, key).items():
        status, answer = node.tenant("POST", "/v1/integrations", integration(name, destination))
        require(status == 201, f"{name}: {status} {answer}")
    status, answer = node.tenant("POST", "/share/io.acme.desk", {"n": 1})
    require(status == 201, f"the write was answered {status} {answer}")
    for name in ways_in(trap.port, key):
        error = wait_until(lambda name=name: told(node, name), f"{name} says that its address is internal")
        require("operator" in error["hint"], f"{name}: {error}")
        by_token = "role" in name or "token" in name or "authority" in name
        require(error["class"] in (["transient", "credentials"] if by_token else ["transient"]), f"{name}: {error}")
        status, report = node.tenant("POST", f"/v1/integrations/{name}/test")
        require(status == 200 and failed_step(report), f"{name}: the test says {report}")
    print(f"{len(ways_in(trap.port, key))} ways to name a host, none of which reached it", flush=True)


def other_forms(node, trap, key):
    """Other internal addresses behind a name, and addresses written out in every form a resolver takes."""
    for host in INTERNAL:
        name = "form-" + host.split(".")[0]
        destination = {"type": "webhook", "url": f"https://{host}:{trap.port}/"}
        status, answer = node.tenant("POST", "/v1/integrations", integration(name, destination))
        require(status == 201, f"{host}: {status} {answer}")
        wait_until(lambda name=name: told(node, name), f"{host} is told to be internal")
    for host in ("127.0.0.1", "127.0.0.1.", "localhost", "localhost.", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0",
                 "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[fe80::1]", "[fd00:ec2::254]",
                 "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "168.63.129.16", "224.0.0.1"):
        destination = {"type": "webhook", "url": f"https://{host}:{trap.port}/"}
        status, answer = node.tenant("POST", "/v1/integrations", integration("written", destination))
        require(status in (403, 422), f"{host}: {status} {answer}")
        # (An address with a dot at its end is no URL to begin with.)
        require("public endpoint" in json.dumps(answer) or host == "127.0.0.1.", f"{host}: {answer}")
    destination = {**ways_in(trap.port, key)["event-hubs-endpoint"], "endpoint": f"https://trap.example:{trap.port}"}
    status, answer = node.tenant("POST", "/v1/integrations", integration("kafka", destination))
    require(status == 422 and "protocol: https" in json.dumps(answer), f"{status} {answer}")


def rebinding(node, trap, namespace):
    """The name leads to a public address when the integration is made and tested, and inside afterwards."""
    hosts(namespace, {**INTERNAL, "rebind.example": PUBLIC})
    destination = {"type": "webhook", "url": f"https://rebind.example:{trap.port}/"}
    status, answer = node.tenant("POST", "/v1/integrations", integration("rebind", destination))
    require(status == 201, f"{status} {answer}")
    wait_until(lambda: node.stats("rebind")[0]["last_error"], "the public address does not answer", 90)
    require(not told(node, "rebind"), "it is a public address as yet")
    hosts(namespace, {**INTERNAL, "rebind.example": "127.0.0.1"})
    wait_until(lambda: told(node, "rebind"), "the changed name is told to lead inside", 90)


def redirects(node, trap):
    """A receiver that sends its sender elsewhere: not followed, also where the receiver itself may be reached."""

    def elsewhere(handler):
        handler.send_response(307)
        handler.send_header("Location", f"http://127.0.0.1:{trap.port}/")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    peer = WebhookPeer(elsewhere=elsewhere)
    status, answer = node.api("POST", "/v1/integrations", json.dumps(
        integration("redirected", {"type": "webhook", "url": peer.url + "/in"})), {"Content-Type": "application/json"})
    require(status == 201, f"{status} {answer}")
    peer.wait_for_arrivals(1)

    def settled():
        stats, _ = node.stats("redirected")
        return stats["dead_lettered"] == 1 or stats["last_error"]
    wait_until(settled, "the redirect is told")
    peer.close()


def control(node, trap, key):
    """The operator's own, same settings: reaches it."""
    for name, destination in ways_in(trap.port, key).items():
        before = trap.count
        status, answer = node.api("POST", "/v1/integrations", json.dumps(integration("own-" + name, destination)),
                                  {"Content-Type": "application/json"})
        require(status == 201, f"{name}: {status} {answer}")
        wait_until(lambda before=before: trap.count > before, f"the operator's {name} reaches the listener")
    print("the operator's own integrations reached it by each of them", flush=True)


def main():
    why_not = Namespace.why_not()
    if why_not:
        print(f"skipped: there can be no hosts file for a test here: {why_not}")
        return
    with Folder() as folder:
        key = google_key(folder)
        trap = Trap()
        namespace = Namespace(folder, "512m")
        tokens = [{"name": "acme", "org": "com.acme", "scopes": ["ALL:ALL"], "token": TENANT}]
        node = Node(BINARY, folder, [], {"tokens": tokens}, namespace)
        try:
            hosts(namespace, INTERNAL)
            node.start()
            names_that_lead_inside(node, trap, key)
            other_forms(node, trap, key)
            rebinding(node, trap, namespace)
            redirects(node, trap)
            require(trap.count == 0, f"{trap.count} connections reached the listener inside")
            control(node, trap, key)
            node.stop()
        finally:
            node.kill()
            namespace.close()
            trap.close()
    print("outbound: ok")


if __name__ == "__main__":
    main()
