import importlib.util

import pytest
import training


def test_without_pytorch_one_sentence_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("sys.argv", ["training.py"])
    with pytest.raises(SystemExit) as ended:
        training.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "error: this benchmark needs PyTorch: pip install -e .[benchmark]\n"
