"""What the attackers send is what it is called, and what is measured is told."""

from collections import Counter
from itertools import islice

import pytest
from attack import Outcome, figures
from attacks import ATTACKS, photograph

from recognition.data.image_transform import ImageTransform, UnreadableImageError

TRANSFORM = ImageTransform(8, 8, 3, "crop", "#ffffff")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_every_attack_has_something_to_send(attack):
    if "megapixels" in attack.name or attack.name in ("32 of them", "one, and gone"):
        pytest.skip("takes seconds to make")
    pieces = list(islice(attack.pieces(), 3))
    assert len(pieces) == (0 if attack.name == "nobody" else 3)
    for piece in pieces[:1]:
        assert attack.name == "connections without a request" or piece.startswith((b"GET /", b"POST /predict "))


@pytest.mark.parametrize(
    ("name", "told"), [("a JPEG of 2,500 scans", "scans"), ("a BMP in 12 million runs' pixels", None)]
)
def test_images_ask_for_what_they_are_called(name, told):
    (attack,) = (each for each in ATTACKS if each.name == name)
    content = next(attack.pieces()).partition(b"\r\n\r\n")[2]
    if told:
        with pytest.raises(UnreadableImageError, match=told):
            TRANSFORM.decode(content)
    else:
        assert content.startswith(b"BM")


def test_honest_clients_send_a_photo():
    assert TRANSFORM.decode(photograph()).size == (480, 640)


def test_the_worst_attack_counts():
    calm = Outcome("calm", 0.01, 0.02, 100, Counter(), 10**8, 0, 0.01)
    worse = Outcome("worse", 0.01, 1.2, 80, Counter({503: 2, 0: 1}), 5 * 2**30, 1, 0.02)
    found = {figure.name: (figure.median, figure.reached) for figure in figures([calm, worse], 60)}
    assert found["under attack, 99 % of honest requests"] == (1_200, False)
    assert found["under attack, honest requests refused"] == (3, False)
    assert found["five seconds after an attack, median"] == (2, False)
    assert found["under attack, answers of /healthz that are no"] == (1, False)
    assert found["calm"] == (20, None)
    assert all(figure.reached for figure in figures([calm], 60) if figure.goal is not None)
