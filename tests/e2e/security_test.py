"""Every way in, tried with every wrong key: each route of the management API and the Share API with missing, malformed, unknown,
revoked, expired, foreign and too weak tokens; paths, framings and sizes that could be taken for something else. Each must be refused
with the right status and a problem document, and nothing may have changed."""

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

from harness import Folder, Sluice, TOKEN, require, wait_until
from webhook_peer import WebhookPeer

BINARY = sys.argv[1]
ORG, OTHER = "com.acme", "com.other"
GOOD_BODIES = {"/v1/integrations": {"id": "intruder", "destination": {"type": "webhook", "url": "https://example.com/"}},
               "/v1/tokens": {"name": "intruder", "scopes": ["ALL:ALL"]},
               "/v1/orgs": {"id": "com.intruder"}}

# Used when the program does not describe itself; a route that it describes and that is not here is tried all the same.
ROUTES = [("GET", "/v1/integrations"), ("POST", "/v1/integrations"), ("GET", "/v1/integrations/{id}"), ("PUT", "/v1/integrations/{id}"),
          ("PATCH", "/v1/integrations/{id}"), ("DELETE", "/v1/integrations/{id}"), ("POST", "/v1/integrations/{id}/test"),
          ("POST", "/v1/integrations/{id}/sample"), ("POST", "/v1/integrations/{id}/pause"),
          ("POST", "/v1/integrations/{id}/resume"), ("POST", "/v1/integrations/{id}/replay"),
          ("GET", "/v1/integrations/{id}/dead-letters"), ("GET", "/v1/integrations/{id}/dead-letters/{sequence}"),
          ("POST", "/v1/integrations/{id}/dead-letters/redeliver"),
          ("POST", "/v1/integrations/{id}/dead-letters/discard"), ("GET", "/v1/integrations/{id}/dead-letters/{sequence}"),
          *[("POST", "/v1/drafts/" + what) for what in ("recognise", "check", "test", "sample", "preview", "recent")],
          ("GET", "/v1/tokens"), ("POST", "/v1/tokens"),
          ("GET", "/v1/tokens/{id}"), ("DELETE", "/v1/tokens/{id}"), ("POST", "/v1/tokens/{id}/rotate"), ("GET", "/v1/orgs"),
          ("POST", "/v1/orgs"), ("GET", "/v1/orgs/{id}"), ("PUT", "/v1/orgs/{id}"), ("PATCH", "/v1/orgs/{id}"),
          ("DELETE", "/v1/orgs/{id}"), ("GET", "/v1/audit"), ("GET", "/v1/secrets"),
          ("POST", "/v1/secrets/rotate"), ("GET", "/v1/status"), ("POST", "/v1/reload"), ("GET", "/v1/tail"),
          *(("POST", f"/v1/drafts/{what}") for what in ("recognise", "check", "test", "sample", "preview", "recent"))]
SHARE = [(method, f"/{kind}/io.acme.desk{rest}") for kind in ("share", "device", "device-health")
         for method, rest in (("POST", ""), ("GET", ""), ("POST", "/tags/Dublin"), ("GET", "/tags/Dublin"), ("GET", "/latest"),
                              ("GET", "/{object}"), ("PUT", "/{object}"), ("DELETE", "/{object}"))] + [("POST", "/events")]
# Open to anybody who reaches this machine's loopback, as documented.
OPEN = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/"}
PROBLEM = "application/problem+json"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def problem(self, what):
        require(self.headers.get("Content-Type") == PROBLEM, f"{what}: {self.status} is no problem document: {self.body[:200]}")
        document = json.loads(self.body)
        for member in ("type", "title", "status", "detail", "code"):
            require(document.get(member), f"{what}: the problem lacks {member}: {document}")
        require(document["status"] == self.status, f"{what}: {document}")
        if self.status == 401:
            require("Bearer" in self.headers.get("WWW-Authenticate", ""), f"{what}: a 401 says how to authenticate")
        if self.status == 429:
            require(int(self.headers["Retry-After"]) >= 1, f"{what}: a 429 says when")
        return document


