"""The document at /openapi.json against a real process: judged by an independent validator, every operation called and each answer held to
its schema, then looked at by schemathesis for answers that it does not have."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import jsonschema
import openapi_spec_validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from peers import OPERATOR_TOKEN, PATIENCE, PEERS, Sluice, check, eventually, free_port

READER = "a-token-that-may-only-read-0001"
TENANT = "a-token-of-a-tenant-000000000002"
PIPE = "a-pipe-token-0000000000000000003"
KIND = {"share": "objs", "device": "devices", "device-health": "health"}
NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}


def fetch(url, method="GET", body=None, headers=None):
    """Status, headers and the beginning of the body, whatever the status."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        answer = urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        endless = answer.headers.get("Content-Type", "") == "text/event-stream"
        return answer.status, answer.headers, b"" if endless else answer.read()


class Description:
    """The document, and what was seen of it."""

    def __init__(self, document):
        self.document = document
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:description", resource)
        self.seen = {}

    def resolved(self, value):
        while "$ref" in value:
            at = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            value = at
        return value

    def validate(self, schema, value, what):
        # Relative references are the document's own.
        whole = json.loads(json.dumps(schema).replace('"#/', '"urn:description#/'))
        validator = jsonschema.Draft202012Validator(
            whole, registry=self.registry, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        errors = sorted(validator.iter_errors(value), key=lambda error: list(error.absolute_path))
        told = "\n".join(f"  {'/'.join(map(str, error.absolute_path))}: {error.message[:400]}" for error in errors[:5])
        check(not errors, f"{what}:\n{told}\n{json.dumps(value)[:1500]}")

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in self.resolved(item).items():
                if method != "parameters":
                    yield method.upper(), path, operation

    def operation(self, method, path):
        return self.resolved(self.document["paths"][path])[method.lower()]

    def judge(self, method, path, status, headers, body):
        """The answer is one that the document has."""
        what = f"{method} {path} {status}"
        self.seen.setdefault((method, path), set()).add(status)
        responses = self.operation(method, path)["responses"]
        check(str(status) in responses, f"{what} is not described: {body[:500]}")
        response = self.resolved(responses[str(status)])
        for name, header in response.get("headers", {}).items():
            value = headers.get(name)
            if value is None:
                check(name == "Idempotency-Replayed", f"{what} has no {name}")
            else:
                self.validate(self.resolved(header)["schema"], value, f"{what}, {name}")
        content = response.get("content")
        if content is None:
            check(not body, f"{what} has a body: {body[:500]}")
            return
        media = headers.get("Content-Type", "").split(";")[0]
        check(media in content, f"{what} is of type {media}")
        schema = content[media]["schema"]
        if "json" in media:
            self.validate(schema, json.loads(body), what)
        elif media.startswith("text/") and media != "text/event-stream":
            self.validate(schema, body.decode(), what)


class Caller:
    def __init__(self, node, description):
        self.url, self.description = node.url, description

    def __call__(self, method, path, expected, body=None, headers=None, token=OPERATOR_TOKEN, query="", **parameters):
        """Calls an operation by its path in the document; the answer's body."""
        target = path
        for name, value in parameters.items():
            target = target.replace("{" + name + "}", value)
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        if body is not None and "Content-Type" not in sent:
            sent |= JSON
        status, answered, data = fetch(self.url + target + query, method, body, sent)
        check(status == expected, f"{method} {target}{query}: {status}, not {expected}: {data[:1000]}")
        self.description.judge(method, path, status, answered, data)
        self.headers = answered
        return json.loads(data) if data and "json" in answered.get("Content-Type", "") else data


def examples_are_what_they_are_examples_of(description):
    for name, example in description.document["components"]["examples"].items():
        settings = {"$ref": "#/components/schemas/IntegrationSettings"}
        description.validate(settings, example["value"], f"the example {name}")
        for wrong in ({"nobodys": 1}, {"destination": {**example["value"]["destination"], "nobodys": 1}}):
            whole = json.loads(json.dumps(settings).replace('"#/', '"urn:description#/'))
            validator = jsonschema.Draft202012Validator(whole, registry=description.registry)
            check(not validator.is_valid({**example["value"], **wrong}), f"{name} with an unknown member is taken")
    for method, path, operation in description.operations():
        content = description.resolved(operation.get("requestBody", {})).get("content", {})
        for media, part in content.items():
            given = [part["example"]] if "example" in part else []
            given += [description.resolved(each)["value"] for each in part.get("examples", {}).values()]
            for value in given:
                description.validate(part["schema"], value, f"the example of {method} {path}")


def use_integrations(ask, folder):
    one = "/v1/integrations/{id}"
    rooms = {
        "id": "rooms",
        "filter": {"recTypes": ["io.acme.**"]},
        "destination": {"type": "file", "path": f"{folder}/{{obj.data.room}}.ndjson"},
    }
    ask("POST", "/v1/integrations", 201, rooms)
    ask("POST", "/v1/integrations", 409, rooms)
    ask("POST", "/v1/integrations", 400, b"{")
    ask("POST", "/v1/integrations", 422, {"id": "x"})
    ask("POST", "/v1/integrations", 413, b'{"id":"' + b"x" * (2 << 20) + b'"}')
    ask("POST", "/v1/integrations", 403, rooms, token=READER)
    # No file for a tenant.
    ask("POST", "/v1/integrations", 403, {**rooms, "id": "mine"}, token=TENANT)
    webhook = {"type": "webhook", "url": f"http://127.0.0.1:{free_port()}/in", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    ask("POST", "/v1/integrations", 201, {"id": "refused", "filter": {"recTypes": ["io.acme.**"]}, "destination": webhook})

    lines = b'{"room":"a","n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n{"room":"a","n":5}\n'
    ask("POST", "/share/{recType}", 201, lines, NDJSON, recType="io.acme.reading")
    eventually(
        "dead letters, deliveries and a failure",
        lambda: ask("GET", one, 200, id="rooms")["stats"]["dead_lettered"] == 3
        and ask("GET", one, 200, id="rooms")["stats"]["delivered"] == 2
        and ask("GET", one, 200, id="refused")["stats"]["last_error"],
    )
    check(ask("GET", one, 200, id="refused")["destination"]["secret"] == "(redacted)", "a secret is shown")
    ask("GET", one, 404, id="nobody")
    ask("GET", one, 401, id="rooms", token=None)
    ask("GET", one, 401, id="rooms", token="no token of ours")
    ask("GET", one, 403, id="rooms", token=PIPE)
    ask("GET", one, 403, id="rooms", token=READER, headers={"Sluice-Org": "org.other"})
    ask("GET", one, 400, id="rooms", headers={"Sluice-Org": "not an org"})

    for query in ("", "?details=false", "?limit=1", "?limit=1&sort=-lag&details=false", "?state=failing,running&type=webhook&q=REFUSED"):
        page = ask("GET", "/v1/integrations", 200, query=query)
        check(page["items"] and sum(page["states"].values()) >= page["total"], f"{query}: {page}")
    page = ask("GET", "/v1/integrations", 200, query="?details=false&sort=-state&limit=1")
    rest = ask("GET", "/v1/integrations", 200, query=f"?details=false&sort=-state&after={page['next']}")
    check([item["id"] for item in page["items"] + rest["items"]][0] == "refused", f"the worst first: {page}")
    check(len(page["items"] + rest["items"]) == page["total"] == 3, f"pages: {page} {rest}")
    for query in ("?limit=0", "?state=dead", "?sort=name", "?nobodys=1", "?after=x&sort=lag", "?details=maybe"):
        ask("GET", "/v1/integrations", 400, query=query)

    ask("PATCH", one, 200, {"payload": "object"}, {"Content-Type": "application/merge-patch+json"}, id="rooms")
    tag = ask.headers["ETag"]
    ask("PUT", one, 200, {**rooms, "payload": "data"}, {"If-Match": tag}, id="rooms")
    ask("PUT", one, 412, rooms, {"If-Match": tag}, id="rooms")
    ask("PATCH", one, 412, {}, {"If-Match": tag}, id="rooms")
    ask("PATCH", one, 415, b"x", {"Content-Type": "text/plain"}, id="rooms")
    ask("PATCH", one, 422, {"payload": "nothing"}, id="rooms")
    ask("PUT", one, 404, rooms, id="nobody")
    ask("PUT", one, 409, {"destination": rooms["destination"]}, id="of-the-file")
    ask("DELETE", one, 412, headers={"If-Match": tag}, id="rooms")
    ask("DELETE", one, 409, id="of-the-file")
    ask("DELETE", one, 404, id="nobody")

    ask("POST", one + "/test", 200, id="rooms")
    ask("POST", one + "/test", 200, id="refused")
    ask("POST", one + "/test", 404, id="nobody")
    ask("POST", one + "/sample", 200, id="rooms")
    ask("POST", one + "/replay", 202, {"from": "1"}, id="rooms")
    eventually("the replay's end", lambda: not ask("GET", one, 200, id="rooms")["replay"]["running"])
    ask("POST", one + "/replay", 422, {"from": "1000000"}, id="rooms")
    ask("POST", one + "/replay", 422, {}, id="rooms")
    ask("POST", one + "/replay", 404, {"from": "1"}, id="nobody")

    letters = one + "/dead-letters"
    page = ask("GET", letters, 200, query="?limit=1", id="rooms")
    check(page["next"], "three dead letters are more than one page of one")
    ask("GET", letters, 200, query=f"?after={page['next']}&class=missing_target&recType=io.acme.**", id="rooms")
    ask("GET", letters, 400, query="?class=nothing", id="rooms")
    ask("GET", letters, 400, query="?after=x", id="rooms")
    ask("GET", letters, 404, id="nobody")
    ask("GET", letters + "/{sequence}", 200, id="rooms", sequence=page["items"][0]["sequence"])
    ask("GET", letters + "/{sequence}", 404, id="rooms", sequence="999999")
    ask("POST", letters + "/redeliver", 200, {"sequences": [page["items"][0]["sequence"]]}, id="rooms")
    ask("POST", letters + "/redeliver", 422, {}, id="rooms")
    ask("POST", letters + "/redeliver", 404, {"all": True}, id="nobody")
    ask("POST", letters + "/discard", 422, {"nobodys": "x"}, id="rooms")
    ask("POST", letters + "/discard", 200, {"all": True}, id="rooms")
    ask("POST", one + "/pause", 200, id="refused")
    ask("POST", one + "/replay", 409, {"from": "1"}, id="refused")
    ask("POST", one + "/resume", 200, id="refused")
    ask("POST", one + "/pause", 403, id="refused", token=READER)
    ask("GET", one, 200, id="refused")
    ask("DELETE", one, 204, headers={"If-Match": ask.headers["ETag"]}, id="refused")


def use_alerts(ask):
    alert = {"id": "on-call", "url": f"http://127.0.0.1:{free_port()}/alerts", "types": ["integration.failing"]}
    one = "/v1/alerts/{id}"
    made = ask("POST", "/v1/alerts", 201, alert)
    check(made["secret"].startswith("whsec_"), f"a secret is made, and shown once: {made}")
    ask("POST", "/v1/alerts", 409, alert)
    ask("POST", "/v1/alerts", 422, {**alert, "id": "other", "types": ["nothing"]})
    check(ask("GET", "/v1/alerts", 200)["items"][0]["secret"] == "(redacted)", "a secret is shown")
    ask("GET", "/v1/alerts", 400, query="?limit=none")
    ask("GET", one, 200, id="on-call")
    tag = ask.headers["ETag"]
    ask("GET", one, 404, id="nobody")
    ask("PATCH", one, 200, {"types": None}, {"Content-Type": "application/merge-patch+json"}, id="on-call")
    ask("PUT", one, 412, alert, {"If-Match": tag}, id="on-call")
    ask("DELETE", one, 412, headers={"If-Match": tag}, id="on-call")
    ask("PUT", one, 200, alert, id="on-call")
    check(ask("POST", one + "/test", 200, id="on-call")["error"]["code"] == "connection_refused", "nobody listens there")
    ask("DELETE", one, 403, id="on-call", token=READER)
    ask("DELETE", one, 204, id="on-call")


def use_access(ask):
    acme = {"id": "com.acme", "name": "Acme Ltd", "limits": {"requests_per_second": 200}}
    ask("POST", "/v1/orgs", 201, acme)
    ask("POST", "/v1/orgs", 409, acme)
    ask("POST", "/v1/orgs", 422, {"id": "-bad-"})
    ask("POST", "/v1/orgs", 403, acme, token=TENANT)
    ask("POST", "/v1/orgs", 201, {"id": "org.short"})
    ask("DELETE", "/v1/orgs/{id}", 204, id="org.short")
    ask("GET", "/v1/orgs", 200, query="?limit=1")
    org = "/v1/orgs/{id}"
    ask("GET", org, 200, id="com.acme")
    ask("GET", org, 404, id="org.nobody")
    ask("PATCH", org, 200, {"name": "Acme"}, {"Content-Type": "application/merge-patch+json"}, id="com.acme")
    ask("PUT", org, 200, acme, id="com.acme")
    ask("PUT", org, 412, acme, {"If-Match": '"another"'}, id="com.acme")
    made = ask("POST", "/v1/tokens", 201, {"name": "reader", "org": "com.acme", "scopes": ["SHARE:READ"], "lifetime": "90d"})
    ask("POST", "/v1/tokens", 201, {"name": "pipe", "org": "com.acme", "recTypes": ["io.acme.**"]})
    ask("POST", "/v1/tokens", 422, {"name": "neither"})
    ask("POST", "/v1/tokens", 403, {"name": "x", "scopes": ["SHARE:READ"]}, token=READER)
    ask("DELETE", org, 409, id="com.acme")
    one = "/v1/tokens/{id}"
    check("token" not in ask("GET", one, 200, id=made["id"]), "a token's text is shown twice")
    ask("GET", one, 404, id="tok_nobody")
    ask("GET", "/v1/tokens", 200, query="?org=com.acme")
    check(ask("POST", one + "/rotate", 200, {"overlap": "1h"}, id=made["id"])["token"] != made["token"], "the same text")
    ask("POST", one + "/rotate", 422, {"overlap": "90d"}, id=made["id"])
    ask("DELETE", one, 204, id=made["id"])
    ask("DELETE", one, 404, id=made["id"])
    check(ask("GET", "/v1/audit", 200, query="?limit=5")["items"], "nothing in the audit log")
    ask("GET", "/v1/audit", 400, query="?limit=none")


def use_drafts(ask):
    draft = {"settings": {"id": "draft", "filter": {"recTypes": ["io.acme.**"]}, "destination": {"type": "webhook"}}}
    ask("POST", "/v1/drafts/recognise", 200, {"text": "https://sqs.eu-west-1.amazonaws.com/123456789012/building"})
    ask("POST", "/v1/drafts/recognise", 422, {})
    ask("POST", "/v1/drafts/check", 200, draft)
    ask("POST", "/v1/drafts/test", 422, draft)
    draft["settings"]["destination"]["url"] = f"http://127.0.0.1:{free_port()}/in"
    for call in ("check", "test", "sample", "preview", "recent"):
        ask("POST", f"/v1/drafts/{call}", 200, draft)
        ask("POST", f"/v1/drafts/{call}", 400, b"{")
        ask("POST", f"/v1/drafts/{call}", 403, draft, token=READER)


def use_node(ask):
    ask("GET", "/openapi.json", 200, token=None)
    ask("GET", "/openapi.json", 304, headers={"If-None-Match": ask.headers["ETag"]}, token=None)
    ask("GET", "/v1/status", 200)
    ask("GET", "/v1/status", 403, token=PIPE)
    ask("POST", "/v1/reload", 200)
    ask("POST", "/v1/reload", 403, token=TENANT)
    before = ask("GET", "/v1/secrets", 200)["key"]
    ask("GET", "/v1/secrets", 403, token=TENANT)
    check(ask("POST", "/v1/secrets/rotate", 200)["dropped"] == [before], "the key of before was not dropped")
    check(ask("POST", "/v1/secrets/rotate", 200, {"keep_old": True})["kept"], "the key of before was not kept")
    ask("POST", "/v1/secrets/rotate", 400, b"{")
    ask("POST", "/v1/secrets/rotate", 422, {"keep_all": True})
    ask("POST", "/v1/secrets/rotate", 403, token=TENANT)
    ask("GET", "/v1/tail", 200, query="?recType=io.acme.**")
    ask("GET", "/v1/tail", 400, query="?recType=.x")
    ask("GET", "/v1/tail", 400, query="?nobodys=x")
    for accept in ("text/plain", "application/openmetrics-text; version=1.0.0"):
        ask("GET", "/metrics", 200, headers={"Accept": accept}, token=None)
        check(accept.split(";")[0] in ask.headers["Content-Type"], f"{accept}: {ask.headers['Content-Type']}")
    ask("GET", "/healthz", 200, token=None)
    ask("GET", "/readyz", 200, token=None)


def use_objects(ask, description):
    for prefix in KIND:
        stream = f"/{prefix}/{{recType}}"
        of = {"recType": "io.acme.thing"}
        made = ask("POST", stream, 201, {"n": 1}, {"Idempotency-Key": f"key-{prefix}"}, **of)["objs"][0]
        ask("POST", stream, 201, {"n": 1}, {"Idempotency-Key": f"key-{prefix}"}, **of)
        check(ask.headers["Idempotency-Replayed"] == "true", "a repeat was not told as one")
        ask("POST", stream, 422, {"n": 2}, {"Idempotency-Key": f"key-{prefix}"}, **of)
        ask("POST", stream, 400, b"{", **of)
        ask("POST", stream, 400, {}, recType="-bad-")
        ask("POST", stream, 422, b"[]", **of)
        ask("POST", stream, 413, b'{"x":"' + b"x" * (1 << 20) + b'"}', **of)
        ask("POST", stream, 415, b"x", {"Content-Type": "text/plain"}, **of)
        ask("POST", stream, 401, {}, token=None, **of)
        ask("POST", stream, 403, {}, token=READER, **of)
        ask("GET", stream, 200, query="?perPage=5&sort=-updateDate&details=false", **of)
        ask("GET", stream, 400, query="?perpage=5", **of)
        ask("GET", stream + "/latest", 200, **of)
        ask("GET", stream + "/latest", 404, recType="io.acme.nothing")
        one = {**of, "id": made["id"]}
        ask("GET", stream + "/{id}", 200, query="?details=false", **one)
        ask("PUT", stream + "/{id}", 200, {"n": 3}, **one)
        ask("PUT", stream + "/{id}", 404, {"n": 3}, **of, id="nobody")
        ask("DELETE", stream + "/{id}", 200, **one)
        ask("DELETE", stream + "/{id}", 404, **one)
        ask("GET", stream + "/{id}", 404, **one)
        tagged = stream + "/tags/{tag}"
        ask("POST", tagged, 201, b'{"n":1}\n{"n":2}\n', NDJSON, **of, tag="Dublin")
        ask("GET", tagged, 200, **of, tag="Dublin")
        ask("GET", tagged + "/latest", 200, **of, tag="Dublin")
        ask("POST", stream + "/token/{pipeToken}", 201, {"n": 1}, token=None, recType="io.acme.pipe", pipeToken=PIPE)
        ask("POST", stream + "/token/{pipeToken}", 403, {"n": 1}, token=None, recType="io.other", pipeToken=PIPE)
        ask("POST", stream + "/token/{pipeToken}", 401, {"n": 1}, token=None, recType="io.acme.pipe", pipeToken="no-token")
    envelope = description.operation("POST", "/events")["requestBody"]["content"]["application/json"]["example"]
    ask("POST", "/events", 201, envelope)
    ask("POST", "/events", 422, {**envelope, "more": 1})
    ask("POST", "/events", 403, envelope, token=READER)


def look_for_more(node):
    """Bounded and seeded; as a tenant, who cannot write files. The tail does not end, and the operator's calls are not the tenant's."""
    command = [
        PEERS / "venv/bin/schemathesis", "--config-file=/dev/null", "run", node.url + "/openapi.json", "--url", node.url,
        "--header", f"Authorization: Bearer {TENANT}", "--phases", "examples,fuzzing", "--seed", "1",
        "--max-examples", "12", "--generation-deterministic", "--request-timeout", "40",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--exclude-path", "/v1/tail", "--continue-on-failure", "--no-color", "--warnings", "off",
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout[-2500:], flush=True)
    check(done.returncode == 0, "schemathesis found answers that the document does not have")


def main():
    every = ["SHARE:READ", "SHARE:CREATE", "SHARE:UPDATE", "SHARE:DELETE", "INTEGRATION:READ", "INTEGRATION:WRITE"]
    node = Sluice(
        [{"id": "of-the-file", "filter": {"recTypes": ["io.nobody"]}, "destination": {"type": "file", "path": "/dev/null"}}],
        tokens=[
            {"name": "reader", "org": "default", "scopes": ["INTEGRATION:READ", "SHARE:READ"], "token": READER},
            {"name": "tenant", "org": "org.tenant", "scopes": every, "token": TENANT},
        ],
        pipe_tokens=[{"name": "pipe", "org": "default", "recTypes": ["io.acme.pipe"], "token": PIPE}],
    )
    status, _, data = fetch(node.url + "/openapi.json")
    check(status == 200, f"/openapi.json: {status}")
    document = json.loads(data)
    openapi_spec_validator.validate(document)
    description = Description(document)
    examples_are_what_they_are_examples_of(description)
    print(f"valid: {len(document['paths'])} paths, {len(document['components']['schemas'])} schemas", flush=True)

    ask = Caller(node, description)
    use_node(ask)
    use_integrations(ask, node.folder.name)
    use_alerts(ask)
    use_access(ask)
    use_drafts(ask)
    use_objects(ask, description)
    answers = sum(len(statuses) for statuses in description.seen.values())
    unseen = [
        f"{method} {path}"
        for method, path, _ in description.operations()
        if not any(status < 300 for status in description.seen.get((method, path), ()))
    ]
    check(not unseen, f"operations that nothing was asked of: {unseen}")
    print(f"{len(description.seen)} operations, {answers} answers as described", flush=True)
    look_for_more(node)


if __name__ == "__main__":
    sys.exit(main())
