"""Alerts, as a receiver that uses the standardwebhooks library takes them: signed, tried again, told across a restart, silent
about what is in the events."""

import http.server
import json
import threading
import urllib.error

from peers import Sluice, call, check, eventually, integration
from standardwebhooks import Webhook

SECRET = "whsec_c2x1aWNlLWFsZXJ0LXRlc3Qta2V5LTAxMjM="
PLANTED = "planted-payload-that-no-alert-may-carry"


class Receiver:
    """Answers each request with what `answers` gives for its path, 200 without; keeps what it was sent."""

    def __init__(self):
        self.requests = []
        self.answers = {}
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.get(self.path, lambda: 200)()
                receiver.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body, status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def messages(self, path, secret):
        """What was taken on this path; each verified by the library, which also refuses timestamps that are off."""
        out = []
        for at, headers, body, status in list(self.requests):
            if at == path and status == 200:
                message = Webhook(secret).verify(body, headers)
                check(PLANTED not in body.decode(), "an alert carries a payload")
                out.append(message or json.loads(body))
        return out

    def types(self, path, secret=SECRET):
        return [(each["type"], each["data"].get("id")) for each in self.messages(path, secret)]


def answer_in_turn(*statuses):
    left = list(statuses)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


receiver = Receiver()
receiver.answers["/broken"] = lambda: 401
receiver.answers["/strict"] = lambda: 422
receiver.answers["/operator"] = answer_in_turn(500, 200)

hook = {"type": "webhook", "url": receiver.url + "/broken"}
sluice = Sluice(
    [integration("acme-broken", hook, retry={"max_backoff": "200ms"})],
    alerts=[{"id": "operator", "url": receiver.url + "/operator", "secret": SECRET}],
    alert_after="1s",
)
sluice.create("io.example.room", [{"n": 1, "secret": PLANTED}])

# It fails, and the operator is told: at the second attempt, under the id of the first.
eventually("the failure is told", lambda: ("integration.failing", "acme-broken") in receiver.types("/operator"))
attempts = [each for each in receiver.requests if each[0] == "/operator"]
check(attempts[0][3] == 500 and attempts[1][3] == 200, f"the first attempt was to fail: {attempts}")
check(attempts[0][1]["webhook-id"] == attempts[1][1]["webhook-id"], "an attempt has an id of its own")
check(attempts[0][2] == attempts[1][2], "an attempt has a body of its own")
told = receiver.messages("/operator", SECRET)[0]["data"]
check(told["state"] == "failing" and told["destination"] == "webhook" and told["org"] == "default", f"{told}")
check(told["last_error"]["class"] == "credentials" and told["last_error"]["hint"], f"{told}")
try:
    Webhook("whsec_YW5vdGhlciBrZXk=").verify(attempts[1][2], attempts[1][1])
    check(False, "another key verifies it")
except Exception as refused:
    print(f"with another key: {refused}")

# Killed and started again: what was told is not told again, and its end is told.
sluice.kill()
sluice.start()
receiver.answers["/broken"] = lambda: 200
eventually("the recovery is told", lambda: ("integration.recovered", "acme-broken") in receiver.types("/operator"))
check(
    receiver.types("/operator") == [("integration.failing", "acme-broken"), ("integration.recovered", "acme-broken")],
    f"told: {receiver.types('/operator')}",
)
check(receiver.messages("/operator", SECRET)[1]["data"]["recovered_from"] == "failing", "what it recovered from")

# An alert made through the API: its secret is made and shown once, its test arrives, and it hears of a pause by a dead letter.
json_headers = sluice.headers | {"Content-Type": "application/json"}
made = call(
    f"{sluice.url}/v1/alerts",
    "POST",
    {"id": "ours", "url": receiver.url + "/ours", "types": ["integration.paused"]},
    json_headers,
)
secret = made["secret"]
check(secret.startswith("whsec_"), f"{made}")
shown = call(f"{sluice.url}/v1/alerts/ours", headers=sluice.headers)
check(shown["secret"] == "(redacted)", f"{shown}")
check(call(f"{sluice.url}/v1/alerts/ours/test", "POST", b"", sluice.headers)["accepted"], "the test was not taken")
check(receiver.types("/ours", secret) == [("alert.test", None)], "the test did not arrive")
strict = integration(
    "acme-strict", {"type": "webhook", "url": receiver.url + "/strict"}, on_dead_letter="pause", start="now"
)
call(f"{sluice.url}/v1/integrations", "POST", strict, json_headers)
sluice.create("io.example.room", [{"n": 2, "secret": PLANTED}])
eventually("the pause is told", lambda: ("integration.paused", "acme-strict") in receiver.types("/ours", secret))
eventually("the operator is told too", lambda: ("integration.paused", "acme-strict") in receiver.types("/operator"))
stats = call(f"{sluice.url}/v1/alerts", headers=sluice.headers)["items"]
check([each["id"] for each in stats] == ["operator", "ours"] and stats[1]["stats"]["sent"] == 1, f"{stats}")

# One of the file's is the file's; a wrong one says what is wrong.
for method, path, body, status in (
    ("DELETE", "/v1/alerts/operator", None, 409),
    ("POST", "/v1/alerts", {"id": "x", "url": "http://203.0.113.9/"}, 422),
    ("POST", "/v1/alerts", {"id": "x", "url": "https://example.com/", "types": ["integration.sad"]}, 422),
    ("GET", "/v1/alerts/nobody", None, 404),
):
    try:
        call(sluice.url + path, method, body, json_headers)
        check(False, f"{method} {path} was taken")
    except urllib.error.HTTPError as refused:
        problem = json.loads(refused.read())
        check(refused.code == status, f"{method} {path}: {refused.code} {problem}")
        print(f"{method} {path}: {problem['detail']}")

sluice.stop()
print("alerts arrive signed, in order, once each, across a restart, and say nothing of payloads")