class Target(Sluice):
    """A node with two orgs, each with an integration, tokens, objects and an org record."""

    def __enter__(self):
        self.connection = None
        return self.start()

    def __exit__(self, *ignored):
        self.close()
        self.kill()

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def ask(self, method, path, token=None, body=None, headers=None, authorization=None):
        """Over one kept connection: what is refused must not spoil it for the next."""
        fields = dict(headers or {})
        if token is not None:
            authorization = f"Bearer {token}"
        if authorization is not None:
            fields["Authorization"] = authorization
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
        for attempt in (1, 2):
            if not self.connection:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                self.connection.request(method, path, body=body, headers=fields)
                answer = self.connection.getresponse()
                if answer.headers.get("Content-Type") == "text/event-stream":
                    self.close()
                    return Answer(answer.status, answer.headers, b"")
                return Answer(answer.status, answer.headers, answer.read())
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                require(attempt == 1, f"{method} {path[:80]} ended the connection without an answer")
        return None

    def made(self, path, body, status=201):
        answer = self.ask("POST", path, TOKEN, body)
        require(answer.status == status, f"{path} was answered {answer.status}: {answer.body[:300]}")
        return json.loads(answer.body)

    def token(self, org, scopes=None, **more):
        return self.made("/v1/tokens", {"name": f"{org} {scopes}", "org": org, **({"scopes": scopes} if scopes else {}), **more})

    def state(self):
        """All that a request could change, without what changes by itself."""
        def without(value, names):
            return {name: inner for name, inner in value.items() if name not in names}
        integrations = json.loads(self.ask("GET", "/v1/integrations?limit=1000", TOKEN).body)["items"]
        tokens = json.loads(self.ask("GET", "/v1/tokens?limit=1000", TOKEN).body)["items"]
        orgs = json.loads(self.ask("GET", "/v1/orgs?limit=1000", TOKEN).body)["items"]
        head = json.loads(self.ask("GET", "/v1/status", TOKEN).body)["head"]
        settings = [{**without(each, {"stats", "reason", "replay"}), "matched": each.get("stats", {}).get("matched")}
                    for each in integrations]
        return {"integrations": settings, "tokens": [without(each, {"last_used", "expired"}) for each in tokens], "orgs": orgs,
                "head": head}


def open_target(folder, peer, **limits):
    hook = {"id": "file-hook", "org": ORG, "filter": {"recTypes": ["io.acme.**"]},
            "destination": {"type": "webhook", "url": f"{peer.url}/file"}}
    extra = {"limits": {"failed_authentications_per_minute": 1_000_000, **limits},
             "tokens": [{"name": "in-file", "org": ORG, "scopes": ["ALL:ALL"], "token": "file-token-0123456789abcdef"}]}
    return Target(BINARY, folder, [hook], extra)


def resources(target, peer, org, name):
    """What an org has, for the `{…}` of paths."""
    target.made("/v1/integrations", {"id": name, "org": org, "destination": {"type": "webhook", "url": f"{peer.url}/{name}"},
                                     "filter": {"recTypes": ["io.acme.**"]}})
    target.made("/v1/orgs", {"id": org, "name": name})
    token = target.token(org, ["ALL:ALL"])
    answer = target.ask("POST", "/share/io.acme.desk", token["token"], {"secret": f"of {org}"})
    require(answer.status == 201, f"{answer.body}")
    return {"integrations": name, "orgs": org, "tokens": token["id"], "object": json.loads(answer.body)["objs"][0]["id"],
            "token": token["token"]}


def described_routes(target):
    """The program's own list, so that no new route is forgotten."""
    answer = target.ask("GET", "/openapi.json")
    routes = list(ROUTES)
    if answer.status != 200:
        print("  the program does not describe its routes: the test's own list is used", flush=True)
        return routes
    for path, methods in json.loads(answer.body)["paths"].items():
        for method in methods:
            row = (method.upper(), path)
            if method in ("get", "post", "put", "patch", "delete") and path.startswith("/v1/") and row not in routes:
                routes.append(row)
    return routes


def fill(path, things):
    """`/v1/tokens/{id}` with the id of a token that there is; what is not known gets a name that nothing has."""
    parts = path.split("/")
    for at, part in enumerate(parts):
        if part.startswith("{"):
            kind = "object" if part == "{object}" else parts[at - 1]
            parts[at] = things.get(kind, "1")
    return "/".join(parts)


def body_for(method, path):
    if method not in ("POST", "PUT", "PATCH"):
        return None
    if path == "/events":
        return {"event_type": "create", "id": "a", "obj": {"data": {}}, "obj_type": "objs", "recType": "io.acme.desk",
                "source": "intruder"}
    if path.endswith("/replay"):
        return {"from": "1"}
    return GOOD_BODIES.get(path, {"all": True} if "dead-letters" in path else {})


