#!/usr/bin/env python3
"""Makes a small corpus of the repository's own files: seeds.py DIR."""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INTO = Path(sys.argv[1])


def seed(target, name, data):
    folder = INTO / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data.encode() if isinstance(data, str) else data)


scenarios = sorted((ROOT / "conformance/scenarios").rglob("*.json"))
scenarios += sorted((ROOT / "conformance/generated").glob("*.json"))
for n, path in enumerate(scenarios):
    text = path.read_text()
    if len(text) < 16_000 and n % 3 == 0:
        seed("scenario", n, text)
    if n % 10 == 0:
        for k, step in enumerate(json.loads(text)["steps"][:5]):
            seed("value", f"{n}-{k}", json.dumps(step.get("expect", {})))
            seed("value", f"{n}-{k}-all", json.dumps(list(step.values())))

for path in sorted((ROOT / "quizzes").glob("*.toml")):
    seed("quiz", path.stem, b"t" + path.read_bytes())
seed(
    "quiz",
    "json",
    'j{"title":"Sums","mastery":2,"template":[{"name":"plus","category":"sums","question":"{a} + {b} = ?",'
    '"variables":{"a":{"int":[1,9]},"b":{"int":[1,9]}},"answer":{"number":"a + b"}}]}',
)

for n, text in enumerate(
    ["a + b * d", "a % 3 == 1 && b < d", "r.x ** 2", "max(a, b)", '"t" + t', "-(a - -b) / 0", "{a} of {r.x} {{", "1_000,5", "-2.50"]
):
    seed("expression", n, text)
for path in sorted((ROOT / "quizzes").glob("*.toml")):
    for n, line in enumerate(path.read_text().splitlines()):
        if "=" in line and '"' in line:
            seed("expression", f"{path.stem}-{n}", line.split("=", 1)[1].strip().strip('"')[:300])

for n, text in enumerate(["a-1", "Längen & Maße", " Ann@Example.org ", "x@y", "İ@ß.example", "--", "a" * 70]):
    seed("names", n, text)


def request(method, path, body=None, kind="application/json", more=()):
    lines = [f"{method} {path} HTTP/1.1", "host: fuzz", "connection: close", *more]
    if body is not None:
        lines += [f"content-type: {kind}", f"content-length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + (body or "")


form = "application/x-www-form-urlencoded"
cookie = "cookie: session-1=1.1.1.0123456789abcdef0123456789abcdef." + "0" * 64 + "; visitor=" + "0" * 32
routes = (ROOT / "apps/mastery/src/web/routes.rs").read_text()
for n, (method, path) in enumerate(re.findall(r'\.(get|post|put|delete)\(\s*"([^"]+)"', routes)):
    for name, value in [("quiz", "arithmetic"), ("run", "1"), ("session", "1")]:
        path = path.replace("{" + name + "}", value)
    if method == "get":
        seed("http", n, request("GET", path, more=[cookie]))
    else:
        body = '{"quiz":"arithmetic","run":1,"email":"ann@example.org","n":1,"answer":"3","title":"T"}'
        seed("http", f"{n}-json", request(method.upper(), path, body, more=[cookie]))
        seed("http", f"{n}-form", request(method.upper(), path, "email=a%40b.c&answer=3&token=x", form, [cookie]))
for n, path in enumerate(["/api/runs/01", "/api/sessions/-1/question", "/api/quizzes/%61", "/api/quizzes/arithmetic?version=1"]):
    seed("http", f"odd-{n}", request("GET", path))
