"""Setting an integration up over the API, as the dashboard does it: what a console hands over is pasted and recognised, checked, tested
(also with a wrong key), looked at, tried with a sample, saved; then what arrives is exactly what was shown before. For every cloud, against
the sandbox. And what a draft must not do: show a secret, keep anything, reach what its owner may not."""

import dataclasses
import json
import sys

from clouds import ACCESS_KEY, EVENT_HUBS_MANAGE, IOT_DEVICE, SECRET_KEY, LISTENERS
from harness import Folder, Sandbox, Sluice, TOKEN, require, wait_until
from webhook_peer import WebhookPeer

BINARY = sys.argv[1]
TENANT = "e2e-tenant-token-0123456789"
READER = "e2e-integrations-only-0123456789"
STRANGER = "e2e-stranger-token-0123456789"
CSV = f"\ufeffAccess key ID,Secret access key\r\n{ACCESS_KEY},{SECRET_KEY}\r\n"


@dataclasses.dataclass
class Setup:
    """One way to set a destination up: what is pasted, what is filled in, and where it arrives."""

    name: str
    type: str
    pasted: list
    filled: dict
    service: str
    target: str
    wrong: object  # of `pasted`: the same with a wrong key, [] where nobody checks one
    failing: str = ""  # the step of *Test* that then fails
    make: bool = False
    listener: str = ""


def wrong_key(text):
    return (text.replace(SECRET_KEY, "not/the+secret").replace("c2x1aWNlLXNhbmRib3gtbWFuYWdlLWtleS1wdWJsaWM=", "d3Jvbmc=")
            .replace("X8+lCET7VYVNPEO85sRWGjLEbJeGYv+h5+ku+okN14M=", "d3Jvbmc="))


QUEUES = "https://sqs.eu-west-1.amazonaws.com/000000000000/"
SETUPS = [
    Setup("kinesis", "kinesis", [CSV], {"stream": "building-events", "region": "eu-west-1"}, "kinesis", "building-events",
          wrong_key, "credentials"),
    Setup("sqs", "sqs", [CSV, f"\"{QUEUES}building-events\"\r\n"], {}, "sqs", "building-events", wrong_key, "credentials"),
    Setup("sqs-fifo", "sqs", [CSV, QUEUES + "building-events.fifo"], {}, "sqs", "building-events.fifo", wrong_key, "credentials"),
    Setup("event-hubs", "event_hubs", [EVENT_HUBS_MANAGE + ";\r\n"], {"hub": "building-events"}, "event_hubs", "building-events",
          wrong_key, "credentials", listener="event_hubs_kafka"),
    Setup("event-hubs-https", "event_hubs", [EVENT_HUBS_MANAGE], {"hub": "building-events", "protocol": "https"}, "event_hubs",
          "building-events", wrong_key, "credentials"),
    Setup("iot-hub", "iot_hub", [f"  {IOT_DEVICE}\n"], {}, "iot_hub", "building-1", wrong_key, "credentials",
          listener="iot_hub_mqtt"),
    Setup("iot-hub-https", "iot_hub", [IOT_DEVICE], {"transport": "https"}, "iot_hub", "building-1", wrong_key, "credentials"),
    Setup("pubsub", "pubsub", ["google"], {"topic": "building-events"}, "pubsub", "building-events", None, make=True,
          listener="pubsub_grpc"),
]


class Node(Sluice):
    def __enter__(self):
        return self.start()

    def __exit__(self, *ignored):
        self.kill()

    def draft(self, what, settings, token=TOKEN, **more):
        return self.api("POST", f"/v1/drafts/{what}", json.dumps({"settings": settings, **more}), {"Authorization": f"Bearer {token}"})

    def recognise(self, text, token=TOKEN):
        return self.api("POST", "/v1/drafts/recognise", json.dumps({"text": text}), {"Authorization": f"Bearer {token}"})


def put(settings, path, value):
    *way, last = path.split(".")
    for name in way:
        settings = settings.setdefault(name, {})
    settings[last] = value


def paste(node, setup, settings, change=lambda text: text):
    """As a person would: each text is pasted, and goes where Sluice says that it belongs."""
    for text in setup.pasted:
        text = change(text)
        status, answer = node.recognise(text)
        require(status == 200, f"{setup.name}: {status} {answer}")
        found = [each for each in answer["recognised"] if each["type"] == setup.type]
        require(len(found) == 1 and not answer["refused"], f"{setup.name}: recognised as {answer}")
        require(SECRET_KEY not in json.dumps(answer) and "SharedAccessKey=" not in json.dumps(answer), "a secret came back")
        put(settings, found[0]["member"], text)


def failed_step(report):
    return next(step for step in report["steps"] if step["outcome"] == "failed")


def received(sandbox, setup, since):
    return [item for item in sandbox.received(since) if item["service"] == setup.service and item["target"] == setup.target]


