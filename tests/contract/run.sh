#!/bin/bash
# openapi.yaml against its own rules, and the API tests through a proxy that holds both sides to it.
# usage: tests/contract/run.sh BUILD
set -euo pipefail

build=$1
here=tests/contract
export SCARF_ANALYTICS=false

docker/deps.sh contract
if [ ! $here/node_modules/.package-lock.json -nt $here/package-lock.json ]; then
    npm ci --prefix $here
fi
$here/node_modules/.bin/spectral lint --fail-severity=warn -r $here/spectral.yaml openapi.yaml

work=$(mktemp -d)
proxy_id=
finish() {
    [ -z "$proxy_id" ] || kill "$proxy_id" 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT

# Two ports that nobody has just now: the service's and the proxy's.
read -r service_port proxy_port < <(node -e '
    const net = require("net"), a = net.createServer(), b = net.createServer();
    a.listen(0, "127.0.0.1", () => b.listen(0, "127.0.0.1", () => {
        console.log(a.address().port, b.address().port); a.close(); b.close(); }));')
$here/node_modules/.bin/prism proxy openapi.yaml "http://127.0.0.1:$service_port" \
    -h 127.0.0.1 -p "$proxy_port" > "$work/log" 2>&1 &
proxy_id=$!
for ((i = 0; i < 300; i++)); do
    if grep -q 'Prism is listening' "$work/log"; then break; fi
    sleep 0.1
done

status=0
BREAKWATER_PROGRAM=$build/breakwater BREAKWATER_TEST_LISTEN=127.0.0.1:$service_port \
    BREAKWATER_TEST_PROXY=127.0.0.1:$proxy_port "$build/tests/run" api || status=$?

# The log of each request in turn: what came back, and then what broke the contract. A request may
# break it where it was refused for that; an answer never.
sed 's/\x1b\[[0-9;]*m//g' "$work/log" | awk '
    /Request received/   { request = $0; sub(/.*\[HTTP SERVER\] /, "", request); sub(/ [^ ]* *info.*/, "", request); requests++ }
    /has returned [0-9]/ { answer = $NF + 0 }
    /Violation: response/ || (/Violation: request/ && answer < 400) {
        sub(/.*Violation: /, ""); print request " -> " answer ": " $0; faults++
    }
    END {
        print "contract: " requests + 0 " requests, " faults + 0 " breaches"
        exit faults > 0 || requests == 0
    }'
[ "$status" = 0 ]