def each_wrong_token(folder):
    peer = WebhookPeer()
    with open_target(folder, peer) as target:
        mine, theirs = resources(target, peer, ORG, "acme-hook"), resources(target, peer, OTHER, "other-hook")
        revoked = target.token(ORG, ["ALL:ALL"])
        # Its text in place of its id, in a hurry: it is not kept anywhere, as is seen at the end.
        answer = target.ask("DELETE", f"/v1/tokens/{revoked['token']}", TOKEN)
        require(answer.status == 404 and b"not its id" in answer.body and revoked["token"].encode() not in answer.body,
                f"a token's text is not its id: {answer.status} {answer.body}")
        require(target.ask("DELETE", f"/v1/tokens/{revoked['id']}", TOKEN).status == 204, "a token is revoked")
        rotated = target.token(ORG, ["ALL:ALL"])
        target.made(f"/v1/tokens/{rotated['id']}/rotate", {}, 200)
        expired = target.token(ORG, ["ALL:ALL"], lifetime="1ms")
        pipe = target.token(ORG, recTypes=["io.acme.gate"])
        weak = target.token(ORG, ["METRICS:READ"])
        routes = [*described_routes(target), *SHARE]
        before = target.state()

        no_good = {"none": {}, "empty": {"authorization": ""}, "no text": {"authorization": "Bearer"},
                   "another scheme": {"authorization": "Basic YWRtaW46YWRtaW4="},
                   "no scheme": {"authorization": mine["token"]},
                   "unknown": {"token": "nobody-knows-me"}, "cut": {"token": mine["token"][:-1]},
                   "with a comma": {"authorization": f"Bearer x, Bearer {mine['token']}"},
                   "overlong": {"token": "x" * 8000}, "revoked": {"token": revoked["token"]},
                   "rotated away": {"token": rotated["token"]}, "expired": {"token": expired["token"]}}
        for method, path in routes:
            for why, how in no_good.items():
                what = f"{method} {path} with a token that is {why}"
                answer = target.ask(method, fill(path, mine), body=body_for(method, path), **how)
                if path in OPEN:
                    require(answer.status == 200, f"{what}: {answer.status}")
                    continue
                require(answer.status == 401, f"{what} was answered {answer.status}: {answer.body[:200]}")
                answer.problem(what)
            if method == "GET":
                require(target.ask("HEAD", fill(path, mine)).status == 401, f"HEAD {path} without a token")
            for why, token in (("a pipe token", pipe["token"]), ("one for metrics only", weak["token"])):
                what = f"{method} {path} with {why}"
                answer = target.ask(method, fill(path, mine), token, body_for(method, path))
                require(answer.status == 403, f"{what} was answered {answer.status}: {answer.body[:200]}")
                answer.problem(what)
        print(f"  {len(routes)} routes, {len(no_good) + 2} wrong tokens each", flush=True)

        foreigners = 0
        for method, path in routes:
            filled = fill(path, theirs)
            if "{" not in path or method == "POST" and path.startswith("/share"):
                continue
            what = f"{method} {path} by another org"
            answer = target.ask(method, filled, mine["token"], body_for(method, path))
            operators = path.startswith("/v1/orgs/") and method != "GET"
            refused = {403} if operators else {404}
            if (method, path) not in [*ROUTES, *SHARE]:
                refused = {400, 403, 404, 422}  # what it wants is not known here: that nothing changed is seen below
            require(answer.status in refused, f"{what} was answered {answer.status}: {answer.body[:200]}")
            answer.problem(what)
            foreigners += 1
        for path in ("/v1/integrations", "/v1/tokens"):
            answer = target.ask("POST", path, mine["token"], {**GOOD_BODIES[path], "org": OTHER})
            require(answer.status in (403, 422), f"{path} for another org was answered {answer.status}: {answer.body[:200]}")
        answer = target.ask("POST", "/v1/tokens", mine["token"], {**GOOD_BODIES["/v1/tokens"], "operator": True})
        require(answer.status == 403, "a tenant makes no operator")
        for path in ("/v1/orgs", "/v1/reload", "/v1/secrets/rotate"):
            require(target.ask("POST", path, mine["token"], GOOD_BODIES.get(path, {})).status == 403, f"{path} is the operator's")
        for header in ({"Sluice-Org": OTHER}, {"sluice-org": OTHER}):
            answer = target.ask("GET", "/v1/integrations", mine["token"], headers=header)
            require(answer.status == 403, f"acting for another org was answered {answer.status}")
        # A draft in place of another org's integration would be given its kept secrets; its events are another's too.
        draft = {"settings": {"id": "other-hook", "destination": {"type": "webhook", "url": "https://example.com/"}}, "id": "other-hook"}
        for what in ("check", "test", "sample", "preview", "recent"):
            answer = target.ask("POST", f"/v1/drafts/{what}", mine["token"], draft)
            require(answer.status == 404, f"a draft of another org's was answered {answer.status}: {answer.body[:300]}")
        own = {"settings": {"id": "mine", "destination": {"type": "webhook", "url": "https://example.com/"}}}
        for sequence in range(1, int(before["head"]) + 1):
            shown = target.ask("POST", "/v1/drafts/preview", mine["token"], {**own, "sequence": str(sequence)}).body.decode()
            require(OTHER not in shown, f"a preview shows another org's event: {shown[:300]}")
        shown = target.ask("POST", "/v1/drafts/recent", mine["token"], own).body.decode()
        require(OTHER not in shown, f"another org's streams are shown: {shown[:300]}")
        for path in ("/v1/integrations", "/v1/tokens", "/v1/orgs", "/share/io.acme.desk"):
            shown = target.ask("GET", path, mine["token"]).body.decode()
            require(OTHER not in shown and "other-hook" not in shown, f"{path} shows another org's: {shown[:300]}")
        entries = json.loads(target.ask("GET", "/v1/audit?limit=1000", mine["token"]).body)["items"]
        require(entries and all(each["org"] == ORG for each in entries), "the audit log shows another org's changes")
        require(target.ask("GET", f"/v1/audit?org={OTHER}", mine["token"]).status == 403, "another org's changes are not shown")
        require(target.ask("DELETE", "/v1/tokens/admin", mine["token"]).status == 404, "the operator's token is not a tenant's")
        require(target.ask("DELETE", "/v1/tokens/in-file", mine["token"]).status == 409, "the file's token is the file's")
        print(f"  {foreigners} routes with another org's things", flush=True)
        require(target.state() == before, f"something changed:\n{before}\n{target.state()}")

        # The operator's, for events of several orgs: it stands under one, and its dead letters are of others.
        spanning = {"id": "spanning", "org": ORG, "orgs": [ORG, OTHER], "destination": {"type": "webhook", "url": "https://example.com/"}}
        require(target.ask("POST", "/v1/integrations", TOKEN, spanning).status == 201, "the operator makes one for two orgs")
        for method, path in (("GET", ""), ("GET", "/dead-letters"), ("PATCH", ""), ("POST", "/dead-letters/redeliver"), ("DELETE", "")):
            answer = target.ask(method, "/v1/integrations/spanning" + path, mine["token"], {"POST": {"all": True}, "PATCH": {}}.get(method))
            require(answer.status == 404, f"{method} {path} of one for several orgs was answered {answer.status}: {answer.body[:200]}")
        require(b"spanning" not in target.ask("GET", "/v1/integrations", mine["token"]).body, "nor is it in a tenant's list")
        require(target.ask("DELETE", "/v1/integrations/spanning", TOKEN).status == 204, "the operator sees it")

        # What is right goes through, so that the refusals above mean something.
        require(target.ask("GET", "/v1/integrations/acme-hook", mine["token"]).status == 200, "the owner's token works")
        answer = target.ask("POST", f"/share/io.acme.gate/token/{pipe['token']}", body={"n": 1})
        require(answer.status == 201, f"a pipe token creates under its pattern: {answer.status} {answer.body}")
        for path, token in (("/share/io.acme.desk/token/", pipe["token"]), ("/share/io.acme.gate/token/", mine["token"])):
            answer = target.ask("POST", path + token, body={"n": 1})
            require(answer.status in (401, 403), f"{path} was answered {answer.status}")
            require(token.encode() not in answer.body, "an answer holds no token")
        secrets = [each["token"] for each in (mine, theirs, revoked, rotated, expired, pipe, weak)]
        target.close()
        target.stop()
        nowhere_in(folder, secrets)
    peer.close()


