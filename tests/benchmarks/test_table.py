import json
import subprocess

import pytest
import table
from measurement import RESULTS
from table import BEGIN, END, HEADLINE_FIGURE, HEADLINE_RECIPES, PROJECT, headlines, pages, read_records, with_tables


def run_of(recipe="a.yaml", seed=0, accuracy=0.5, seconds=60.0, **values):
    usual = {"device": "cpu, float32", "cores": 2, "note": "", "commit": "0123456789abcdef", "date": "2026-01-02"}
    measured = {"recipe": recipe, "seed": seed, "test_accuracy": accuracy, "training_seconds": seconds}
    return {**measured, "matmul_gflops": None, **usual, **values}


def benchmark_of(**values):
    figure = {"name": "reading", "median": 2.0, "lowest": 1.0, "highest": 3.0, "repeats": 3, "unit": "x"}
    judged = {"goal": 1.5, "higher_is_better": True, "reached": True}
    machine = {"commit": "abcdef0123+changes", "date": "2026-01-02", "matmul_gflops": 150.4, "cores": 2}
    return {"benchmark": "speed", "figures": [{**figure, **judged, **values}], **machine}


@pytest.fixture
def results(tmp_path):
    """A function: recipe runs and benchmarks -> a folder of their records."""

    def make(runs=(), benchmarks=()):
        (tmp_path / "recipes").mkdir()
        for folder, records in ((tmp_path / "recipes", runs), (tmp_path, benchmarks)):
            for number, record in enumerate(records):
                (folder / f"{number}.json").write_text(json.dumps(record))
        return tmp_path

    return make


def cells(made):
    """The cells of each row of the tables, heads included."""
    lines = [line for line in made.splitlines() if line and "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture
def tables_of(results):
    """A function: recipe runs and benchmarks -> the cells of each row of their tables, heads included."""
    return lambda *records, **named: cells(table.tables(results(*records, **named)))


@pytest.mark.parametrize("page", pages(RESULTS))
def test_pages_are_up_to_date(page):
    text = (PROJECT / page).read_text(encoding="utf-8")
    assert text == with_tables(text, pages(RESULTS)[page]), "run: python benchmarks/table.py"


def git(*words):
    return subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True, check=False)


def test_the_repository_has_every_commit_that_a_record_names():
    if git("rev-parse", "--is-shallow-repository").stdout != "false\n":
        pytest.skip("needs the whole history")
    records = [*read_records(RESULTS), *read_records(RESULTS / "recipes")]
    commits = {record["commit"].partition("+")[0] for record in records if record["commit"]}
    assert commits
    assert {commit for commit in commits if git("merge-base", "--is-ancestor", commit, "HEAD").returncode} == set()


def test_every_record_is_of_a_benchmark_that_can_be_run_again():
    for record in read_records(RESULTS):
        assert (RESULTS.parent / f"{record['benchmark']}.py").is_file()
        assert all(figure["compared"] for figure in record["figures"])


def test_every_recipe_that_was_run_is_there():
    for record in read_records(RESULTS / "recipes"):
        assert (PROJECT / "configs" / record["recipe"].split()[0]).is_file()


def test_runs_are_grouped_by_recipe_and_hardware(tables_of):
    gpu = run_of(seed=2, accuracy=0.9, device="GPU, mixed_float16")
    many = [run_of(seed=seed, accuracy=accuracy) for seed, accuracy in ((1, 0.7), (0, 0.5), (3, 0.6))]
    _, on_cpu, on_gpu, other = tables_of([*many, gpu, run_of("b.yaml", accuracy=0.123456)])
    assert on_cpu == ["`a.yaml`", "60.00% (50.00% to 70.00%)", "1.0 minutes", "2 CPU cores, float32", on_cpu[4]]
    assert on_cpu[4].startswith("3: seed 0, 1, 3; 0123456, 2026-01-02")
    assert on_gpu[1] == "90.00%"
    assert on_gpu[3] == "GPU, mixed_float16"
    assert other[:2] == ["`b.yaml`", "12.35%"]


