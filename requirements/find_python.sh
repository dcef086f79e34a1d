#!/bin/sh
# Prints the Python that virtual environments are made with; where there is none, what was found instead, with status 2.
# find_python.sh [NAME…]: 3.11 comes first as the image has it, and the figures in docs/ were measured with it
set -u
[ $# -gt 0 ] || set -- python3.11 python3.12 python3.13 python3 python
found=
packages=
for name; do
  version=$("$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2> /dev/null) || continue
  case $version in
    3.11 | 3.12 | 3.13) ;;
    *) found="$found, $name ($version)" && continue ;;
  esac
  "$name" -c 'import ensurepip, venv' 2> /dev/null && echo "$name" && exit
  found="$found, $name ($version without venv)"
  packages="$packages python$version-venv"
done
{
  echo "error: Python 3.11, 3.12 or 3.13 with venv is needed"
  [ -z "$found" ] && echo "found: none of $*" || echo "found: ${found#, }"
  [ -z "$packages" ] || echo "on Debian or Ubuntu: apt install${packages}"
  echo "or set PYTHON=/path/to/python3.13"
} >&2
exit 2
