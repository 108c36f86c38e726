"""What an export of many decisions takes: rows a second, and how much the service grows meanwhile. The
rows are made by SQL behind the service's back, as long as small records are. usage: export.py BUILD
[ROWS]; exit 1 where the service grew by 32 MB or rows are missing."""
import subprocess
import sys
import threading
import time
import urllib.request

from service import Service

GROWTH_KIB_MAX = 32 << 10
FIRST = 1000            # above the indexes that the service itself has made

MAKE = """
BEGIN;
ALTER TABLE audit.leaf DISABLE TRIGGER ALL;
INSERT INTO audit.body SELECT current_date, '00000000-0000-4000-8000-000000000000', i, sha256('x'),
 convert_to('{{"id":"dec_' || i || '","kind":"decision","pad":"' || repeat('record ', 40) || '"}}', 'UTF8')
 FROM generate_series(0, {rows} - 1) i;
INSERT INTO audit.leaf SELECT {first} + i, '00000000-0000-4000-8000-000000000000', i, current_date,
 sha256(i::text::bytea) FROM generate_series(0, {rows} - 1) i;
INSERT INTO audit.search SELECT {first} + i, 'decision', 'dec_' || i, 'preview', 'eth-usd', 'acct-1', NULL,
 extract(epoch FROM now()) * 1000000, 1, 'healthy' FROM generate_series(0, {rows} - 1) i;
INSERT INTO audit.checkpoint SELECT {first} + {rows}, sha256('root'), 'made', now(), now();
COMMIT;
ANALYZE audit.search;
NOTIFY breakwater_log;
"""


def export(service, accept, kept):
    request = urllib.request.Request(f"http://127.0.0.1:{service.port}/v1/decisions/export",
                                     headers={"Accept": accept,
                                              "Authorization": "Bearer " + service.keys["audit"]})
    lines, last = 0, b""
    with urllib.request.urlopen(request, timeout=120) as answer:
        for last in answer:
            lines += 1
    kept["lines"], kept["last"] = lines, last


def measure(service, accept, rows):
    kept = {}
    before = most = service.memory_kib()
    begun = time.monotonic()
    thread = threading.Thread(target=export, args=(service, accept, kept))
    thread.start()
    while thread.is_alive():
        most = max(most, service.memory_kib())
        thread.join(0.05)
    elapsed = time.monotonic() - begun
    is_whole = kept.get("lines", 0) >= rows + 1 and b"count" in kept["last"]
    print(f"{accept}: {kept.get('lines', 0)} lines in {elapsed:.1f} s, {rows / elapsed:.0f} rows/s; "
          f"the service grew by {(most - before) / 1024:.1f} MB"
          f"{'' if is_whole else '; rows or the trailer are missing'}")
    return is_whole and most - before < GROWTH_KIB_MAX


def main():
    build, rows = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    service = Service(build)
    try:
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", socket_of(service), "-U",
                        "breakwater", "-d", "postgres"], input=MAKE.format(rows=rows, first=FIRST),
                       text=True, check=True)
        time.sleep(3)                         # until the service has read what is published
        good = [measure(service, accept, rows) for accept in ("application/x-ndjson", "text/csv")]
    finally:
        service.close()
    sys.exit(0 if all(good) else 1)


def socket_of(service):
    found = subprocess.run(["find", service.state, "-name", ".s.PGSQL.5432"], text=True,
                           stdout=subprocess.PIPE, check=True).stdout.split()
    return found[0].rsplit("/", 1)[0]


main()