def test_times_are_medians_and_notes_are_told(tables_of):
    runs = [run_of(seed=seed, seconds=seconds) for seed, seconds in ((0, 60), (1, 90))]
    _, row = tables_of([*runs, run_of(seed=2, seconds=900, note="busy")])
    assert row[2] == "1.5 minutes (seed 2: busy)"


def test_commits_and_the_speed_of_the_machine_are_told(tables_of):
    runs = [run_of(matmul_gflops=100.0), run_of(seed=1, commit=None, matmul_gflops=200.0, date="2026-03-01")]
    _, row = tables_of(runs)
    assert row[4] == "2: seed 0, 1; 0123456, commit not kept, 2026-03-01, 150 GFLOP/s"


def test_a_figure_shows_spread_goal_and_file(tables_of):
    _, row = tables_of(benchmarks=[benchmark_of()])
    assert row[:3] == ["reading", "2× (1 to 3, 3 repeats)", "at least 1.5×, reached"]
    assert row[3] == "[speed.py](../benchmarks/speed.py); abcdef0+, 2026-01-02, 150 GFLOP/s"


def test_a_missed_goal_is_not_hidden(tables_of):
    figure = {"goal": 1.2, "higher_is_better": False, "reached": False, "repeats": 1, "unit": "s"}
    _, row = tables_of(benchmarks=[benchmark_of(**figure)])
    assert row[1:3] == ["2 s", "at most 1.2 s, missed"]


def headline_records():
    first, second = HEADLINE_RECIPES
    runs = [run_of(first, accuracy=0.7, data="cifar100", matmul_gflops=100.0), run_of(first, seed=1, data="cifar100")]
    benchmark, name = HEADLINE_FIGURE
    return [*runs, run_of(second, data="cifar100"), run_of("c.yaml")], [
        {**benchmark_of(name=name), "benchmark": benchmark},
        benchmark_of(name="of another benchmark"),
    ]


def test_headlines_name_accuracy_time_and_machine(results):
    _, first, second, figure = cells(headlines(results(*headline_records())))
    assert first[0].startswith(f"`{HEADLINE_RECIPES[0]}`, cifar100")
    assert first[1:] == [
        "60.00% (50.00% to 70.00%), 2 seeds, trained for 1.0 minutes",
        "2 CPU cores, float32, 100 GFLOP/s",
    ]
    assert second[1] == "50.00%, 1 seed, trained for 1.0 minutes"
    assert figure == [HEADLINE_FIGURE[1], "2× (1 to 3, 3 repeats)", "2 CPU cores, 150 GFLOP/s"]


@pytest.mark.parametrize("missing", range(2))
def test_a_headline_without_a_record_is_an_error(results, missing):
    records = list(headline_records())
    records[missing] = records[missing][:-2]
    with pytest.raises(ValueError, match="expected"):
        headlines(results(*records))


def test_only_what_stands_between_the_comments_changes():
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert with_tables(text, "| new |") == f"before\n{BEGIN}\n| new |\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{END}"])
def test_a_text_without_its_comments_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        with_tables(text, "")


def test_the_check_changes_nothing(tmp_path, monkeypatch, capsys):
    made = pages(RESULTS)
    (tmp_path / "docs").mkdir()
    for page in made:
        (tmp_path / page).write_text(f"{BEGIN}\nold\n{END}\n")
    words = ["table.py", f"--project={tmp_path}", f"--results={RESULTS}"]
    monkeypatch.setattr("sys.argv", [*words, "--check"])
    assert table.main() == 1
    said = capsys.readouterr().err
    assert all(f"{page} is out of date" in said and "old" in (tmp_path / page).read_text() for page in made)
    monkeypatch.setattr("sys.argv", words)
    assert table.main() == 0
    monkeypatch.setattr("sys.argv", [*words, "--check"])
    assert table.main() == 0
    assert all((tmp_path / page).read_text() == f"{BEGIN}\n{text}\n{END}\n" for page, text in made.items())
