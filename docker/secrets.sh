#!/bin/sh
# Makes the secrets that docker/compose.yaml mounts, where they are not there yet.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
# The folder keeps others out; inside, the container's own user must be able to read.
[ -s secrets/database_password ] ||
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > secrets/database_password
printf '%s\n' "host=database,standby user=breakwater dbname=breakwater\
 password=$(cat secrets/database_password) target_session_attrs=read-write connect_timeout=3" \
    > secrets/database_url
chmod 444 secrets/*