def beside(item):
    """What the sandbox saw beside the body, whatever the service calls it."""
    attributes = item.get("attributes", {})
    if "application" in attributes:
        attributes = attributes["application"]
    return {name: value.get("StringValue", value) if isinstance(value, dict) else value for name, value in attributes.items()}


def set_up(node, sandbox, setup):
    endpoint = sandbox.listeners()[setup.listener] if setup.listener else f"http://127.0.0.1:{sandbox.port}"
    settings = {"id": setup.name, "filter": {"recTypes": [f"io.acme.{setup.name}"]}, "start": "oldest",
                "key": "{obj.data.device.id|id}", "redact": ["origin.tokendata", "creatorId"],
                "destination": {"type": setup.type, "endpoint": endpoint, **setup.filled}}
    if setup.wrong:
        paste(node, setup, settings, setup.wrong)
        status, report = node.draft("test", settings)
        require(status == 200 and not report["ok"], f"{setup.name} with a wrong key: {status} {report}")
        step = failed_step(report)
        require(setup.failing in step["name"] and step["hint"], f"{setup.name}: the test said {report}")
        status, sent = node.draft("sample", settings)
        require(status == 200 and not sent["accepted"] and sent["error"]["class"] == "credentials" and sent["error"]["hint"],
                f"{setup.name}: a sample with a wrong key: {status} {sent}")
    paste(node, setup, settings)
    status, check = node.draft("check", settings)
    require(status == 200 and check["ok"] and not check["problems"], f"{setup.name}: {check}")
    require(check["targets"] == [{"recType": f"io.acme.{setup.name}", "target": check["targets"][0]["target"], "error": None}],
            f"{setup.name}: {check['targets']}")
    require(SECRET_KEY not in json.dumps(check) and "SharedAccessKey=" not in json.dumps(check)
            and "PRIVATE KEY" not in json.dumps(check), f"{setup.name}: a secret came back")
    status, report = node.draft("test", settings)
    require(status == 200 and report["ok"], f"{setup.name}: {status} {report}")

    since = max([0, *(item["number"] for item in sandbox.received())])
    status, sent = node.draft("sample", settings)
    require(status == 200 and sent["accepted"], f"{setup.name}: {status} {sent}")
    items = received(sandbox, setup, since)
    require(len(items) == 1 and json.loads(items[0]["body"])["obj"]["data"]["sluice_sample"] is True, f"{setup.name}: {items}")

    # Numbers and escapes as nobody's JSON library would write them: what is shown is what arrives.
    data = '{"device":{"id":"boiler \\u00e9"},"n":1E400,"m":-0,"text":"\\u00e9é"}'
    status, made = node.api("POST", f"/share/io.acme.{setup.name}", data.encode(), {"Content-Type": "application/json"})
    require(status == 201, f"{status} {made}")
    status, recent = node.draft("recent", settings)
    require(status == 200 and recent["matching"] == 1, f"{recent}")
    sequence = next(each["last_sequence"] for each in recent["recTypes"] if each["recType"] == f"io.acme.{setup.name}")
    status, shown = node.draft("preview", settings, sequence=sequence)
    require(status == 200 and shown["error"] is None, f"{setup.name}: {shown}")
    require("tokendata" not in shown["body"] and "1E400" in shown["body"] and shown["key"] == "boiler é", f"{shown}")
    require(shown["redacted"] == [{"path": "origin.tokendata", "present": True}, {"path": "creatorId", "present": True}], f"{shown}")
    since = items[-1]["number"]
    status, saved = node.api("POST", "/v1/integrations", json.dumps(settings))
    require(status == 201, f"{setup.name}: {status} {saved}")
    items = wait_until(lambda: received(sandbox, setup, since), f"{setup.name} delivers")
    require(items[0]["body"] == shown["body"], f"{setup.name}: shown\n{shown['body']}\nand sent\n{items[0]['body']}")
    if "attributes" in items[0]:
        metadata = {each["name"]: each["value"] for each in shown["metadata"]}
        require(metadata == beside(items[0]), f"{setup.name}: shown {metadata} and sent {beside(items[0])}")
    addressing = {each["name"]: each["value"] for each in shown["addressing"]}
    for name, member in (("PartitionKey", "key"), ("record key", "key"), ("orderingKey", "key"), ("MessageGroupId", "key"),
                         ("MessageDeduplicationId", "deduplication_id")):
        if name in addressing:
            require(items[0].get(member) == addressing[name], f"{setup.name}: {addressing} and {items[0]}")

    # Editing: kept secrets are used, and only where they were given for.
    status, kept = node.api("GET", f"/v1/integrations/{setup.name}")
    status, report = node.draft("test", {"destination": kept["destination"]}, id=setup.name)
    require(status == 200 and report["ok"], f"{setup.name} with its kept secrets: {status} {report}")
    elsewhere = {**kept["destination"], "endpoint": "http://127.0.0.1:9"}
    status, check = node.draft("check", {"destination": elsewhere}, id=setup.name)
    require(status == 200 and not check["ok"] and "must be given again" in check["problems"][0]["message"], f"{setup.name}: {check}")
    require(node.draft("test", {"destination": elsewhere}, id=setup.name)[0] == 422, "kept secrets are not sent elsewhere")


