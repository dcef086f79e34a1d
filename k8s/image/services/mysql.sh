#!/bin/sh
# MariaDB for ZenML. MYSQL_PASSWORD is that of the user zenml; the administrator, reached by the socket alone, is the
# user whom this runs as.
set -eu
umask 077
data=/data/mysql
if [ ! -d "$data" ]; then # moved into place when whole, so that a kill in between is harmless
  rm -rf "$data.new"
  mariadb-install-db --no-defaults --datadir="$data.new" --skip-test-db \
    --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" > /dev/null
  mv "$data.new" "$data"
fi
# one statement a line: MariaDB takes no others from this file
cat > /tmp/init.sql <<SQL
CREATE DATABASE IF NOT EXISTS zenml CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS zenml@'%' IDENTIFIED BY '$MYSQL_PASSWORD';
ALTER USER zenml@'%' IDENTIFIED BY '$MYSQL_PASSWORD';
GRANT ALL ON zenml.* TO zenml@'%';
SQL
exec mariadbd --no-defaults --datadir="$data" --init-file=/tmp/init.sql --tmpdir=/tmp \
  --socket=/tmp/mysql.sock --pid-file=/tmp/mysql.pid --bind-address=0.0.0.0 --skip-name-resolve \
  --max-allowed-packet=64M --innodb-buffer-pool-size=128M
