import argparse
from importlib import import_module

import pytest

import run_pipeline

CALLS = [
    "--config smoke.yaml",
    "compare --output=a b c",
    "dashboard start",
    "dashboard stop",
    "env",
    "export --model=a --format=onnx",
    "extend a --epochs=1",
    "models",
    "models list",
    "models show a",
    "models promote a --reason b",
    "models rollback",
    "models copy a --to b",
    "predict a",
    "reproduce a",
    "schedule apply --config a",
    "schedule list",
    *(f"schedule {verb} a" for verb in ("show", "pause", "resume", "remove", "run-now")),
    "serve",
    "stack apply a",
    "stack show",
    "stack check",
    "stack compile --config a --output b --host http://c",
    "storage report",
    "storage prune",
]


def verbs_below(parser):
    return [
        verb for action in parser._actions if isinstance(action, argparse._SubParsersAction) for verb in action.choices
    ]


def test_every_verb_is_called_below():
    called = {tuple(call.split()[:2]) for call in CALLS}
    for command in run_pipeline.VERBS:
        verbs = verbs_below(import_module(f"commands.{command}").parser())
        assert {(command, verb) for verb in verbs} <= called
        assert verbs or any(first == command for first, *_ in called)


@pytest.mark.parametrize("call", CALLS)
def test_every_verb_shows_tracebacks_wherever_it_is_asked_to(call):
    words = call.split()
    assert run_pipeline.parse(words).debug is False
    for place in (0, 1, 2, len(words)):
        if not (place and words[:place][-1] == "--config"):  # there stands its value
            options = run_pipeline.parse([*words[:place], "--debug", *words[place:]])
            assert vars(options) == {**vars(run_pipeline.parse(words)), "debug": True}


def test_dashboards_are_stopped_wherever_they_are(capsys):
    with pytest.raises(SystemExit) as ended:
        run_pipeline.parse(["dashboard", "stop", "--port", "9000"])
    assert ended.value.code == 2
