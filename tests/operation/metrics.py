"""/metrics is what Prometheus reads, holds every series that issue, dashboard and alerts name, and counts
what was done here."""
import json
import os
import re
import shutil
import subprocess

from load import Caller, question
from machine import Failure
from scene import Scene

NAME  = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LINE  = re.compile(rf'({NAME})(\{{(?:{NAME}="(?:[^"\\\n]|\\[\\"n])*",?)*\}})? (-?[0-9.]+|\+Inf|NaN)\Z')
LABEL = re.compile(rf'({NAME})="((?:[^"\\]|\\.)*)"')
PLACE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docker")


def read(text):
    """{(name, labels): number}, {name: type}. Failure: it is no exposition format 0.0.4."""
    series, types, ended = {}, {}, set()
    last = None
    if not text.endswith("\n"):
        raise Failure("the last line has no end")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name in types:
                raise Failure(f"a second TYPE of {name}")
            types[name] = kind
        elif not line.startswith("# HELP "):
            match = LINE.match(line)
            if not match:
                raise Failure(f"no line of the format: {line!r}")
            name, labels, number = match.groups()
            family = next((name[:-len(end)] for end in ("_bucket", "_sum", "_count")
                           if name.endswith(end) and types.get(name[:-len(end)]) == "histogram"), name)
            if family not in types:
                raise Failure(f"{name} has no TYPE")
            if family != last and family in ended:
                raise Failure(f"the lines of {family} are not together")
            last = family
            ended.add(family)
            key = name, tuple(sorted(LABEL.findall(labels or "")))
            if key in series:
                raise Failure(f"{key} stands twice")
            series[key] = float(number)
    return series, types


def check_histograms(series, types):
    for name in (name for name, kind in types.items() if kind == "histogram"):
        rows = {}
        for (part, labels), number in series.items():
            if part == name + "_bucket":
                rest = tuple(label for label in labels if label[0] != "le")
                rows.setdefault(rest, []).append((float(dict(labels)["le"].replace("+Inf", "inf")), number))
        for rest, buckets in rows.items():
            numbers = [number for _, number in sorted(buckets)]
            if numbers != sorted(numbers) or sorted(buckets)[-1] != (float("inf"),
                                                                     series[name + "_count", rest]):
                raise Failure(f"{name}{rest}: buckets that do not grow to the count")
        if not rows:
            raise Failure(f"{name} counted nothing")


def named_in(text):
    return {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall("breakwater_[a-z_]+", text)}


def check(build, template, directory):
    scene = Scene(build, template, directory, is_embedded=True)
    preview, feed, nobody = scene.caller("preview"), scene.caller("feed"), Caller(scene.service.port, None)
    before, _ = read(Caller(scene.service.port, None).ask("GET", "/metrics")[2].decode())
    for count in range(5):
        preview.ask("POST", "/v1/penalties", question(f"m{count}"))
    preview.ask("POST", "/v1/penalties", {"market": "eth-usd"})                      # 400
    preview.ask("POST", "/v1/penalties", question("m") | {"market": "none"})         # 404
    feed.ask("POST", "/v1/penalties", question("m"))                                 # 403
    nobody.ask("GET", "/v1/decisions")                                               # 401
    nobody.ask("GET", "/nowhere")                                                    # 404
    status, headers, text = nobody.ask("GET", "/metrics")
    if status != 200 or not headers["Content-Type"].startswith("text/plain; version=0.0.4"):
        raise Failure(f"{status} {headers['Content-Type']}")
    after, types = read(text.decode())
    check_histograms(after, types)

    def grown(name, **labels):
        key = name, tuple(sorted(labels.items()))
        return after.get(key, 0) - before.get(key, 0)
    wanted = [
        (5, grown("breakwater_requests_total", operation="createPenalty", **{"class": "2xx"})),
        (3, grown("breakwater_requests_total", operation="createPenalty", **{"class": "4xx"})),
        (5, grown("breakwater_request_duration_seconds_count", operation="createPenalty",
                  **{"class": "2xx"})),
        (1, grown("breakwater_requests_total", operation="none", **{"class": "4xx"})),
        (1, grown("breakwater_refusals_total", code="invalid")),
        (1, grown("breakwater_refusals_total", code="no_such_market")),
        (1, grown("breakwater_refusals_total", code="role_missing")),
        (1, grown("breakwater_refusals_total", code="key_unknown")),
        (1, grown("breakwater_refusals_total", code="no_such_route")),
        (5, grown("breakwater_writer_decisions_total"))]
    if any(want != have for want, have in wanted):
        raise Failure(f"wanted and counted: {wanted}")
    commits = grown("breakwater_writer_commits_total")
    if not 1 <= commits <= 5 or grown("breakwater_writer_commit_microseconds_total") <= 0:
        raise Failure(f"{commits} commits")
    told = {name for name, _ in after} | set(types)
    for file in ("dashboard.json", "alerts.yaml"):
        with open(os.path.join(PLACE, file), encoding="utf-8") as text:
            missing = named_in(text.read()) - told
        if missing:
            raise Failure(f"{file} names {missing}, which /metrics has not")
    with open(os.path.join(PLACE, "dashboard.json"), encoding="utf-8") as text:
        shown = named_in(" ".join(target["expr"] for panel in json.load(text)["panels"]
                                  for target in panel["targets"]))
    unseen = {"breakwater_writer_queue", "breakwater_writer_decisions_total", "breakwater_refusals_total",
              "breakwater_writer_commit_microseconds_total", "breakwater_log_merge_delay_microseconds",
              "breakwater_snapshot_age_microseconds", "breakwater_request_duration_seconds"} - shown
    if unseen:
        raise Failure(f"the dashboard does not show {unseen}")
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text_of(nobody), check=False,
                              capture_output=True, timeout=60)
        rules = subprocess.run(["promtool", "check", "rules", os.path.join(PLACE, "alerts.yaml")],
                               check=False, capture_output=True, timeout=60)
        if rules.returncode or done.returncode not in (0, 3):     # 3: it would name things otherwise
            raise Failure(f"promtool: {done.stderr.decode()} {rules.stdout.decode()}")
    scene.service.stop()
    scene.close()
    return f"{len(after)} series of {len(types)} families"


def text_of(caller):
    return caller.ask("GET", "/metrics")[2]
