#!/usr/bin/env bash
# tools/fetch_data, with a server on this machine: files are fetched, checked, resumed, and never left half-written under
# their names. $1: source tree.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
command -v python3 >/dev/null || { echo "[skipped] there is no python3"; exit; }
export PYTHONDONTWRITEBYTECODE=1

"$1/tools/fetch_data" --help | grep -q -- '--into DIR' || { echo "no help"; exit 1; }
code=0
"$1/tools/fetch_data" imagenet 2>"$scratch/said" || code=$?
[ "$code" -eq 2 ] && grep -q "choose from" "$scratch/said" || { echo "an unknown set: exit code $code"; exit 1; }

cat >"$scratch/test.py" <<'TEST'
import contextlib
import hashlib
import http.server
import importlib.machinery
import importlib.util
import io
import sys
import threading
from pathlib import Path

tool, scratch = sys.argv[1], Path(sys.argv[2])
loader = importlib.machinery.SourceFileLoader("fetch_data", tool)
fetch_data = importlib.util.module_from_spec(importlib.util.spec_from_loader("fetch_data", loader))
loader.exec_module(fetch_data)

contents = {name: bytes(i * n % 251 for i in range(300000)) for n, name in enumerate(("a.gz", "b.gz"), 1)}
requests = []  # (name, first byte)
most = None  # bytes after which a connection ends
ranges, status, served = True, 200, dict(contents)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.rsplit("/", 1)[-1]
        asked = self.headers.get("Range", "bytes=0-")
        begin = int(asked.split("=")[1].rstrip("-"))
        requests.append((name, begin))
        body = served[name]
        if status != 200:
            return self.send_error(status)
        if begin and ranges and begin >= len(body):
            return self.send_error(416)
        if not ranges:
            begin = 0
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(body) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        self.wfile.write(body[begin:][:most])

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"http://127.0.0.1:{server.server_port}/"
md5s = {name: hashlib.md5(data).hexdigest() for name, data in contents.items()}
fetch_data.SETS = {"mnist": ([host + "none/", host + "files/"], md5s)}


def run(into, *options):
    requests.clear()
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = fetch_data.main(["mnist", "--into", str(scratch / into), *options], pause_s=0)
    return code, said.getvalue()


def expect(condition, what):
    if not condition:
        sys.exit(f"not so: {what}")


def whole(into):
    return {p.name: p.read_bytes() for p in (scratch / into).iterdir()} == contents


code, said = run("plain")
expect(code == 0 and whole("plain"), "files are fetched")
code, said = run("plain")
expect(code == 0 and not requests and said.count("is there") == 2, "what is there is not fetched again")
(scratch / "plain/a.gz").write_bytes(b"damaged")
code, said = run("plain")
expect(code == 0 and whole("plain") and requests == [("a.gz", 0)], "a damaged file is fetched again")

most = 100000
code, said = run("cut")
expect(code == 0 and whole("cut"), "a connection that ends is followed by another")
expect(requests[:3] == [("a.gz", 0), ("a.gz", 100000), ("a.gz", 200000)], "each goes on where the last one ended")
most = 20000  # 5 tries of 2 hosts are too few
code, said = run("stopped")
expect(code == 3 and "the connection ended after" in said and "run it again" in said, "an incomplete file is an error")
expect({p.name for p in (scratch / "stopped").iterdir()} == {"a.gz.part", "b.gz.part"}, "it does not get its name")
most = None
code, said = run("stopped")
expect(code == 0 and whole("stopped") and requests[0] == ("a.gz", 200000), "the next run goes on")

ranges = False
(scratch / "no-ranges").mkdir()
(scratch / "no-ranges/a.gz.part").write_bytes(b"beginning")
code, said = run("no-ranges")
expect(code == 0 and whole("no-ranges"), "a host without ranges sends the whole file")
ranges = True
for name, stale in ("other", b"x" * 1000), ("complete", contents["a.gz"]), ("long", b"x" * 400000):
    (scratch / name).mkdir()
    (scratch / name / "a.gz.part").write_bytes(stale)
    code, said = run(name)
    expect(code == 0 and whole(name), f"an {name} beginning does not matter")

served["a.gz"] = b"another file"
code, said = run("wrong")
expect(code == 3 and "another MD5" in said, "another file is refused")
expect([p.name for p in (scratch / "wrong").iterdir()] == ["b.gz"], "and not kept, while the others are")
served = dict(contents)
status = 404
code, said = run("absent")
expect(code == 3 and "404" in said and len(requests) == 4, "a file that no host has is asked for once of each")
status = 503
code, said = run("absent", "--from", host + "mirror")
expect(code == 3 and "503" in said and len(requests) == 10 and f"{host}mirror/a.gz" in said, "a mirror that is busy is asked again")
status = 200
(scratch / "file").write_bytes(b"")
code, said = run("file/into")
expect(code == 3 and "cannot write into" in said, "a directory that cannot be made is an error")
server.shutdown()
TEST
python3 "$scratch/test.py" "$1/tools/fetch_data" "$scratch"
