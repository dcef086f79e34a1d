"""A kubectl that keeps Secrets as files in $FAKE_CLUSTER; knows `get secret` and `create --filename=-`."""

import base64
import json
import os
import sys
from pathlib import Path

namespace, verb, *words = sys.argv[1:]
folder = Path(os.environ["FAKE_CLUSTER"]) / namespace.removeprefix("--namespace=")
if not folder.is_dir():
    sys.exit(f'Error from server (NotFound): namespaces "{folder.name}" not found')
if verb == "get":
    file = folder / words[1]
    print(file.read_text() if file.exists() else "", end="")
else:
    manifest = json.load(sys.stdin)
    file = folder / manifest["metadata"]["name"]
    if file.exists():
        sys.exit("Error from server (AlreadyExists)")
    data = {key: base64.b64encode(value.encode()).decode() for key, value in manifest.pop("stringData").items()}
    file.write_text(json.dumps({**manifest, "data": data}))
