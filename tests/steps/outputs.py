"""The outputs of every cached step whose materializers are given, in ZenML's order: python -m tests.steps.outputs."""

from importlib import import_module

from operations.platform.environment import prepare_environment


def main():
    prepare_environment(False)
    from pipelines.training import CACHED_STEPS

    steps = [getattr(import_module(f"steps.{name}"), name) for name in CACHED_STEPS]
    print([list(step.configuration.outputs) for step in steps])


if __name__ == "__main__":
    main()
