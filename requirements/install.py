"""Install what a file of requirements/ locks, into the environment whose Python runs this: install.py FILE.

uv takes a tenth of pip's processor time. It reads none of pip's settings, so that those which say where packages come
from and whom to trust are handed on; where there are others, or uv fails for whatever reason, pip installs as ever.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

UV = Path(__file__).with_name("uv.txt")
HANDED_ON = {  # pip's setting: uv's variable, and what stands between several values
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
}
NO_MATTER = {
    *("break-system-packages", "cache-dir", "default-timeout", "disable-pip-version-check", "no-cache-dir", "no-color"),
    *("no-input", "prefer-binary", "progress-bar", "quiet", "require-virtualenv", "retries", "root-user-action"),
    *("timeout", "verbose"),
}


def main(lock):
    """Install, with uv if that can be: the exit status."""
    settings = uv_settings(pip_settings())
    if settings is None:
        return pip(lock)
    if pip(UV):
        return 1
    uv = Path(sys.executable).with_name("uv")
    words = ["pip", "install", "--quiet", "--python", sys.executable, "--index-strategy", "unsafe-best-match"]
    command = [uv, *words, "--no-config", "--require-hashes", "--requirements", lock]
    if not subprocess.run(command, env={**os.environ, **settings}).returncode:
        return 0
    sys.stderr.write("uv could not install them: pip tries\n")
    return pip(lock)


def pip(lock):
    """Install with pip: its exit status."""
    words = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", "--require-hashes", "-r", lock]
    return subprocess.run([sys.executable, "-m", "pip", *words]).returncode


def pip_settings():
    """What pip is told by its files and variables, by option."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    lines = [line.partition("=") for line in listed.stdout.splitlines() if "=" in line]
    ranked = sorted(lines, key=lambda line: (line[0].startswith(":env:"), line[0].startswith("install.")))
    return {key.rpartition(".")[2]: ast.literal_eval(value) for key, _, value in ranked}


def uv_settings(settings):
    """Variables that tell uv the same, None where one of them has no counterpart."""
    if settings.keys() - HANDED_ON - NO_MATTER:
        return None
    known = [(HANDED_ON[name], value) for name, value in settings.items() if name in HANDED_ON]
    return {variable: mark.join(value.split()) for (variable, mark), value in known}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
