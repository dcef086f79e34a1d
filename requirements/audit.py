"""Compare what requirements/*.txt lock with known vulnerabilities: audit.py [ADVISORIES].

ADVISORIES is a folder with a copy of advisories in the OSV format, JSON or YAML, such as a checkout of PyPA's advisory
database; nothing is asked then. Without one, pip-audit asks over the internet, where it is installed. The exit status
is 1 where something is found, and 2 where nothing could be compared.
"""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LOCKS = Path(__file__).parent
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==([^ ;\\]+)", re.MULTILINE)
NO_ADVISORIES = """\
error: there are no advisories to compare with
  received: {received}
  expected: a folder of OSV files, JSON or YAML, such as a checkout of PyPA's advisory database
  to mend: make audit ADVISORIES=FOLDER, or pip install pip-audit where there is internet
"""


def main(words):
    """Compare: the exit status."""
    locks = sorted(LOCKS.glob("*.txt"))
    if words:
        return offline(locks, Path(words[0]))
    if find_spec("pip_audit") is None:
        sys.stderr.write(NO_ADVISORIES.format(received="no folder, and no pip-audit"))
        return 2
    words = [word for lock in locks for word in ("--requirement", str(lock))]
    return subprocess.run([sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", *words]).returncode


def offline(locks, folder):
    """Compare with the advisories in a folder: the exit status."""
    pins = pinned(locks)
    advisories = list(read_advisories(folder, {name for name, _ in pins}))
    if not advisories:
        sys.stderr.write(NO_ADVISORIES.format(received=folder))
        return 2
    newest = max(advisory.get("modified", "") for advisory in advisories)[:10]
    found = [
        f"{name} {version} ({', '.join(files)}): {advisory['id']} {advisory.get('summary', '')}".rstrip()
        for (name, version), files in sorted(pins.items())
        for advisory in advisories
        if concerns(advisory, name, version)
    ]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    told = f"{len(pins):,} locked versions, {len(advisories):,} advisories for these packages, the newest of {newest}"
    sys.stdout.write(f"{told}: {len(found) or 'none'} found\n")
    return 1 if found else 0


def pinned(locks):
    """Files by package and version that they lock."""
    pins = {}
    for lock in locks:
        for name, version in PINNED.findall(lock.read_text(encoding="utf-8")):
            pins.setdefault((canonicalize_name(name), version), []).append(lock.name)
    return pins


def read_advisories(folder, names):
    """Those that are not withdrawn and concern one of the packages."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".json", ".yaml") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        advisory = json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
        if not isinstance(advisory, dict) or "id" not in advisory or advisory.get("withdrawn"):
            continue
        if names & {canonicalize_name(each["package"]["name"]) for each in of_pypi(advisory)}:
            yield {**advisory, "modified": str(advisory.get("modified", ""))}


def of_pypi(advisory):
    """What an advisory says of Python packages."""
    return [each for each in advisory.get("affected", ()) if each.get("package", {}).get("ecosystem") == "PyPI"]


def concerns(advisory, name, version):
    """Whether a version of a package is one of those that an advisory names."""
    for each in of_pypi(advisory):
        if canonicalize_name(each["package"]["name"]) != name:
            continue
        ranges = [found for found in each.get("ranges", ()) if found.get("type") == "ECOSYSTEM"]
        if version in each.get("versions", ()) or any(is_within(found["events"], Version(version)) for found in ranges):
            return True
    return False


def is_within(events, version):
    """Whether a version lies in a range: OSV's events say where it begins and ends."""
    within = False
    for event in sorted(events, key=place):
        if "introduced" in event and place(event) <= version:
            within = True
        elif ("fixed" in event and place(event) <= version) or ("last_affected" in event and place(event) < version):
            within = False
    return within


def place(event):
    """The version of an event; what is no version comes before all."""
    try:
        return Version(next(iter(event.values())))
    except InvalidVersion:
        return Version("0")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
