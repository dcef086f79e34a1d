#!/bin/sh
# SeaweedFS with its S3 interface on port 8333. It reports statistics to its makers unless told not to.
set -eu
umask 077
mkdir -p /data/s3
if [ "$DATA_ACCESS_KEY_ID" = "$S3_ACCESS_KEY_ID" ]; then
  echo "Secret data has the servers' key, and needs one of its own: k8s/README.md#upgrade" >&2
  exit 2
fi
cat > /tmp/s3.json <<JSON
{"identities": [{"name": "recognition", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
  "credentials": [{"accessKey": "$S3_ACCESS_KEY_ID", "secretKey": "$S3_SECRET_ACCESS_KEY"}]},
  {"name": "data", "actions": ["Read:$S3_BUCKET", "List:$S3_BUCKET"],
  "credentials": [{"accessKey": "$DATA_ACCESS_KEY_ID", "secretKey": "$DATA_SECRET_ACCESS_KEY"}]}]}
JSON
make_bucket() { # weed's shell ends with status 0 whatever became of the command
  until echo s3.bucket.list | weed shell -master=127.0.0.1:9333 2> /dev/null | grep -qw "$S3_BUCKET"; do
    sleep 1
    echo "s3.bucket.create -name $S3_BUCKET" | weed shell -master=127.0.0.1:9333 > /dev/null 2>&1 || true
  done
}
make_bucket &
exec weed -logdir=/tmp server -dir=/data/s3 -ip=127.0.0.1 -ip.bind=127.0.0.1 -master.telemetry=false \
  -master.volumeSizeLimitMB=256 -volume.max=0 -s3 -s3.ip.bind=0.0.0.0 -s3.port=8333 -s3.config=/tmp/s3.json -s3.iam=false \
  -s3.port.iceberg=0 -s3.port.lance=0
