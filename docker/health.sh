#!/bin/bash
# Succeeds where the service on this machine lives. usage: health.sh [PORT] [PATH]
set -euo pipefail
listen=${BREAKWATER_LISTEN:-127.0.0.1:8080}
exec 3<> "/dev/tcp/127.0.0.1/${1:-${listen##*:}}"
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "${2:-/livez}" >&3
IFS= read -r -t 2 status <&3
[[ $status == "HTTP/1.1 200"* ]]