def clouds(folder):
    sandbox = Sandbox(BINARY, folder)
    try:
        wait_until(lambda: LISTENERS <= sandbox.listeners().keys(), "the sandbox listens everywhere")
        key = sandbox.control("GET", "credentials/google_admin.json")[1].decode()
        sandbox.change("PUT", "targets/pubsub/building-events", "{}")
        with Node(BINARY, folder, []) as node:
            for setup in SETUPS:
                setup.pasted = [key if text == "google" else text for text in setup.pasted]
                set_up(node, sandbox, setup)
                print(f"  {setup.name}: set up as shown", flush=True)
    finally:
        sandbox.stop()


def webhook(folder):
    peer = WebhookPeer(lambda item: 204)
    with Node(BINARY, folder, []) as node:
        status, answer = node.recognise(f" '{peer.url}/in?key=1' ")
        require([each["type"] for each in answer["recognised"]] == ["webhook"], f"{answer}")
        settings = {"id": "hook", "filter": {"recTypes": ["io.acme.**"]}, "start": "oldest",
                    "destination": {"type": "webhook", "url": f"{peer.url}/in?key=1", "secret": "signing-secret-0123",
                                    "headers": {"X-Key": "their-own-secret"}}}
        require(node.draft("test", settings)[1]["ok"], "the test")
        require(node.draft("sample", settings)[1]["accepted"] and len(peer.accepted()) == 1, "the sample")
        status, shown = node.draft("preview", settings)
        require(status == 200, f"{shown}")
        text = json.dumps(shown)
        require("signing-secret-0123" not in text and "their-own-secret" not in text, f"a preview shows no secret: {text}")
        require({"name": "X-Key", "value": "(as set)"} in shown["metadata"], f"{shown['metadata']}")
        require(node.api("GET", "/v1/integrations")[1]["items"] == [], "nothing is kept of a draft")
    peer.close()


def what_is_wrong(folder):
    with Node(BINARY, folder, []) as node:
        status, answer = node.recognise("User name,Password,Console sign-in URL\nbob,hunter2,https://1.signin.aws.amazon.com/console")
        require(answer["recognised"] == [] and "sign-in" in answer["refused"][0]["message"], f"{answer}")
        status, answer = node.recognise("HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0")
        require("service side" in answer["refused"][0]["message"] and "Primary" in answer["refused"][0]["hint"], f"{answer}")
        status, check = node.draft("check", {"id": "No", "filter": {"recTypes": ["a..b"]}, "destination": {"type": "kinesis"}})
        require(status == 200 and not check["ok"], f"{check}")
        require([each["field"] for each in check["problems"]] == ["id", "filter.recTypes[0]", "destination.stream"], f"{check}")
        require(all(each["message"] for each in check["problems"]), f"{check}")
        require(check["settings"]["ordering"] == "key" and check["settings"]["org"] == "default", "defaults are shown")
        status, check = node.draft("check", {"id": "a", "destination": {"type": "nowhere"}})
        require(check["problems"][0]["field"] == "destination.type" and check["type"] is None, f"{check}")
        taken = {"id": "taken", "filter": {"recTypes": ["io.a"]}, "destination": {"type": "webhook", "url": "https://a.example/"}}
        require(node.api("POST", "/v1/integrations", json.dumps(taken))[0] == 201, "an integration")
        status, check = node.draft("check", taken)
        require([each["field"] for each in check["problems"]] == ["id"] and "in use" in check["problems"][0]["message"], f"{check}")
        require(node.draft("check", taken, id="taken")[1]["ok"], "its own id is not in its way")
        for body, want in (("{", 400), ("{}", 422), ('{"settings":[]}', 422), ('{"settings":{},"what":1}', 422),
                           ('{"settings":{},"sequence":"x"}', 422), ('{"settings":{},"recTypes":["a..b"]}', 422)):
            status, answer = node.api("POST", "/v1/drafts/check", body)
            require(status == want and answer["detail"], f"{body}: {status} {answer}")
        require(node.api("POST", "/v1/drafts/recognise", '{"text":7}')[0] == 422, "text is text")
        require(node.draft("test", {"destination": {"type": "sqs"}})[0] == 422, "there is nothing to test yet")
        require(node.draft("check", {}, id="nothing")[0] == 404, "an integration that is not there")


