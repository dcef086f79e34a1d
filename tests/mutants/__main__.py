"""Break the product in one place after another, and see whether a test notices; docs/testing.md says how to use it.

The same command goes on where it was interrupted. What is not committed is neither broken nor tested.
"""

import argparse
import json
import queue
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from coverage import Coverage
from coverage.exceptions import CoverageException

from tests.mutants.checkout import Checkout
from tests.mutants.places import MUTANTS, find
from tests.mutants.reach import Durations, Reach, changed_lines

PROJECT = Path(__file__).resolve().parent.parent.parent


def main():
    options = parser().parse_args()
    try:
        options.action(options)
    except (ValueError, OSError, CoverageException) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def parser():
    parser = argparse.ArgumentParser("python -m tests.mutants", description=__doc__.partition(";")[0] + ".")
    verbs = parser.add_subparsers(required=True, metavar="map|run")
    mapped = verbs.add_parser("map", help="join what the processes of a test run have recorded")
    mapped.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="of the files .coverage.*")
    mapped.set_defaults(action=join)
    run = verbs.add_parser("run", help="see which errors a test notices")
    run.add_argument("--map", type=Path, required=True, metavar="FILE", help="which map has written")
    run.add_argument("--results", type=Path, required=True, metavar="FILE", help="a line of JSON for each error")
    run.add_argument("--junit", type=Path, nargs="+", default=[], metavar="FILE", help="pytest's, of all tests")
    run.add_argument("--only", nargs="+", metavar="NAME", choices=[each.name for each in MUTANTS])
    run.add_argument("--jobs", type=int, default=1, metavar="N", help="errors at a time (%(default)s)")
    run.add_argument(
        "--limit", type=float, default=900, metavar="SECONDS", help="beyond twice its tests' (%(default)s)"
    )
    run.add_argument("--pytest-args", default="", metavar="WORDS", help="more words for pytest, as one")
    run.set_defaults(action=run_all)
    return parser


def join(options):
    """Make one map of all that was recorded; the files stay."""
    target = options.data / "map.coverage"
    target.unlink(missing_ok=True)
    coverage = Coverage(data_file=target, config_file=Path(__file__).with_name("coveragerc"))
    coverage.combine(list(map(str, options.data.glob(".coverage*"))), strict=True, keep=True)
    coverage.save()
    print(target)


def run_all(options):
    """Try the errors that have no line in the results yet, then tell what became of all."""
    wanted = [each for each in MUTANTS if each.name in (options.only or [each.name])]
    places = {each.name: find(each, PROJECT) for each in wanted}  # all of them, before anything else is done
    known = {result["name"] for result in read(options.results)}
    if left := [each for each in wanted if each.name not in known]:
        try_all(left, places, options)
    tell([result for result in read(options.results) if result["name"] in places])


def try_all(mutants, places, options):
    """Several errors at a time, each in a checkout of its own."""
    free, lock = queue.SimpleQueue(), Lock()
    with TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(options.jobs) as pool:
        checkouts = [
            Checkout(PROJECT, Path(folder, str(number)), options.pytest_args) for number in range(options.jobs)
        ]
        for checkout in checkouts:
            free.put(checkout)
        durations = Durations(options.junit)
        reach = Reach(options.map, checkouts[0].folder, checkouts[0].collect(), durations)

        def try_one(mutant):
            start, (path, text) = time.monotonic(), places[mutant.name]
            lines = changed_lines(text, mutant)
            batches = reach.batches(path, lines)
            checkout = free.get()
            try:
                caught, by = checkout.attempt(mutant, path, batches, durations, options.limit)
            finally:
                free.put(checkout)
            result = {"name": mutant.name, "file": path, "line": min(lines), "caught": caught, "by": by}
            result |= {"tests": sum(map(len, batches)), "seconds": round(time.monotonic() - start, 1)}
            with lock, options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")
            print(f"{'caught' if caught else 'SURVIVED':<10}{mutant.name:<46}{by}", flush=True)

        list(pool.map(try_one, mutants))


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def tell(results):
    """A table by room, and who survived."""
    print(f"\n{'room':<32}{'caught':>8}{'survived':>10}")
    counts = Counter((str(Path(each["file"]).parent), each["caught"]) for each in results)
    for room in sorted({room for room, _ in counts}):
        print(f"{room:<32}{counts[room, True]:>8}{counts[room, False]:>10}")
    caught = sum(each["caught"] for each in results)
    print(f"{'in all':<32}{caught:>8}{len(results) - caught:>10}")
    for each in results:
        if not each["caught"]:
            reached = f"{each['tests']} tests reach it" if each["tests"] else "unreached"
            print(f"survived: {each['name']} in {each['file']}:{each['line']}, {reached}")


if __name__ == "__main__":
    sys.exit(main())
