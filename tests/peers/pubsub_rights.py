"""Who may do what in Pub/Sub: an editor, a publisher and a person's consent deliver side by side to the sandbox over TLS."""

import json

from peers import (
    Sandbox,
    Sluice,
    check,
    check_order_per_key,
    eventually,
    integration,
    readings,
)

REC_TYPE = "io.example.readings"
BY_HAND = "made-by-hand"
OF_A_PERSON = "of-a-person"

sandbox = Sandbox(tls=True)
endpoint = sandbox.listener("pubsub_grpc")


def key_file(name):
    given = sandbox.control(f"credentials/{name}")
    return given if isinstance(given, dict) else json.loads(given)


def to(name, **settings):
    common = {"type": "pubsub", "endpoint": endpoint, "tls": {"ca_file": sandbox.ca_file}, "credentials": key_file(name)}
    return common | settings


sandbox.control(f"targets/pubsub/{BY_HAND}", "PUT", b"{}")
project = key_file("google_admin.json")["project_id"]
usual = {"key": "{obj.data.device|id}", "retry": {"max_backoff": "300ms"}}
topics = {"editor": REC_TYPE, "publisher": BY_HAND, "person": OF_A_PERSON}
sluice = Sluice(
    [
        integration("editor", to("google_admin.json"), **usual),
        integration("publisher", to("google_publisher.json", topic=BY_HAND), **usual),
        integration("person", to("google_user.json", topic=OF_A_PERSON, project=project), **usual),
    ]
)
delivered = 0


def write(count=20):
    global delivered
    ids = sluice.create(REC_TYPE, readings(devices=7, each=count))
    delivered += len(ids)
    return ids


def last_error(name, error_class, code):
    def told():
        error = sluice.integration(name)["stats"]["last_error"]
        return error if error and (error["class"], error["code"]) == (error_class, code) else None

    return eventually(f"{name} to be told {error_class}: {code}", told)


def all_delivered():
    for name in topics:
        sluice.wait_until_delivered(name, delivered)


ids = write()
all_delivered()
for name, topic in topics.items():
    bodies = [json.loads(item["body"]) for item in sandbox.received(service="pubsub", target=topic)]
    check({body["id"] for body in bodies} == set(ids), f"{name} lost some")
    check_order_per_key(bodies, len(ids))
print("ok: a service account with either role and a person's consent deliver, topics made where that is allowed")

# Tokens that are refused are replaced, and what they had sent is sent again.
sandbox.faults({"service": "pubsub", "operation": "Publish", "action": "expired_token", "every": 3, "count": 15})
write()
all_delivered()
check(sandbox.control("faults")["rules"][0]["struck"] > 0, "no token was refused")
sandbox.faults()
print("ok: refused tokens are replaced")

# The topic is gone and nobody may make it: only its own events wait.
sandbox.control(f"targets/pubsub/{BY_HAND}", "DELETE")
write(5)
error = last_error("publisher", "missing_target", "PERMISSION_DENIED")
check(error["target"] == BY_HAND and "pubsub.topics.create" in error["hint"], f"{error}")
for name in ("editor", "person"):
    sluice.wait_until_delivered(name, delivered)
sandbox.control(f"targets/pubsub/{BY_HAND}", "PUT", b"{}")
all_delivered()
print("ok: without the right to make topics a deleted one is missing, the permission is named, and it comes back")

# An editor's topic is made again by the next event.
sandbox.control(f"targets/pubsub/{REC_TYPE}", "DELETE")
write(5)
all_delivered()
print("ok: an editor's topic that was deleted is made again")

# The right to publish is taken away and given back.
sandbox.faults({"service": "pubsub", "operation": "Publish", "action": "access_denied", "target": REC_TYPE})
write(5)
error = last_error("editor", "credentials", "PERMISSION_DENIED")
check(error["target"] == REC_TYPE and "roles/pubsub.publisher" in error["hint"], f"{error}")
sandbox.faults()
all_delivered()
print("ok: a right that was taken away is named, and delivery goes on once it is back")