def whose(folder):
    """A tenant tries out what it may create, and no more; and sees its own org's events."""
    def token(name, org, scopes, text):
        return {"name": name, "org": org, "scopes": scopes, "token": text}
    extra = {"tokens": [token("tenant", "com.acme", ["ALL:ALL"], TENANT), token("stranger", "com.other", ["ALL:ALL"], STRANGER),
                        token("reader", "com.acme", ["INTEGRATION:READ", "INTEGRATION:WRITE"], READER)]}
    peer = WebhookPeer(lambda item: 400)
    operators = {"id": "files", "destination": {"type": "file", "path": f"{folder}/out.ndjson"}}
    hook = {"id": "hook", "org": "com.acme", "filter": {"recTypes": ["io.acme.**"]}, "start": "oldest", "redact": ["creatorId"],
            "destination": {"type": "webhook", "url": f"{peer.url}/in"}}
    with Node(BINARY, folder, [operators, hook], extra) as node:
        def as_tenant(token):
            return {"Authorization": f"Bearer {token}"}
        for destination in ({"type": "file", "path": f"{folder}/mine"}, {"type": "webhook", "url": "http://127.0.0.1:1/"},
                            {"type": "webhook", "url": "https://169.254.169.254/latest"},
                            {"type": "kinesis", "stream": "s", "region": "eu-west-1", "credentials": {"environment": True}},
                            {"type": "kinesis", "stream": "s", "region": "eu-west-1", "credentials": {"csv_file": "/etc/passwd"}}):
            settings = {"id": "mine", "destination": destination}
            status, check = node.draft("check", settings, TENANT)
            require(status == 200 and not check["ok"] and check["targets"] == [], f"{destination}: {status} {check}")
            for what in ("test", "sample", "preview"):
                status, answer = node.draft(what, settings, TENANT)
                require(status in (403, 422), f"{what} of {destination}: {status} {answer}")
        status, made = node.api("POST", "/share/io.acme.desk", '{"a":1}', {"Content-Type": "application/json", **as_tenant(TENANT)})
        require(status == 201, f"{made}")
        status, page = wait_until(lambda: (lambda got: got[1]["items"] and got)(
            node.api("GET", "/v1/integrations/hook/dead-letters", headers=as_tenant(TENANT))), "a dead letter")
        sequence = page["items"][0]["sequence"]
        settings = {"id": "mine", "destination": {"type": "webhook", "url": "https://example.com/in"}}
        status, shown = node.draft("preview", settings, TENANT, sequence=sequence)
        require(status == 200 and '"a":1' in shown["body"], f"{shown}")
        require(node.draft("preview", settings, STRANGER, sequence=sequence)[0] == 422, "another org's event is unknown")
        require(node.draft("preview", settings, READER, sequence=sequence)[0] == 403, "without the right to read events")
        require(node.draft("preview", settings, READER)[0] == 200, "a sample needs no such right")
        require(node.draft("recent", settings, READER)[0] == 403, "nor are recTypes listed without it")
        status, recent = node.draft("recent", settings, STRANGER)
        require(status == 200 and recent["recTypes"] == [], f"{recent}")

        # The payload of a dead letter, for whoever may see it.
        where = f"/v1/integrations/hook/dead-letters/{sequence}"
        status, letter = node.api("GET", where, headers=as_tenant(TENANT))
        require(status == 200 and letter["code"] == "http_400" and letter["sequence"] == sequence, f"{letter}")
        envelope, body = json.loads(letter["envelope"]), json.loads(letter["payload"]["body"])
        require(envelope["obj"]["creatorId"] and "creatorId" not in body["obj"] and body["id"] == envelope["id"], f"{letter}")
        require(node.api("GET", where, headers=as_tenant(STRANGER))[0] == 404, "another org's dead letter is unknown")
        require(node.api("GET", where, headers=as_tenant(READER))[0] == 403, "it shows data")
        for name in ("999999", "x", "0"):
            require(node.api("GET", f"/v1/integrations/hook/dead-letters/{name}", headers=as_tenant(TENANT))[0] == 404, name)
        require(node.api("POST", where, "{}", as_tenant(TENANT))[0] == 405, "it is only looked at")
        require(node.draft("check", {}, TENANT, id="files")[0] == 404, "the operator's is unknown to a tenant")
        require(node.draft("check", {}, TENANT, id="hook")[0] == 409, "the file's are changed in the file")
        log = open(f"{folder}/sluice.log").read()
        require("example.com" not in log, "drafts are not logged")
    peer.close()


def main():
    chosen = sys.argv[2:]
    for test in (clouds, webhook, what_is_wrong, whose):
        if chosen and test.__name__ not in chosen:
            continue
        with Folder() as folder:
            test(folder)
        print(f"{test.__name__}: as it should be", flush=True)


if __name__ == "__main__":
    main()
