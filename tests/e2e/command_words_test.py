"""What a command line or a configuration that is wrong is told: what is wrong, where, and what to do; the exit code is 1 or 2."""

import os
import subprocess
import sys

from harness import Folder, require

BINARY = sys.argv[1]


def run(*arguments):
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60)
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


def main():
    misspelt_words()
    with Folder() as folder:
        a_file_that_is_wrong(str(folder))
    print("each is told what is wrong, where, and what to do", flush=True)


if __name__ == "__main__":
    main()
