import hashlib

import numpy as np
import pytest

from recognition.configuration.sections.data import DataConfig
from recognition.data.cifar100 import CLASSES, RECORD, SUPERCLASSES, read_cifar100
from recognition.data.duplicates import count_duplicates
from recognition.data.location import locate_cifar100
from recognition.errors import InputError

FOLDER = "cifar-100-binary"


@pytest.fixture(scope="module")
def real(cifar100_path, tmp_path_factory):
    place = locate_cifar100(DataConfig(path=str(cifar100_path)), tmp_path_factory.mktemp("cache"))
    return read_cifar100(place)


@pytest.fixture
def contents(cifar100_contents):
    return cifar100_contents(train=2, test=1)


@pytest.fixture
def unpack(tmp_path):
    def write(contents):
        folder = tmp_path / FOLDER
        folder.mkdir()
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        return folder

    return write


def refused(path, *words):
    with pytest.raises(InputError) as caught:
        read_cifar100(path)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert len(message.splitlines()) <= 8


def edited(content, offset, value):
    changed = bytearray(content)
    changed[offset] = value
    return bytes(changed)


def test_real_shapes_and_types(real):
    for split, count in ((real.train, 50_000), (real.test, 10_000)):
        assert split.images.shape == (count, 32, 32, 3)
        assert split.images.dtype == np.uint8
        assert split.images.flags.c_contiguous
        assert split.labels.dtype == np.int32
        assert split.counts(100).tolist() == [count // 100] * 100
        assert split.hashes.shape == (count,)
    assert real.name == "cifar100"


def test_real_pixels_have_the_known_statistics(real):
    counts = np.zeros((3, 256))
    for block in np.array_split(real.train.images, 50):
        counts += [np.bincount(block[..., channel].ravel(), minlength=256) for channel in range(3)]
    values, shares = np.arange(256) / 255, counts / counts.sum(axis=1, keepdims=True)
    means = shares @ values
    deviations = np.sqrt(shares @ values**2 - means**2)
    np.testing.assert_allclose(means, [0.50708, 0.48655, 0.44092], atol=5e-6)
    np.testing.assert_allclose(deviations, [0.26733, 0.25644, 0.27615], atol=5e-6)


def test_real_first_images_and_names(real):
    assert [real.classes[label] for label in real.train.labels[:3]] == ["cattle", "dinosaur", "apple"]
    assert [real.classes[label] for label in real.test.labels[:3]] == ["mountain", "forest", "seal"]
    assert real.classes[0] == "apple"
    assert real.classes[99] == "worm"
    assert real.superclasses[0] == "aquatic_mammals"
    assert real.superclasses[19] == "vehicles_2"
    members = [name for name, above in zip(real.classes, real.superclass_of, strict=True) if above == 1]
    assert members == ["aquarium_fish", "flatfish", "ray", "shark", "trout"]


def test_real_duplicates_and_notes(real):
    counted = count_duplicates({"train": real.train.hashes, "test": real.test.hashes})
    assert counted.within == {"train": 14, "test": 2}
    assert counted.across == {"train/test": 10}
    assert real.notes == ()


def test_colours_and_rows_are_where_the_format_puts_them(unpack, contents):
    first = bytearray(contents["train.bin"][:RECORD])
    first[2 : 2 + 3072] = bytes(3072)
    first[2 + 1] = 10  # red, row 0, column 1
    first[2 + 1024 + 32] = 20  # green, row 1, column 0
    first[2 + 2048 + 1023] = 30  # blue, row 31, column 31
    published = read_cifar100(unpack({**contents, "train.bin": bytes(first) + contents["train.bin"][RECORD:]}))
    image = published.train.images[0]
    assert [image[0, 1, 0], image[1, 0, 1], image[31, 31, 2]] == [10, 20, 30]
    assert image.sum() == 60
    assert published.train.labels[0] == first[1]
    assert published.superclass_of.tolist() == [label // 5 for label in range(100)]


def test_every_image_is_decoded_also_past_a_block(unpack, cifar100_contents):
    contents = cifar100_contents(train=6, test=1)
    records = np.frombuffer(contents["train.bin"], np.uint8).reshape(-1, RECORD)
    expected = records[:, 2:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(read_cifar100(unpack(contents)).train.images, expected)


def test_archive_folder_and_parent_hold_the_same(tmp_path, unpack, pack, contents):
    folder = unpack(contents)
    archive = pack(tmp_path / "x.tar.gz", {f"{FOLDER}/{name}": content for name, content in contents.items()})
    read = [read_cifar100(place) for place in (archive, folder, tmp_path)]
    assert all((one.train.hashes == read[0].train.hashes).all() for one in read)
    assert read[0].digest == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert read[0].files == (archive,)
    assert read[1].digest == read[2].digest != read[0].digest
    assert {path.name for path in read[2].files} == set(contents)


def test_folder_digest_sees_each_file(unpack, contents):
    folder = unpack(contents)
    before = read_cifar100(folder).digest
    (folder / "test.bin").write_bytes(edited(contents["test.bin"], 5, contents["test.bin"][5] ^ 1))
    assert read_cifar100(folder).digest != before


def test_notes_say_which_file_is_not_official(unpack, contents):
    notes = read_cifar100(unpack(contents)).notes
    assert [note.split()[0] for note in notes] == ["train.bin", "test.bin"]
    assert hashlib.sha256(contents["test.bin"]).hexdigest() in notes[1]


@pytest.mark.parametrize("name", ["train.bin", "test.bin"])
def test_size_that_is_no_multiple_of_a_record(unpack, contents, name):
    refused(unpack({**contents, name: contents[name][:-1]}), name, "multiple of 3,074", "3,073 more")


def test_no_record_at_all(tmp_path, pack, contents):
    refused(pack(tmp_path / "x.tar.gz", {**contents, "test.bin": b""}), "test.bin", "multiple of 3,074")


def test_empty_file_in_a_folder(unpack, contents):
    refused(unpack({**contents, "test.bin": b""}), "test.bin is empty")


def test_fine_label_above_99(unpack, contents):
    changed = edited(contents["train.bin"], 7 * RECORD + 1, CLASSES)
    refused(unpack({**contents, "train.bin": changed}), "train.bin", "fine label", "100 in record 7", "0 to 99")


def test_coarse_label_above_19(unpack, contents):
    changed = edited(contents["test.bin"], 3 * RECORD, SUPERCLASSES)
    refused(unpack({**contents, "test.bin": changed}), "test.bin", "coarse label", "20 in record 3", "0 to 19")


@pytest.mark.parametrize("name", ["train.bin", "test.bin"])
def test_a_class_in_two_superclasses(unpack, contents, name):
    changed = edited(contents[name], 0, (contents[name][0] + 1) % SUPERCLASSES)
    label = contents[name][1]
    refused(unpack({**contents, name: changed}), f"{name} puts the class class_{label}", "more than one superclass")


def test_a_class_without_images_in_train(unpack, contents):
    records = np.frombuffer(contents["train.bin"], np.uint8).reshape(-1, RECORD)
    refused(unpack({**contents, "train.bin": records[records[:, 1] != 42].tobytes()}), "class_42", "every class")


@pytest.mark.parametrize("name", ["train.bin", "test.bin", "fine_label_names.txt", "coarse_label_names.txt"])
def test_missing_member_and_missing_file(tmp_path, unpack, pack, contents, name):
    del contents[name]
    refused(pack(tmp_path / "x.tar.gz", contents), f"lacks {name}")
    refused(unpack(contents), f"{name} is missing")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (b"one\ntwo\n", ("2 lines", "100 names")),
        (b"".join(b"%d\n" % (label // 2) for label in range(100)), ("more than once", "100 different names")),
        (b"".join(b"%d\n" % label for label in range(50)) + b"\n" * 50 + b"last\n", ("50 of them empty",)),
        (b"\xff\xfe" * 50, ("not a text file",)),
        (b"", ("is empty",)),
    ],
    ids=["few", "repeated", "blank", "binary", "empty"],
)
def test_bad_names(unpack, contents, names, words):
    refused(unpack({**contents, "fine_label_names.txt": names}), "fine_label_names.txt", *words)


def test_control_characters_in_names_never_reach_a_terminal(unpack, contents):
    contents["coarse_label_names.txt"] = b"\x1b[2J" + contents["coarse_label_names.txt"]
    assert read_cifar100(unpack(contents)).superclasses[0] == r"\x1b[2Jsuperclass_0"


def test_blank_lines_at_the_end_of_names_do_no_harm(unpack, contents):
    contents["coarse_label_names.txt"] += b"\n\n"
    assert len(read_cifar100(unpack(contents)).superclasses) == 20
