"""The shipped alert rules and Grafana dashboard against a real Prometheus that scrapes a real node.

prometheus_test.py SLUICE_BINARY. Exits 77 where Prometheus is not installed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse

from harness import Folder, Process, Sluice, call, free_port, require, wait_until

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy")
RULES = os.path.join(DEPLOY, "prometheus", "alerts.yml")
RULE_TESTS = os.path.join(DEPLOY, "prometheus", "alerts_test.yml")
DASHBOARD = os.path.join(DEPLOY, "grafana", "sluice.json")
NAME = re.compile(r"\b(?:sluice|process)_[a-z_]+\b")


def promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    require(done.returncode == 0, f"promtool {' '.join(arguments)}:\n{done.stdout}")
    print(f"promtool {arguments[0]} {arguments[1]}: good", flush=True)


class Prometheus:
    def __init__(self, folder, target):
        self.port = free_port()
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w") as file:
            json.dump({
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [os.path.abspath(RULES)],
                "scrape_configs": [{"job_name": "sluice", "static_configs": [{"targets": [target]}]}],
            }, file)  # JSON is YAML
        self.process = Process("/usr/bin/prometheus", [
            f"--config.file={config}", f"--storage.tsdb.path={folder}/prometheus",
            f"--web.listen-address=127.0.0.1:{self.port}"], os.path.join(folder, "prometheus.log"))
        wait_until(self.ready, "Prometheus is ready")

    def ready(self):
        require(self.process.alive(), "Prometheus ended at start")
        try:
            return call(self.port, "GET", "/-/ready")[0] == 200
        except OSError:
            return False

    def get(self, path, **parameters):
        status, data = call(self.port, "GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        answer = json.loads(data)
        require(status == 200 and answer["status"] == "success", f"{path} {parameters}: {answer}")
        return answer["data"]

    def query(self, expression):
        return self.get("query", query=expression)["result"]


def dashboard_queries():
    with open(DASHBOARD) as file:
        dashboard = json.load(file)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"].replace("$__rate_interval", "30s")
            for variable in ("instance", "org"):
                expression = expression.replace(f"${variable}", ".*")
            require("$" not in expression, f"{panel['title']}: a variable that the dashboard does not have: {expression}")
            yield panel["title"], expression
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["label"], re.fullmatch(r"label_values\((\w+), \w+\)", variable["query"]).group(1)


def rule_expressions():
    with open(RULES) as file:
        return re.findall(r"^ +expr: (.*)$", file.read(), re.M)


def write(sluice, count):
    body = "".join(json.dumps({"n": n}) + "\n" for n in range(count))
    status, data = sluice.api("POST", "/share/io.example.reading", body, {"Content-Type": "application/x-ndjson"})
    require(status == 201, f"{status} {data}")


def check(binary, folder):
    nobody = free_port()  # where nobody listens
    out = os.path.join(folder, "out.ndjson")
    sluice = Sluice(binary, folder, [
        {"id": "healthy", "org": "default", "filter": {"recTypes": ["**"]}, "destination": {"type": "file", "path": out}},
        {"id": "failing", "org": "default", "filter": {"recTypes": ["**"]},
         "destination": {"type": "webhook", "url": f"http://127.0.0.1:{nobody}/in"}},
    ]).start()
    prometheus = None
    try:
        write(sluice, 100)
        prometheus = Prometheus(folder, f"127.0.0.1:{sluice.port}")

        def scraped():
            write(sluice, 10)
            delivered = prometheus.query('sluice_integration_delivered_total{integration="healthy"}')
            errors = prometheus.query('rate(sluice_integration_errors_total{integration="failing"}[30s])')
            rate = prometheus.query("sum(rate(sluice_log_appended_events_total[30s])) > 0")
            return delivered and int(delivered[0]["value"][1]) >= 100 and errors and rate

        wait_until(scraped, "Prometheus has scraped what was delivered and what failed")
        targets = prometheus.get("targets")["activeTargets"]
        require([each["health"] for each in targets] == ["up"], f"the target: {targets}")

        known = set(prometheus.get("label/__name__/values"))
        used = set()
        for expression in [*rule_expressions(), *(query for _, query in dashboard_queries())]:
            used |= set(NAME.findall(expression))
        missing = sorted(name for name in used if name not in known)
        # Only what has never happened has no series: nothing was lost, and nothing failed within a bounded set of labels.
        require(not missing, f"used by rules or dashboard, and not among the metrics: {missing}")
        print(f"{len(used)} metrics used by rules and dashboard, all of them scraped", flush=True)

        empty = [title for title, query in dashboard_queries() if not prometheus.query(query)]
        # These show something only when something is wrong, or far behind.
        may_be_empty = {"Dead letters held", "Share of the hard limit held back"}
        require(set(empty) <= may_be_empty, f"panels without an answer: {empty}")
        ledger = next(query for title, query in dashboard_queries() if title == "Difference: always 0")
        difference = float(prometheus.query(ledger)[0]["value"][1])
        require(difference == 0, f"the ledger as metrics does not add up: {difference}")

        def evaluated():
            rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
            require(len(rules) == len(rule_expressions()), "every rule was loaded")
            require(all(rule["health"] != "err" for rule in rules), f"rules that cannot be evaluated: {rules}")
            return all(rule["health"] == "ok" for rule in rules) and rules

        rules = wait_until(evaluated, "all rules were evaluated")
        pending = [rule["name"] for rule in rules if rule["state"] != "inactive"]
        require("SluiceIntegrationFailing" in pending, f"an integration fails, and no rule sees it: {pending}")
        require("SluiceDown" not in pending and "SluiceIntegrationBlocked" not in pending, f"false alarms: {pending}")
        print(f"{len(rules)} rules evaluated; {len(list(dashboard_queries()))} dashboard queries answered", flush=True)

        sluice.stop()

        def down():
            return any(rule["name"] == "SluiceDown" and rule["state"] == "pending" for rule in evaluated())

        wait_until(down, "SluiceDown sees that the node is gone")
    finally:
        if prometheus:
            prometheus.process.kill()
        if sluice.process and sluice.process.alive():
            sluice.kill()


def main():
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        print("SKIPPED: prometheus is not installed")
        sys.exit(77)
    promtool("check", "rules", RULES)
    promtool("test", "rules", RULE_TESTS)
    with Folder() as folder:
        check(sys.argv[1], folder)


main()
