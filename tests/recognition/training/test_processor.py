import pytest

from recognition.training.processor import multiplies_bfloat16


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("processor\t: 0\nflags\t\t: fpu sse amx_bf16 avx512_bf16\nbugs\t\t:\n", True),
        ("processor\t: 0\nflags\t\t: fpu sse avx512_bf16\nvmx flags\t: amx_bf16\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd bf16\n", False),
        ("", False),
    ],
)
def test_matrix_units_for_bfloat16_are_what_linux_says(tmp_path, text, answer):
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    assert multiplies_bfloat16(path) is answer


def test_where_the_system_says_nothing_there_are_none(tmp_path):
    assert not multiplies_bfloat16(tmp_path / "nothing")
