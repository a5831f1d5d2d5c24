"""kill -9 of `sluice serve` at random moments under load: every acknowledged write arrives, order per key holds, duplicates are
bounded by what was in flight. Usage: kill_test.py BINARY [ROUNDS [SEED]]
"""

import random
import sys
import time

from harness import (TARGETS, Failed, Folder, Load, Sandbox, Sluice, bodies_of, check_ledger, integrations_for, judge,
                     require, wait_drained)

# What may be under way, or settled and not yet checkpointed, when the process dies: events, for one integration.
WINDOW = {"kinesis": 8 * 500 * 3, "kinesis-kpl": 8 * 500 * 3, "sqs": 2000, "sqs-fifo": 0}


def run(binary, rounds, seed):
    rng = random.Random(seed)
    with Folder() as folder:
        sandbox = Sandbox(binary, folder)
        sluice = Sluice(binary, folder, integrations_for(sandbox.port)).start()
        load = Load(sluice, seed=seed).start()
        try:
            for number in range(1, rounds + 1):
                time.sleep(rng.uniform(0.05, 0.8))  # the moment is what is being tried
                sluice.kill()
                sluice.start()
                for integration in TARGETS:
                    stats, _ = sluice.stats(integration)
                    check_ledger(stats, integration)
                print(f"  round {number}: killed and back, {load.total()} events acknowledged", flush=True)
            acknowledged = load.stop()
            total = sum(acknowledged.values())
            wait_drained(sluice, TARGETS, total)
            items = sandbox.received()
            for integration, target in TARGETS.items():
                result = judge(integration, bodies_of(items, target), acknowledged)
                require(result["duplicates"] <= rounds * WINDOW[integration],
                        f"{integration}: {result['duplicates']} duplicates in {rounds} kills")
                stats, _ = sluice.stats(integration)
                require(stats["delivered"] == total, f"{integration}: delivered {stats['delivered']} of {total}")
                print(f"  {integration}: {result}", flush=True)
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
    run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5, int(sys.argv[3]) if len(sys.argv) > 3 else 1)
