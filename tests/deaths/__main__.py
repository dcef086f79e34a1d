"""Kill commands at every point at which they change something that lasts, and see what the next command finds.

`python -m tests.deaths [NAME …]` prints the table: points, and what was lost. The points are found by tracing.
"""

import argparse
import sys
import tempfile
import time
from contextlib import nullcontext
from itertools import count

from tests.deaths.census import unvisited
from tests.deaths.processes import World
from tests.deaths.tracer import PROJECT

assert PROJECT  # the tracer is imported before anything is forked


def try_all(world, scenario, kills=True):
    """Kill a scenario's command at each of its points.

    Returns:
        Its points, and what was found after each death: number, point, problem.
    """
    world.restore()
    world.run(scenario.prepare)
    world.keep("prepared")
    points = world.trace(scenario.command).result
    found = []
    for number in count(1) if kills else ():
        world.restore("prepared")
        if not world.trace(scenario.command, number).killed:
            break
        point = points[number - 1] if number <= len(points) else ["?", "", ""]
        try:
            found += [(number, point, problem) for problem in world.run(scenario.after).result]
        except RuntimeError as error:
            found.append((number, point, f"the next command failed: {error}"))
    return points, found


def main(names, folder, kills):
    with nullcontext(folder) if folder else tempfile.TemporaryDirectory(prefix="deaths-") as place:
        world = World(place)
        from tests.deaths.scenarios import SCENARIOS

        chosen = [each for each in SCENARIOS if not names or each.name in names]
        world.warm(SCENARIOS[0]())
        total, lost, visited = 0, 0, []
        for kind in chosen:
            started = time.monotonic()
            scenario = kind()
            scenario.start()
            try:
                points, found = try_all(world, scenario, kills)
            finally:
                scenario.stop()
            visited += points
            print(
                f"{kind.name:<20}{len(points):>5} points{len(found):>5} lost  {time.monotonic() - started:.0f} s",
                flush=True,
            )
            for number, point, problem in found:
                print(f"    {number} before {' '.join(point)}: {problem}", flush=True)
            total, lost = total + len(points), lost + len(found)
        print(f"{'all':<20}{total:>5} points{lost:>5} lost")
    unseen = unvisited(visited) if not names else []
    for place in unseen:
        print(f"{place} changes what lasts, and no scenario gets there")
    return 1 if lost or unseen else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m tests.deaths", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of scenarios; all without one")
    parser.add_argument("--folder", help="where to work, with a state folder that has both databases")
    parser.add_argument("--trace", action="store_true", help="find the points, and kill nothing")
    options = parser.parse_args()
    sys.exit(main(options.names, options.folder, not options.trace))
