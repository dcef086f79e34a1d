"""From a configuration's name to checked settings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from recognition.configuration.effect import check_effect
from recognition.configuration.nearest import nearest
from recognition.configuration.overrides import apply_override
from recognition.configuration.problems import explain, explain_contradiction
from recognition.configuration.schema import RunConfig
from recognition.configuration.section import ContradictionError
from recognition.configuration.sections.data import DataConfig
from recognition.configuration.wording import shown
from recognition.configuration.yaml_file import read_yaml
from recognition.errors import InputError


def find_config(name: str, folder: Path) -> Path:
    """The file that a name means: a path first, then a file in the folder; ".yaml" may be left out.

    Args:
        name: Such as "train", "train.yaml" or "elsewhere/train.yaml".
        folder: Where the project keeps its configurations.

    Raises:
        InputError: If there is no such file; the message lists those of the folder.
    """
    candidates = [path for path in (Path(name), folder / name) for path in (path, Path(f"{path}.yaml"))]
    for path in candidates:
        if name and os.path.exists(path) and not os.path.isdir(path):
            return path
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    near = nearest(Path(name).stem, known)
    raise InputError(
        f"no configuration {shown(name)}",
        expected=f"a YAML file, or one of {folder}: {', '.join(known) or 'which is empty'}",
        remedy=f"did you mean {near}?" if near else "",
    )


def load_config(path: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read, override and check a configuration.

    A configuration with `data.fallback` is checked in its fallback form too.

    Args:
        path: A YAML file.
        overrides: "key.path=value" each, with a YAML value; later ones win.

    Raises:
        InputError: If anything is wrong; one message tells all findings with their lines.
    """
    document = read_yaml(path)
    for override in overrides:
        apply_override(document, override)
    try:
        config = RunConfig.model_validate(document.value)
    except ValidationError as error:
        raise explain(error, document) from None
    try:
        check_effect(config)
    except ContradictionError as error:
        raise explain_contradiction(error, document) from None
    try:
        used_config(config, config.data.fallback is not None)
    except ValidationError as error:
        raise explain(error, document, "with data.fallback in use, ") from None
    return config


def used_config(config: RunConfig, fallback: bool) -> RunConfig:
    """The configuration that a run uses once it is known whether its data set is there.

    With the fallback, the data come from its source, its recipe values replace those of `train`, images keep one size,
    and the model has a name of its own, so that it never competes with models of the data set that was asked for.

    Args:
        config: A loaded configuration.
        fallback: Whether the fallback data set is in use.

    Raises:
        ValueError: If the fallback is in use and the configuration has none.
    """
    if not fallback:
        return config
    if (chosen := config.data.fallback) is None:
        raise ValueError("the configuration has no data.fallback")
    values = config.model_dump()
    kept = config.data.model_dump(include={"validation", "gate", "seed", "folds"})
    values["data"] = DataConfig(source=chosen.source, **kept).model_dump()
    values["train"] |= {"sizes": None, **chosen.train.model_dump(exclude_none=True)}
    values["model"]["name"] += f"-fallback-{chosen.source}"
    return RunConfig.model_validate(values)
