#!/bin/sh
# PostgreSQL for MLflow. POSTGRES_PASSWORD is that of the role mlflow; the administrator is reached by the socket alone.
set -eu
umask 077
data=/data/postgres
if [ ! -d "$data" ]; then # moved into place when whole, so that a kill in between is harmless
  rm -rf "$data.new"
  initdb --pgdata="$data.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
    --auth-local=peer --auth-host=scram-sha-256 > /dev/null
  echo "local all all peer map=administrator" > "$data.new/pg_hba.conf"
  echo "host all all all scram-sha-256" >> "$data.new/pg_hba.conf"
  echo "administrator $(id -un) postgres" >> "$data.new/pg_ident.conf"
  postgres --single -D "$data.new" postgres > /dev/null <<SQL
CREATE ROLE mlflow LOGIN PASSWORD '$POSTGRES_PASSWORD'
CREATE DATABASE mlflow OWNER mlflow
SQL
  mv "$data.new" "$data"
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp -c shared_buffers=64MB
