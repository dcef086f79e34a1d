"""`stack apply|show|check|compile`: where runs go, from a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.options import command_parser
from commands.run import CONFIGS
from recognition.configuration.loading import find_config, load_config
from recognition.errors import InputError

if TYPE_CHECKING:
    from operations.platform.target import Target


def parser() -> argparse.ArgumentParser:
    """Its options."""
    parser = command_parser("stack", "Where runs go.")
    verbs = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    apply = verbs.add_parser("apply", help="let a stack be what a file says, and the active one")
    apply.add_argument("file", metavar="FILE", type=Path, help="such as k8s/stacks/dev.yaml")
    show = verbs.add_parser("show", help="what a stack runs, and where")
    check = verbs.add_parser("check", help="whether each part of it works; a remedy where it does not")
    for verb in (show, check):
        verb.add_argument("name", nargs="?", metavar="NAME", help="of the stack; without it, the active one")
    check.add_argument("--config", metavar="FILE", help="look also for what this configuration's runs ask for")
    compile_ = verbs.add_parser(
        "compile", help="the training pipeline as a file for Kubeflow Pipelines; docs/kubeflow.md"
    )
    compile_.add_argument("--config", required=True, metavar="FILE", help="a path, or a name in configs/")
    compile_.add_argument("--output", required=True, type=Path, metavar="FILE", help="to write, such as train.ir.yaml")
    compile_.add_argument(
        "--host",
        required=True,
        metavar="URL",
        type=address,
        help="of Kubeflow Pipelines: ZenML's dashboard links to it",
    )
    compile_.add_argument(
        "--api-key-secret",
        default="zenml-client",
        metavar="NAME",
        help="Secret whose key api-key lets pods talk to ZenML's server (%(default)s)",
    )
    for verb in (check, compile_):
        verb.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key")
    return parser


def run(options: argparse.Namespace) -> int | None:
    """Do what is asked, and print what came of it; 1 where a part does not work."""
    return {"apply": apply, "show": show, "check": check, "compile": compile_for_kubeflow}[options.what](options)


def apply(options: argparse.Namespace) -> None:
    """Make or update a stack."""
    from operations.kubernetes.stack_file import load_stack_file

    file = load_stack_file(options.file)
    from operations.kubernetes.cluster import require_client
    from operations.kubernetes.stack_apply import apply as apply_stack
    from operations.kubernetes.stack_text import render_applied

    require_client()  # ZenML needs it to describe the orchestrator
    print(render_applied(file.name, apply_stack(file)))


def show(options: argparse.Namespace) -> None:
    """What a stack runs."""
    from operations.kubernetes.stack_text import render_target

    print(render_target(_find(options.name)[1]))


def check(options: argparse.Namespace) -> int:
    """Look at every part of a stack."""
    if options.set and not options.config:
        raise InputError(
            "--set overrides a key of a configuration, and none is named",
            received=f"--set {options.set[0]} without --config",
            expected="both, or neither",
        )
    config = load_config(find_config(options.config, CONFIGS), options.set) if options.config else None
    from operations.kubernetes.stack_check import check_stack
    from operations.kubernetes.stack_text import render_finding

    stack, target = _find(options.name)
    asked_for = (config.resources, config.train.workers) if config else ()
    all_ok = True
    for finding in check_stack(stack, target, *asked_for):
        print(render_finding(finding), flush=True)
        all_ok &= finding.ok
    return 0 if all_ok else 1


def compile_for_kubeflow(options: argparse.Namespace) -> None:
    """Write a file, and tell what it does not say."""
    path, output = find_config(options.config, CONFIGS), options.output
    config = load_config(path, options.set)
    if not output.parent.is_dir() or output.is_dir():
        raise InputError("the output cannot be written", received=str(output), expected="a file in a folder")
    from operations.kubeflow.compilation import compile_training
    from operations.kubeflow.tasks import not_carried
    from operations.platform.stack import active_stack_name
    from operations.schedules.planning import freeze
    from pipelines.training import CACHED_STEPS, training

    active_stack_name()  # opens ZenML's database behind its lock
    snapshot = freeze(config, path.stem, training, CACHED_STEPS)
    compile_training(snapshot, output, options.host, options.api_key_secret)
    for line in not_carried(config.resources, config.schedule is not None):
        print(f"note: {line}")
    print(f"compiled for Kubeflow Pipelines: {output}")


def address(text: str) -> str:
    """An address of a server."""
    if not text.startswith(("https://", "http://")):
        raise argparse.ArgumentTypeError(f"{text} is no address, such as https://kubeflow.example.org/pipeline")
    return text


def _find(name: str | None) -> tuple[Any, Target]:
    """ZenML's stack, and what it runs."""
    from operations.platform.stack import active_stack_name

    active = active_stack_name()  # opens ZenML's database behind its lock
    from zenml.client import Client
    from zenml.stack import Stack
    from zenml.utils.pagination_utils import depaginate

    from operations.kubernetes.cluster import require_client
    from operations.platform.target import target_of

    require_client()
    found = Client().list_stacks(name=f"equals:{name or active}", hydrate=True).items
    if not found:
        known = ", ".join(sorted(stack.name for stack in depaginate(Client().list_stacks)))
        raise InputError("there is no stack of this name", received=str(name), expected=f"one of {known}")
    target = target_of(found[0])
    if target is None:
        raise InputError(
            "this stack runs on no cluster",
            received=f"stack {found[0].name}",
            remedy="run_pipeline.py stack apply k8s/stacks/dev.yaml makes one that does",
        )
    return Stack.from_model(found[0]), target
