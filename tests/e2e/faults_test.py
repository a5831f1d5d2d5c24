"""Order and loss under faults: the claim that no rival can make.

Every fault in turn befalls four integrations (Kinesis, Kinesis with KPL aggregation, SQS, SQS FIFO) under load; then it is
lifted. Nothing may be lost, first appearances per key must be in order, the ledger must add up. Usage: faults_test.py BINARY
"""

import sys
import time

from harness import (TARGETS, Failed, Folder, Load, Sandbox, Sluice, bodies_of, check_ledger, integrations_for, judge,
                     require, wait_drained, wait_until)

RECORDS = [{"operation": "PutRecords"}, {"operation": "SendMessageBatch"}]


def on_records(**fault):
    return [{**where, **fault} for where in RECORDS]


FAULTS = {
    "no fault": [],
    "1% of the records fail": on_records(action="fail_record", share=0.01),
    "20% of the records fail": on_records(action="fail_record", share=0.2),
    "the first record of every request fails": on_records(action="fail_record", record=0),
    "every third record is throttled": on_records(action="throttle", every=3),
    "all records fail": on_records(action="fail_record", share=1.0),
    "requests are throttled": on_records(action="throttle_request", share=0.5),
    "500 for half of the requests": on_records(action="http_500", share=0.5),
    "reset before accepting": on_records(action="reset_before", share=0.3),
    "reset after accepting": on_records(action="reset_after", share=0.3),
    "slow": on_records(action="delay", delay="80ms", share=0.5),
    "expired token": on_records(action="expired_token", share=0.3),
    "missing stream or queue": on_records(action="missing_target", share=0.5),
    "access denied": on_records(action="access_denied", share=0.5),
    "everything at once": on_records(action="fail_record", share=0.1) + on_records(action="throttle", share=0.1)
    + on_records(action="http_500", share=0.1) + on_records(action="reset_after", share=0.05),
}


def run(binary, events_per_fault, seed):
    with Folder() as folder:
        sandbox = Sandbox(binary, folder)
        sluice = Sluice(binary, folder, integrations_for(sandbox.port)).start()
        load = Load(sluice, seed=seed).start()
        try:
            for name, rules in FAULTS.items():
                sandbox.faults(rules, seed)
                started, before = time.monotonic(), load.total()
                # Long enough for retries to meet the fault again.
                wait_until(lambda: load.total() >= before + events_per_fault and time.monotonic() - started > 0.8,
                           f"{events_per_fault} events are written")
                for integration in TARGETS:
                    stats, whole = sluice.stats(integration)
                    check_ledger(stats, integration)
                    if name == "all records fail":
                        require(whole["state"] != "running" or stats["last_error"], f"{integration} shows no error")
                print(f"  {name}: {load.total() - before} events written in {time.monotonic() - started:.1f} s", flush=True)
            sandbox.faults([])
            acknowledged = load.stop()
            total = sum(acknowledged.values())
            wait_drained(sluice, TARGETS, total)
            items = sandbox.received()
            for integration, target in TARGETS.items():
                result = judge(integration, bodies_of(items, target), acknowledged)
                stats, _ = sluice.stats(integration)
                require(stats["delivered"] == total, f"{integration}: delivered {stats['delivered']} of {total}")
                require(result["duplicates"] <= stats["duplicates_possible"],
                        f"{integration}: {result['duplicates']} duplicates, {stats['duplicates_possible']} announced")
                print(f"  {integration}: {result}, announced duplicates {stats['duplicates_possible']}", flush=True)
            sluice.stop()
        except Failed:
            print(sluice.log_tail(), flush=True)
            raise
        finally:
            load.stopping.set()
            if sluice.process.alive():
                sluice.kill()
            sandbox.stop()


if __name__ == "__main__":
    soak = len(sys.argv) > 2 and sys.argv[2] == "--soak"
    for round_seed in range(1, 21 if soak else 2):
        print(f"seed {round_seed}", flush=True)
        run(sys.argv[1], 5000 if soak else 600, round_seed)
