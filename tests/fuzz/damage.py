"""Damage to bytes as disks, networks and malice do it: drawn without the bytes, so that it fits any."""

from functools import reduce

from hypothesis import strategies as st

HEAD = 64  # bytes at the beginning, where headers are
EXTREMES = [
    bytes(4),
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x80" + bytes(3),
    b"\0\0\xea\x60",
    b"\x60\xea\0\0",
]

places = st.tuples(st.booleans(), st.integers(0, HEAD) | st.integers(0, 2**20))
lengths = st.integers(1, 64)


def at(place, content):
    """A place in the content: counted from the beginning, or as a share of it in millionths."""
    from_start, number = place
    return min(number, len(content)) if from_start else number * len(content) // 2**20


def flip(content, place, value):
    where = at(place, content)
    return content[:where] + bytes(byte ^ value for byte in content[where : where + 1]) + content[where + 1 :]


def cut(content, place):
    return content[: at(place, content)]


def remove(content, place, length):
    return content[: at(place, content)] + content[at(place, content) + length :]


def repeat(content, place, length, times):
    where = at(place, content)
    return content[:where] + content[where : where + length] * times + content[where:]


def replace(content, place, value):
    return content[: at(place, content)] + value + content[at(place, content) + len(value) :]


def splice(content, place, other):
    """The end is that of another place."""
    return content[: at(place, content)] + content[at(other, content) :]


CHANGES = {change.__name__: change for change in (flip, cut, remove, repeat, replace, splice)}
changes = st.one_of(
    st.tuples(st.just("flip"), places, st.integers(1, 255)),
    st.tuples(st.just("cut"), places),
    st.tuples(st.just("remove"), places, lengths),
    st.tuples(st.just("repeat"), places, lengths, st.integers(1, 20)),
    st.tuples(st.just("replace"), places, st.sampled_from(EXTREMES) | st.binary(max_size=16)),
    st.tuples(st.just("splice"), places, places),
)
damages = st.lists(changes, max_size=4)


def damage(content, drawn):
    """What is left of the content after the changes that `damages` has drawn."""
    return reduce(lambda left, change: CHANGES[change[0]](left, *change[1:]), drawn, content)


def damaged(contents):
    """One of the contents, or what is left of it after a few changes."""
    return st.builds(damage, contents, damages)
