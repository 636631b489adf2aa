#!/bin/sh
# What the published image does when its data folder is empty: initdb, a server for this container alone, the scripts in
# /docker-entrypoint-initdb.d; then the server.
set -eu
export PGUSER=postgres
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
    # shellcheck disable=SC2086 # several options in one variable
    initdb --username=postgres --pwfile=/tmp/password ${POSTGRES_INITDB_ARGS:-}
    rm /tmp/password
    printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    for script in /docker-entrypoint-initdb.d/*.sh; do
        # shellcheck disable=SC1090 # the published image sources what is not executable, too
        if [ -x "$script" ]; then "$script"; else . "$script"; fi
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" -c listen_addresses='*'
