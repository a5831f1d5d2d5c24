"""What a command line or a configuration that is wrong is told: what is wrong, where, and what to do; the exit code is 1 or 2."""

import http.server
import json
import os
import subprocess
import sys
import threading

from harness import TOKEN, Folder, Sluice, free_port, require

BINARY = sys.argv[1]


def run(*arguments, given=None, **environment):
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60, input=given,
                          env=dict(os.environ, **environment))
    return done.returncode, done.stdout, done.stderr


def expect(code, words, *arguments):
    got, out, err = run(*arguments)
    said = out if code == 0 else err
    require(got == code, f"{arguments} ended with {got}: {out}{err}")
    for word in words:
        require(word in said, f"{arguments} does not say `{word}`: {out}{err}")
    require("terminate called" not in err and "Assertion" not in err, err)


def misspelt_words():
    expect(2, ["there is no command `serv`", "did you mean `serve`?"], "serv")
    expect(2, ["there is no command `rotat`", "did you mean `rotate`?"], "tokens", "rotat")
    expect(2, ["--confg is not an option here", "did you mean `--config`?"], "check", "--confg", "x")
    expect(2, ["--rate"], "simulate", "--rate", "-1")
    expect(0, ["sluice "], "version")
    expect(1, ["refused the connection", "sluice serve"], "integrations", "list", "--url", "http://127.0.0.1:9")


def a_file_that_is_wrong(folder):
    file = os.path.join(folder, "sluice.yaml")

    def check(code, words, text):
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
        expect(code, words, "check", "--config", file)

    key = os.path.join(folder, "server.key")
    certificate = os.path.join(folder, "server.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                    "-subj", "/CN=localhost"], check=True, capture_output=True)
    tls = f"tls: {{cert_file: {certificate}, key_file: {key}}}\n"
    check(0, ["good"], tls)
    check(1, [file, os.path.join(folder, "missing.pem")], tls.replace("server.pem", "missing.pem"))
    check(1, [file, os.path.join(folder, "missing.key")], tls.replace("server.key", "missing.key"))
    check(1, [file, "secret.key"], f"secrets: {{key_file: {folder}/secret.key}}\n")
    check(1, [":1", "listne", "listen"], "listne: 127.0.0.1:8080\n")
    check(1, [file], "listen: 127.0.0.1:99999\n")
    check(1, [":3", "destination.region"],
          "integrations:\n  - id: a\n    destination:\n      type: kinesis\n      stream: s\n      credentials: {environment: true}\n")
    # Pasted with what came along.
    check(0, ["1 integration"], """
integrations:
  - id: a
    destination:
      type: kinesis
      stream: " building-events\\r\\n"
      region: "'eu-west-1'"
      credentials: {csv: "Access key ID,Secret access key\\nAKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\\n"}
""")


def a_script_is_told_by_the_exit_code(folder):
    closed = f"http://127.0.0.1:{free_port()}/"
    settings = {"id": "w", "destination": {"type": "webhook", "url": closed}}
    node = Sluice(BINARY, folder, [settings]).start()
    asks = {"SLUICE_URL": f"http://127.0.0.1:{node.port}", "SLUICE_TOKEN": TOKEN}
    wrong = json.dumps({**settings, "payload": "xml"})
    for words, given in (("integrations test w", None), ("integrations sample w", None), ("drafts test -", json.dumps(settings)),
                         ("drafts check -", wrong), ("drafts recognise -", "what is this")):
        for form in ((), ("--json",)):
            code, out, err = run(*words.split(), *form, given=given, **asks)
            require(code == 1 and out, f"{words} {form} ended with {code}: {out}{err}")
            if form:
                json.loads(out)
    code, out, err = run("orgs", "list", **asks, SLUICE_ORG="com.acme")
    require(code == 0, f"orgs list: {err}")

    code, out, err = run("send", "-", "--rectype", "io.acme.a", given='{"a":1}\n\n\n{"a":2}\n{bad}\n', **asks)
    require(code == 1 and "lines 1 to 5 were not stored" in err and "(line 5," in err, err)
    code, out, err = run("send", "-", "--rectype", "io.acme.a", given='\n{"a":1}\n \n{"a":2}\n\n', **asks)
    require(code == 0 and out == "2 objects stored\n", out + err)
    node.stop()


class Scripted:
    """Answers every request with what it is told to."""

    def __init__(self, status, body, **headers):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.asks = {"SLUICE_URL": f"http://127.0.0.1:{self.server.server_address[1]}", "SLUICE_TOKEN": "t"}


def what_the_server_says_is_passed_on():
    problem = b'{"title":"Too Many Requests","detail":"too many of this org\'s events wait","code":"org_backlog"}'
    busy = Scripted(429, problem, Retry_After="60", Content_Length=str(len(problem)))
    code, out, err = run("send", "-", "--rectype", "io.acme.a", given='{"a":1}', **busy.asks)
    require(code == 1 and "were not stored" in err and "too many of this org's events wait" in err, err)

    events = b'data: {"n":1}\n\nevent: missed\ndata: {"missed":7}\n\ndata: {"n":2}\n\n'
    chunk = b"%x\r\n%s\r\n" % (len(events), events)
    watched = Scripted(200, chunk, Content_Type="text/event-stream", Transfer_Encoding="chunked")
    code, out, err = run("tail", "--count", "2", **watched.asks)
    require(code == 0 and out == '{"n":1}\n{"n":2}\n', f"{code} {out}{err}")
    require("missed" in err and "7" in err, err)


def main():
    misspelt_words()
    with Folder() as folder:
        a_file_that_is_wrong(str(folder))
    with Folder() as folder:
        a_script_is_told_by_the_exit_code(str(folder))
    what_the_server_says_is_passed_on()
    print("each is told what is wrong, where, and what to do", flush=True)


if __name__ == "__main__":
    main()