def nowhere_in(folder, secrets):
    for parent, _, files in os.walk(folder):
        for name in files:
            with open(os.path.join(parent, name), "rb") as file:
                data = file.read()
            for secret in secrets:
                require(secret.encode() not in data, f"{os.path.join(parent, name)} holds a token's text")


def raw(port, data, seconds=5):
    """What comes back for these bytes, until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        received = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := connection.recv(65536):
                received += piece
                if len(received) > 1 << 20:
                    break
        return received


def status_of(received):
    return int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.1 ") else 0


def odd_paths(folder):
    peer = WebhookPeer()
    with open_target(folder, peer) as target:
        mine = resources(target, peer, ORG, "acme-hook")
        before = target.state()
        odd = ["/v1/../v1/integrations", "/v1/integrations/../tokens", "/v1/%2e%2e/v1/integrations", "/v1/%2E./tokens", "//v1/integrations",
               "/v1//integrations", "/v1/integrations//acme-hook", "/v1/integrations/acme-hook/", "/v1/integrations%2Facme-hook",
               "/v1%2Fintegrations", "/v1/integrations/acme-hook%2Fpause", "/v1/integrations/acme-hook%00", "/v1/integrations/%00",
               "/v1/integrations/acme-hook;a=b", "/v1/integrations/ACME-HOOK", "/V1/integrations", "/v1/integrations/%",
               "/v1/integrations/%zz", "/v1/integrations/%c0%ae%c0%ae", "/v1/integrations/acme-hook/pause/", "/./v1/integrations",
               "/v1/integrations/.", "/v1/integrations/..", "/v1/integrations/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/share/../v1/tokens",
               "/share/%2e%2e/tokens", "/share/io.acme.desk/..%2f..%2fdb", "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
               "/assets/../../../etc/passwd", "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fsecrets.key", "/secrets.key",
               "/v1/integrations/" + "a" * 4000, "/share/" + "a." * 2000 + "a", "/v1/" + "x/" * 3000, "/metrics/../v1/tokens",
               "/healthz/../v1/tokens", "/v1/tokens\\..\\", "/v1/integrations/acme-hook%0d%0aX-Injected:%201"]
        for path in odd:
            for token in (None, mine["token"], TOKEN):
                fields = f"Authorization: Bearer {token}\r\n" if token else ""
                for method in ("GET", "DELETE"):
                    received = raw(target.port, f"{method} {path} HTTP/1.1\r\nHost: x\r\n{fields}Connection: close\r\n\r\n".encode())
                    status = status_of(received)
                    require(status in (400, 401, 404, 405), f"{method} {path[:90]} was answered {status}: {received[:300]}")
                    require(b"X-Injected: 1" not in received.split(b"\r\n\r\n")[0], "a path begins no header field")
                    require(b"root:" not in received, "no file of the machine is served")
        received = raw(target.port, b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        require(status_of(received) in (414, 431), f"an overlong path was answered {received[:100]}")
        for path in ("/share/%41%41/x?details=no", "/share/io.acme.desk?page=-1", "/share/io.acme.desk?perPage=99999999999999999999",
                     "/v1/integrations?limit=-1", "/v1/tokens?limit=x", "/v1/audit?after=-1",
                     "/v1/audit?after=99999999999999999999", "/v1/tail?recType=***"):
            answer = target.ask("GET", path, mine["token"])
            require(answer.status in (400, 404), f"{path} was answered {answer.status}")
            answer.problem(path)
        require(target.state() == before, "nothing changed")
        print(f"  {len(odd)} odd paths, with and without tokens", flush=True)
    peer.close()


def smuggling(folder):
    """Whatever a proxy in front may make of these: here it is one refused request, and what follows is not taken for another."""
    peer = WebhookPeer()
    with open_target(folder, peer) as target:
        mine = resources(target, peer, ORG, "acme-hook")
        before = target.state()
        inner = (f"DELETE /v1/integrations/acme-hook HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {mine['token']}\r\n"
                 "Content-Length: 0\r\n\r\n")
        start = f"POST /share/io.acme.desk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {mine['token']}\r\n"
        framings = {
            "both framings": "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "both framings, turned": "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
            "two lengths": "Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
            "two equal lengths": "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
            "a list of lengths": "Content-Length: 0, 0\r\n\r\n",
            "a signed length": "Content-Length: +0\r\n\r\n",
            "a hex length": "Content-Length: 0x0\r\n\r\n",
            "a length and more": "Content-Length: 0 0\r\n\r\n",
            "a blank before the colon": "Content-Length : 0\r\n\r\n",
            "a coding with a blank before the colon": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "a folded coding": "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
            "a folded field": "X: a\r\n\tb\r\nContent-Length: 0\r\n\r\n",
            "chunked twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "chunked and identity": "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "another coding": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "a coding in quotes": 'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
            "a vertical tab": "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
            "line feeds alone": "Content-Length: 0\n\n",
            "a carriage return alone": "X: a\rContent-Length: 0\r\n\r\n",
            "a NUL": "X: a\0b\r\nContent-Length: 0\r\n\r\n",
            "a bad chunk size": "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
            "a huge chunk size": "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n",
            "a chunk size with a prefix": "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
            "a chunk ended by a line feed": "Transfer-Encoding: chunked\r\n\r\n0\n\n",
            "two Authorizations": f"Authorization: Bearer {TOKEN}\r\nContent-Length: 0\r\n\r\n",
            "two Hosts": "Host: y\r\nContent-Length: 0\r\n\r\n",
            "no version": None,
        }
        for why, rest in framings.items():
            data = f"GET /v1/integrations\r\n\r\n{inner}" if rest is None else start + rest + inner
            received = raw(target.port, data.encode("latin-1"), seconds=3)
            status = status_of(received)
            require(status in (400, 501), f"{why} was answered {status}: {received[:300]}")
            require(len(re.findall(rb"HTTP/1\.1 \d{3} ", received)) == 1, f"{why}: what followed was taken for a request: {received}")
        require(target.state() == before, "nothing changed")
        print(f"  {len(framings)} framings", flush=True)
    peer.close()


def oversized(folder):
    peer = WebhookPeer()
    with open_target(folder, peer, body="1MiB", object="64KiB", depth=16) as target:
        mine = resources(target, peer, ORG, "acme-hook")
        token, share = mine["token"], "/share/io.acme.desk"
        before = target.state()
        slow = threading.Thread(target=slow_clients, args=(target.port, slow_answers := []))
        slow.start()

        def expect(status, code, answer, what):
            require(answer.status == status, f"{what} was answered {answer.status}: {answer.body[:200]}")
            require(answer.problem(what)["code"] == code or code is None, f"{what}: {answer.body[:200]}")

        nested = "[" * 20 + "]" * 20
        expect(413, None, target.ask("POST", share, token, '{"a":"' + "x" * (2 << 20) + '"}'), "a body beyond the limit")
        target.close()
        expect(413, None, target.ask("POST", share, token, '{"a":"' + "x" * (100 << 10) + '"}'), "an object beyond the limit")
        expect(422, "nested_too_deep", target.ask("POST", share, token, '{"a":' + nested + "}"), "an object too deep")
        expect(422, "nested_too_deep", target.ask("POST", share, token, '{"a":' + "[" * 100_000), "an object deeper still")
        expect(400, "malformed_json", target.ask("POST", "/v1/integrations", token, '{"a":' + "[" * 100_000), "settings too deep")
        expect(413, None, target.ask("POST", "/v1/integrations", token, '{"id":"' + "x" * ((1 << 20) - 20) + '","a":1}   ' + " " * 100),
               "settings beyond 1 MiB")
        target.close()
        many = "&".join(f"p{n}=1" for n in range(2000))
        expect(400, None, target.ask("GET", f"/v1/tail?{many}", token), "2,000 query parameters")
        require(target.ask("GET", f"/v1/tokens?{many}", token).status in (200, 400), "2,000 query parameters of a list")
        for why, fields in {"a long field": "X: " + "x" * 40_000 + "\r\n", "many fields": "X: y\r\n" * 10_000}.items():
            received = raw(target.port, f"GET /v1/status HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode())
            require(status_of(received) == 431, f"{why} was answered {received[:100]}")
        bodies = {"a long name": {"name": "x" * 200, "scopes": ["SHARE:READ"]}, "a line break in a name": {"name": "a\nb", "scopes": ["SHARE:READ"]},
                  "many scopes unknown": {"name": "a", "scopes": ["X"] * 1000}, "a rate beyond reason":
                  {"name": "a", "scopes": ["SHARE:READ"], "limits": {"requests_per_second": 1 << 40}},
                  "a negative rate": {"name": "a", "scopes": ["SHARE:READ"], "limits": {"requests_per_second": -1}},
                  "a lifetime without end": {"name": "a", "scopes": ["SHARE:READ"], "lifetime": "999999999999d"},
                  "a year beyond years": {"name": "a", "scopes": ["SHARE:READ"], "expires": "99999-01-01T00:00:00Z"}}
        for why, body in bodies.items():
            expect(422, None, target.ask("POST", "/v1/tokens", token, body), why)
        require(target.ask("POST", f"/v1/tokens/{mine['tokens']}/rotate", token, {"overlap": "99999d"}).status == 422, "a long overlap")
        slow.join()
        require(slow_answers == [408, 408], f"slow clients were answered {slow_answers}")
        require(target.state() == before, "nothing changed")
        print("  sizes, depths, counts and slow clients", flush=True)
    peer.close()


def slow_clients(port, answers):
    """A head that dribbles and a head that stops: both are told, within the ten seconds that a head may take."""
    stopped = socket.create_connection(("127.0.0.1", port), timeout=30)
    stopped.sendall(b"GET /v1/status HTTP/1.1\r\nHost:")
    dribbling = socket.create_connection(("127.0.0.1", port), timeout=30)
    dribbling.sendall(b"GET /v1/status HTTP/1.1\r\n")
    end = time.monotonic() + 20
    dribbling.settimeout(0.5)
    received = b""
    while not received and time.monotonic() < end:
        with contextlib.suppress(TimeoutError):
            received = dribbling.recv(1000)
        with contextlib.suppress(OSError):
            if not received:
                dribbling.sendall(b"X: y\r\n")
    answers.append(status_of(received))
    answers.append(status_of(stopped.recv(1000)))
    dribbling.close()
    stopped.close()


def guessing(folder):
    peer = WebhookPeer()
    with open_target(folder, peer, failed_authentications_per_minute=50) as target:
        mine = resources(target, peer, ORG, "acme-hook")
        answers = [target.ask("GET", "/v1/status", f"guess-{n}") for n in range(120)]
        statuses = [each.status for each in answers]
        require(50 <= statuses.count(401) < 110, f"{statuses.count(401)} guesses were looked at")
        require(answers[-1].problem("a guess")["code"] == "too_many_failures", f"{answers[-1].body}")
        require(target.ask("GET", "/v1/status", TOKEN).status == 429, "a right guess is not told from a wrong one")
        require(target.ask("GET", "/v1/status", mine["token"]).status == 200, "who shares the address and guesses nothing goes on")
        wait_until(lambda: target.ask("GET", "/v1/status", TOKEN).status == 200, "the operator is let in again")
    peer.close()


def limits(folder):
    peer = WebhookPeer()
    with open_target(folder, peer) as target:
        slow = target.token(ORG, ["INTEGRATION:READ"], limits={"requests_per_second": 1, "request_burst": 5})
        statuses = [target.ask("GET", "/v1/integrations", slow["token"]).status for _ in range(20)]
        require(statuses[:5] == [200] * 5 and 429 in statuses[5:], f"{statuses}")
        answer = target.ask("GET", "/v1/integrations", slow["token"])
        if answer.status == 429:
            require(answer.problem("over the limit")["code"] == "rate_limited", f"{answer.body}")
        target.made("/v1/orgs", {"id": ORG, "limits": {"requests_per_second": 1, "request_burst": 3}})
        others = [target.token(ORG, ["SHARE:CREATE"]) for _ in range(3)]
        codes = [target.ask("POST", "/share/io.acme.desk", others[n % 3]["token"], {"n": n}).status for n in range(12)]
        require(429 in codes and codes.count(201) >= 3, f"an org's tokens are held together: {codes}")
        require(target.ask("PATCH", f"/v1/orgs/{ORG}", TOKEN, {"limits": None}).status == 200, "the limit is taken away")
        require(all(target.ask("POST", "/share/io.acme.desk", others[0]["token"], {"n": n}).status == 201 for n in range(20)),
                "and gone at once")
    peer.close()


def revoked_while_watching(folder):
    """A live tail ends with the token that it was begun with."""
    peer = WebhookPeer()
    with open_target(folder, peer) as target:
        watcher, writer = target.token(ORG, ["SHARE:READ"]), target.token(ORG, ["SHARE:CREATE"])
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
        connection.request("GET", "/v1/tail", headers={"Authorization": f"Bearer {watcher['token']}"})
        stream = connection.getresponse()
        require(stream.status == 200, f"the tail was answered {stream.status}")
        write = lambda text: target.ask("POST", "/share/io.acme.desk", writer["token"], {"text": text})  # noqa: E731
        require(b"sluice" in stream.readline(), "the stream has begun")
        require(write("before").status == 201, "an object is written")
        seen = b""
        while b"before" not in seen:
            seen += stream.readline()
        require(target.ask("DELETE", f"/v1/tokens/{watcher['id']}", TOKEN).status == 204, "it is revoked")
        require(write("after").status == 201, "another is written")
        rest = stream.read()
        require(b"after" not in rest, "what came after the revocation was shown")
        connection.close()
    peer.close()


def audit(folder):
    """Each change is told, with who and what, and no value of it; also after a restart."""
    peer = WebhookPeer()
    with open_target(folder, peer) as target:
        mine = resources(target, peer, ORG, "acme-hook")
        secret = "whsec_" + "cGxhbnRlZC1zZWNyZXQtMDEyMzQ1Njc4OQ=="
        hook = "/v1/integrations/acme-hook"
        steps = [("PATCH", hook, {"destination": {"secret": secret}}), ("POST", f"{hook}/pause", {}), ("POST", f"{hook}/resume", {}),
                 ("PATCH", hook, {"batch": {"max_events": "many"}}), ("POST", "/v1/tokens", {"name": "made", "scopes": ["SHARE:READ"]}),
                 ("DELETE", "/v1/integrations/file-hook", None), ("DELETE", hook, None)]
        # The hook reaches loopback, so its settings are the operator's to change; it belongs to the org all the same.
        by_operator = [0, 4]
        statuses = [target.ask(method, path, TOKEN if n in by_operator else mine["token"], body).status
                    for n, (method, path, body) in enumerate(steps)]
        require(statuses == [200, 200, 200, 422, 201, 409, 204], f"{statuses}")
        for _ in range(2):
            entries = json.loads(target.ask("GET", f"/v1/audit?org={ORG}&limit=6", TOKEN).body)
            told = [(each["action"].split()[0], each["target"], each["status"], each["code"]) for each in reversed(entries["items"])]
            require(told == [("PATCH", hook, 200, None), ("POST", f"{hook}/pause", 200, None), ("POST", f"{hook}/resume", 200, None),
                             ("PATCH", hook, 422, "not_acceptable"), ("DELETE", "/v1/integrations/file-hook", 409, "conflict"),
                             ("DELETE", hook, 204, None)], f"{told}")
            first = entries["items"][-1]
            require(first["members"] == ["destination.secret"] and first["token"]["name"] == "admin", f"{first}")
            require(entries["items"][-2]["token"]["id"] == mine["tokens"], f"{entries['items'][-2]}")
            require(first["remote_address"] == "127.0.0.1" and first["org"] == ORG, f"{first}")
            require(entries["next"] == first["id"], f"{entries['next']}")
            page = json.loads(target.ask("GET", f"/v1/audit?org={ORG}&after={first['id']}", TOKEN).body)
            require(int(page["items"][0]["id"]) < int(first["id"]), "the next page is older")
            target.close()
            target.stop()
            target.start()
        own = json.loads(target.ask("GET", "/v1/audit", mine["token"]).body)["items"]
        require(own and all(each["org"] == ORG for each in own), "a tenant sees its own org's")
        by_operator = [each for each in own if each["token"]["operator"]]
        require(by_operator and all(each["token"]["name"] == "operator" and each["remote_address"] is None for each in by_operator),
                f"the operator is the operator to a tenant: {by_operator[:1]}")
        target.close()
        target.stop()
        nowhere_in(folder, [secret, mine["token"]])
        with open(os.path.join(folder, "sluice.log"), encoding="utf-8") as file:
            log = file.read()
        told = [line for line in log.splitlines() if "audit" in line]
        require(any("destination.secret" in line for line in told) and any("DELETE" in line and hook in line for line in told),
                f"the process's log tells it too: {told[-3:]}")
    peer.close()


def commands(folder):
    """What the management API does for orgs, tokens and the audit log, from the command line: as tables, and as JSON."""
    peer = WebhookPeer()
    with open_target(folder, peer) as target:
        def sluice(*arguments, token=TOKEN, expect=0):
            done = subprocess.run([BINARY, *arguments, "--url", f"http://127.0.0.1:{target.port}", "--token", token],
                                  capture_output=True, text=True, check=False)
            require(done.returncode == expect, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}")
            return done.stdout + done.stderr

        sluice("orgs", "create", ORG, "--name", "Acme", "--requests-per-second", "500", "--backlog", "1GiB")
        require("Acme" in sluice("orgs", "show", ORG) and ORG in sluice("orgs", "list"), "the org is shown")
        require("is there already" in sluice("orgs", "create", ORG, expect=1), "an org is made once")
        made = json.loads(sluice("tokens", "create", "reader", "--org", ORG, "--scope", "INTEGRATION:READ", "--lifetime", "1d", "--json"))
        require(target.ask("GET", "/v1/integrations", made["token"]).status == 200, "the token works")
        shown = sluice("tokens", "create", "gate", "--org", ORG, "--rectype", "io.acme.**")
        require("Shown this once" in shown and "pipe io.acme.**" in shown, shown)
        org = json.loads(target.ask("GET", f"/v1/orgs/{ORG}", TOKEN).body)
        answer = target.ask("PUT", f"/v1/orgs/{ORG}", TOKEN, {**org, "name": ""})
        require(answer.status == 200 and json.loads(answer.body)["limits"] == org["limits"], f"what a GET gave goes back: {answer.body}")
        stale = target.ask("PATCH", f"/v1/orgs/{ORG}", TOKEN, {"name": "late"}, {"If-Match": '"0011223344556677"'})
        require(stale.status == 412 and stale.problem("a stale If-Match")["code"] == "changed_meanwhile", f"{stale.body}")
        answer = target.ask("PATCH", f"/v1/orgs/{ORG}", TOKEN, {"name": "Acme"}, {"If-Match": answer.headers["ETag"]})
        require(answer.status == 200, f"the ETag of what was read goes through: {answer.body}")
        table = sluice("tokens", "list", "--org", ORG)
        require("reader" in table and "in-file" in table and made["token"] not in table and "admin" not in table, table)
        rotated = json.loads(sluice("tokens", "rotate", made["id"], "--overlap", "1h", "--json"))
        require(target.ask("GET", "/v1/integrations", made["token"]).status == 200, "the text before works for the overlap")
        require(rotated["previous_valid_until"] and rotated["token"] != made["token"], f"{rotated}")
        require("done" in sluice("tokens", "revoke", made["id"]), "it is revoked")
        for text in (made["token"], rotated["token"]):
            require(target.ask("GET", "/v1/integrations", text).status == 401, "both texts are no good")
        require("no token" in sluice("tokens", "show", made["id"], expect=1), "it is gone")
        require("unknown scope" in sluice("tokens", "create", "x", "--scope", "SHARE:WRITE", expect=1), "a wrong scope is named")
        require("configuration file" in sluice("tokens", "revoke", "in-file", expect=1), "the file's token is the file's")
        require("has 2 tokens" in sluice("orgs", "delete", ORG, expect=1), "an org that is used stays")
        require("Acme Ltd" in sluice("orgs", "change", ORG, "--name", "Acme Ltd"), "an org is changed")
        told = sluice("audit", "--limit", "50")
        require(f"POST /v1/tokens/{made['id']}/rotate" in told and f"DELETE /v1/tokens/{made['id']}" in told, told)
        require(json.loads(sluice("audit", "--limit", "1", "--json"))["items"][0]["action"] == "PATCH /v1/orgs/{id}", "newest first")

        # The configuration file's orgs and tokens, changed while it runs.
        with open(target.config) as file:
            settings = json.load(file)
        settings["orgs"] = [{"id": "com.file", "name": "Of the file"}]
        settings["tokens"] = [{"name": "fresh", "org": "com.file", "scopes": ["INTEGRATION:READ"], "token": "fresh-token-0123456789"}]
        with open(target.config, "w") as file:
            json.dump(settings, file)
        sluice("reload")
        require("Of the file" in sluice("orgs", "list"), "the file's org is there")
        require(target.ask("GET", "/v1/orgs/com.file", "fresh-token-0123456789").status == 200, "the file's new token works")
        require(target.ask("GET", "/v1/orgs", "file-token-0123456789abcdef").status == 401, "the one taken out does not")
    peer.close()


def main():
    chosen = sys.argv[2:]
    for test in (each_wrong_token, odd_paths, smuggling, oversized, guessing, limits, revoked_while_watching, audit,
                 commands):
        if chosen and test.__name__ not in chosen:
            continue
        with Folder() as folder:
            test(folder)
        print(f"{test.__name__}: as it should be", flush=True)


if __name__ == "__main__":
    main()
