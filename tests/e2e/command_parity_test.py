"""Every call of the management API has a command that makes it: the calls are those that the running program describes at /openapi.json,
each command is run against a recorder, and what it asked for must be the call. A call without a command, or a command for a
call that is gone, fails."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading

from harness import TOKEN, Folder, Sluice, call, require

BINARY = os.path.abspath(sys.argv[1])

# What each command asks for. FILE is a file with a JSON object in it.
COMMANDS = {
    "GET /v1/integrations": "integrations list",
    "POST /v1/integrations": "integrations create FILE",
    "GET /v1/integrations/{id}": "integrations show x",
    "PUT /v1/integrations/{id}": "integrations replace x FILE",
    "PATCH /v1/integrations/{id}": "integrations patch x FILE",
    "DELETE /v1/integrations/{id}": "integrations delete x",
    "POST /v1/integrations/{id}/test": "integrations test x",
    "POST /v1/integrations/{id}/sample": "integrations sample x",
    "POST /v1/integrations/{id}/pause": "integrations pause x",
    "POST /v1/integrations/{id}/resume": "integrations resume x",
    "POST /v1/integrations/{id}/replay": "integrations replay x --from 1",
    "GET /v1/integrations/{id}/dead-letters": "dead-letters list x",
    "POST /v1/integrations/{id}/dead-letters/redeliver": "dead-letters redeliver x --all",
    "POST /v1/integrations/{id}/dead-letters/discard": "dead-letters discard x --all",
    "GET /v1/integrations/{id}/dead-letters/{sequence}": "dead-letters show x 1",
    "POST /v1/drafts/recognise": "drafts recognise FILE",
    "POST /v1/drafts/check": "drafts check FILE",
    "POST /v1/drafts/test": "drafts test FILE",
    "POST /v1/drafts/preview": "drafts preview FILE",
    "POST /v1/drafts/sample": "drafts sample FILE",
    "POST /v1/drafts/recent": "drafts recent FILE",
    "GET /v1/tokens": "tokens list",
    "POST /v1/tokens": "tokens create x",
    "GET /v1/tokens/{id}": "tokens show x",
    "POST /v1/tokens/{id}/rotate": "tokens rotate x",
    "DELETE /v1/tokens/{id}": "tokens revoke x",
    "GET /v1/orgs": "orgs list",
    "POST /v1/orgs": "orgs create x",
    "GET /v1/orgs/{id}": "orgs show x",
    "PATCH /v1/orgs/{id}": "orgs change x --name y",
    "DELETE /v1/orgs/{id}": "orgs delete x",
    "GET /v1/audit": "audit",
    "GET /v1/secrets": "secrets status",
    "POST /v1/secrets/rotate": "secrets rotate",
    "GET /v1/alerts": "alerts list",
    "POST /v1/alerts": "alerts create FILE",
    "GET /v1/alerts/{id}": "alerts show x",
    "PUT /v1/alerts/{id}": "alerts replace x FILE",
    "PATCH /v1/alerts/{id}": "alerts patch x FILE",
    "DELETE /v1/alerts/{id}": "alerts delete x",
    "POST /v1/alerts/{id}/test": "alerts test x",
    "GET /v1/status": "status",
    "POST /v1/reload": "reload",
    "GET /v1/tail": "tail --count 1",
    "GET /readyz": "health",
    "GET /healthz": "health --live",
}

# Calls that are not for people at a terminal, and why.
NONE_NEEDED = {
    "PUT /v1/orgs/{id}": "sluice orgs change does what it does, a setting at a time",
    "GET /metrics": "Prometheus asks for them",
    "GET /openapi.json": "generators ask for it",
    "GET /": "the dashboard itself",
}


class Recorder:
    """Answers everything with 418, which no command takes for success, and keeps what was asked."""

    def __init__(self):
        self.asked = []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                recorder.asked.append(f"{self.command} {self.path.split('?')[0]}")
                body = b'{"title":"A teapot","status":418,"detail":"short and stout","code":"teapot"}'
                self.send_response(418)
                self.send_header("Content-Type", "application/problem+json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


def described_calls(node):
    status, body = call(node.port, "GET", "/openapi.json")
    require(status == 200, f"/openapi.json was answered {status}")
    calls = set()
    for path, operations in json.loads(body)["paths"].items():
        if path.startswith(("/share", "/device", "/events")):
            continue  # writing and reading objects: sluice send is enough
        calls |= {f"{method.upper()} {path}" for method in operations if method in ("get", "post", "put", "patch", "delete")}
    return calls


with Folder() as folder:
    node = Sluice(BINARY, folder, []).start()
    calls = described_calls(node)
    # What the list takes on the command line is what the API knows.
    environment = dict(os.environ, SLUICE_URL=f"http://127.0.0.1:{node.port}", SLUICE_TOKEN=TOKEN)
    for words, code, said in (("--sort -lag --state running,paused --type file --search a --limit 5", 0, "ID"),
                              ("--state nonsense", 1, "running, paused"), ("--sort size", 1, "last_error")):
        done = subprocess.run([BINARY, "integrations", "list", *words.split()], capture_output=True, text=True, env=environment)
        require(done.returncode == code and said in done.stdout + done.stderr, f"integrations list {words}: {done}")
    node.stop()
    missing = calls - COMMANDS.keys() - NONE_NEEDED.keys()
    require(not missing, f"calls without a command: {sorted(missing)}")
    gone = COMMANDS.keys() - calls
    require(not gone, f"commands for calls that are not described: {sorted(gone)}")

    file = os.path.join(folder, "settings.json")
    with open(file, "w") as settings:
        settings.write('{"id":"x"}')
    recorder = Recorder()
    environment = dict(os.environ, SLUICE_URL=recorder.url, SLUICE_TOKEN="a-token-of-this-test")
    for wanted, command in COMMANDS.items():
        recorder.asked.clear()
        words = command.replace("FILE", file).split()
        done = subprocess.run([BINARY, *words], capture_output=True, text=True, env=environment, timeout=120)
        form = re.compile(re.sub(r"\{\w+\}", "[^/]+", wanted) + "$")
        require(recorder.asked and form.match(recorder.asked[0]), f"sluice {command} asked {recorder.asked}, not {wanted}")
        require(done.returncode == 1, f"sluice {command} ended with {done.returncode} on a refusal: {done.stderr}")
        require("short and stout" in done.stderr, f"sluice {command} does not say why: {done.stderr}")
    print(f"{len(COMMANDS)} calls, each with a command that makes it; {len(NONE_NEEDED)} need none")

    for words in (["bogus"], ["integrations"], ["integrations", "show"], ["status", "--bogus"], ["alerts", "create"]):
        done = subprocess.run([BINARY, *words], capture_output=True, text=True)
        require(done.returncode == 2, f"sluice {' '.join(words)} ended with {done.returncode}, not with 2 for misuse")
        require(done.stderr, f"sluice {' '.join(words)} does not say what is wrong")
    for words in (["--help"], ["alerts", "--help"], ["--version"], ["version"]):
        done = subprocess.run([BINARY, *words], capture_output=True, text=True)
        require(done.returncode == 0 and done.stdout, f"sluice {' '.join(words)} ended with {done.returncode}")
