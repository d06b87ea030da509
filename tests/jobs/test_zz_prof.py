import time, sys

sys.path.insert(0, "/work/main/tests/jobs")
sys.path.insert(0, "/work/main/jobs")
import lettermill.lake as L

T0 = time.time()


def wrap(cls, name):
    f = getattr(cls, name)

    def g(self, *a, **k):
        t = time.time()
        r = f(self, *a, **k)
        d = time.time() - t
        if d > 0.3:
            print(f"   {name} {[getattr(x, 'name', '') for x in list(a) + list(k.values())]} {d:.1f}s", flush=True)
        return r

    setattr(cls, name, g)


for n in ("add", "merge", "create", "replace", "version", "changes", "read"):
    wrap(L.Lake, n)
import lettermill.sending as S, lettermill.posting as P

wrap(S.Slot, "settle")
wrap(S.Slot, "planned")
wrap(S.Slot, "provider")
wrap(S.Slot, "suppress")
wrap(S.Slot, "verdicts")
from pyspark.sql import DataFrame
from pyspark.sql.dataframe import DataFrame as D

for n in ("collect", "count", "first", "isEmpty"):
    wrap(D, n)
from tests.jobs.test_send_campaign import *
import render_campaign, send_campaign


def test_time(lake, given, tmp_path):
    t = time.time()
    settings = settings_in(tmp_path)
    plan(lake, settings, given, names=["Ana", "Ben", None, "Eve"])
    print("plan", time.time() - t)
    t = time.time()
    render_campaign.main.work(run_of(lake, settings))
    print("render", time.time() - t)
    t = time.time()
    lake.add(given(CONSENTS, consent("p2", "suppressed", hours=-1, reason="unsubscribed")), to=CONSENTS)
    r = send(lake, settings, dry_run="yes")
    print("dry", time.time() - t, r.counts)
    t = time.time()
    r = send(lake, settings)
    print("send", time.time() - t, r.counts)
    t = time.time()
    r = send(lake, settings)
    print("send2", time.time() - t, r.counts)
    t = time.time()
    print(outbox(lake), ledger(lake))
