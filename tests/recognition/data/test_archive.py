import gzip
import tarfile

import pytest

from recognition.data import archive
from recognition.data.archive import file_digest, read_members
from recognition.errors import InputError

CONTENT = bytes(range(256)) * 40


def special(kind, link=""):
    member = tarfile.TarInfo()
    member.type, member.linkname = kind, link
    return member


def refused(path, *words, names=("a.bin",), **options):
    with pytest.raises(InputError) as caught:
        read_members(path, names, **options)
    message = str(caught.value)
    assert all(word in message for word in (str(path), *words)), message
    assert len(message.splitlines()) <= 8
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tar"])
def test_reads_wanted_members_from_any_folder(tmp_path, pack, name):
    path = pack(tmp_path / name, {"./deep/a.bin": CONTENT, "deep/b.bin": b"b", "deep/other": b"x"})
    assert read_members(path, ("a.bin", "b.bin")) == {"a.bin": CONTENT, "b.bin": b"b"}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["../a.bin", "deep/../../a.bin", "/etc/a.bin"])
def test_refuses_members_that_point_outside(tmp_path, pack, name):
    refused(pack(tmp_path / "x.tar.gz", {"a.bin": CONTENT, name: b"x"}), "points out of", name)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_refuses_links(tmp_path, pack, kind):
    refused(pack(tmp_path / "x.tar.gz", {"a.bin": CONTENT, "b": special(kind, "/etc/passwd")}), "link", "/etc/passwd")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_refuses_devices(tmp_path, pack, kind):
    refused(pack(tmp_path / "x.tar.gz", {"a.bin": CONTENT, "b": special(kind)}), "device")


def test_refuses_a_member_above_the_limit_wanted_or_not(tmp_path, pack):
    path = pack(tmp_path / "x.tar.gz", {"a.bin": b"a", "b.bin": bytes(1001)})
    refused(path, "expands beyond reason", "'b.bin' of 1,001 bytes", "at most 1,000", limit=1000)
    assert read_members(path, ("a.bin",), limit=1001) == {"a.bin": b"a"}


def test_refuses_an_archive_that_expands_beyond_its_limit(tmp_path, pack, monkeypatch):
    path = pack(tmp_path / "x.tar.gz", {"a.bin": bytes(60_000), "b.bin": bytes(60_000)})
    monkeypatch.setattr(archive, "ARCHIVE_LIMIT", 100_000)
    refused(path, "expands beyond reason", "at most 100,000")


def test_refuses_a_header_that_announces_more_than_memory_holds(tmp_path):
    header = special(tarfile.XHDTYPE)
    header.name, header.size = "pax", 2**40
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(10_240)))
    refused(path, "expands beyond reason")


def headers(kind, size, count):
    header = special(kind)
    header.name, header.size = "a", size
    block = header.tobuf(tarfile.GNU_FORMAT)
    return (block + b"9 path=a\n".ljust(size, b"\n")[:size].ljust(-size // 512 * -512, b"\0")) * count


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
@pytest.mark.parametrize(("size", "count"), [(9, 600), (2**20, 1), (2**14, 3)])
@pytest.mark.parametrize("place", ["first", "second"])
def test_refuses_headers_without_end(tmp_path, kind, size, count, place):
    file = special(tarfile.REGTYPE)
    file.name = "a.bin"
    member = file.tobuf(tarfile.GNU_FORMAT)
    path = tmp_path / "x.tar"
    path.write_bytes((member if place == "second" else b"") + headers(kind, size, count) + member + bytes(1024))
    refused(path, "headers beyond reason", "32,768 bytes before each member")


def test_refuses_a_map_of_holes_without_end(tmp_path):
    first = bytearray(headers(tarfile.GNUTYPE_SPARSE, 0, 1))
    first[482] = 1  # more of the map follows
    first[148:156] = b"%06o\0 " % tarfile.calc_chksums(first)[0]
    following = bytearray(512)
    following[504] = 1
    path = tmp_path / "x.tar"
    path.write_bytes(bytes(first) + bytes(following) * 1000)
    refused(path, "headers beyond reason")


def block(name="a.bin", kind=tarfile.REGTYPE, size=b"00000000010", hole=b""):
    """A member's header, with any bytes as its size and, where it is sparse, as its map of holes and its real size."""
    header = special(kind)
    header.name = name
    raw = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    raw[124 : 124 + len(size)] = size
    raw[386 : 386 + len(hole)] = hole
    raw[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(raw))[0]
    return bytes(raw)


EIGHT, END = b"01234567".ljust(512, b"\0"), bytes(1024)
WHOLE = block() + EIGHT


@pytest.mark.parametrize("wanted", [(), ("a.bin",)])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, b"S"])
@pytest.mark.parametrize("size", [b"\xff" * 12, b"\xff" * 10 + b"\xfe\0", b"-0000000777"])
@pytest.mark.parametrize("compressed", [False, True])
def test_refuses_negative_sizes(tmp_path, kind, size, compressed, wanted):
    content = WHOLE + block("b.bin", kind, size) + EIGHT + END
    path = tmp_path / "x.tar"
    path.write_bytes(gzip.compress(content) if compressed else content)
    with pytest.raises(InputError):
        read_members(path, wanted)


@pytest.mark.parametrize("real", [8, 2**30])
def test_refuses_holes_which_take_memory_without_a_byte_of_the_archive(tmp_path, real):
    octal = b"%011o\0"
    path = tmp_path / "x.tar"
    path.write_bytes(block(kind=b"S", size=octal % 0, hole=octal % 0 + octal % 0 + bytes(73) + octal % real) + END)
    refused(path, "holds a file with holes")


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        (b"", "cut short"),
        (block()[:100], "cut short"),
        (b"x" * 512 + END, "is damaged"),
        (block()[:500] + b"x" * 12, "is damaged"),
    ],
    ids=["between members", "within a header", "no header", "damaged header"],
)
def test_what_ends_without_an_end_is_not_whole(tmp_path, rest, problem):
    path = tmp_path / "x.tar"
    path.write_bytes(WHOLE + rest)
    refused(path, problem)
    path.write_bytes(WHOLE + END[:512])
    assert read_members(path, ("a.bin",)) == {"a.bin": b"01234567"}


def test_long_names_and_comments_are_read(tmp_path, pack):
    name = "deep/" * 300 + "a.bin"
    path = pack(tmp_path / "x.tar.gz", {name: CONTENT})
    assert read_members(path, ("a.bin",)) == {"a.bin": CONTENT}


def test_refuses_too_many_members(tmp_path, pack, monkeypatch):
    path = pack(tmp_path / "x.tar.gz", {"a.bin": b"a", "b": b"b", "c": b"c"})
    monkeypatch.setattr(archive, "COUNT_LIMIT", 2)
    refused(path, "too many members", "at most 2")


def test_missing_file(tmp_path):
    refused(tmp_path / "x.tar.gz", "missing", "no such file")


def test_folder(tmp_path):
    refused(tmp_path, "not a file")


def test_empty_file(tmp_path):
    (tmp_path / "x.tar.gz").touch()
    refused(tmp_path / "x.tar.gz", "is empty")


@pytest.mark.parametrize("pack_text", [bytes, gzip.compress])
@pytest.mark.parametrize("text", [b"<html>not found</html>", b"text\n" * 1000], ids=["page", "lines"])
def test_text_file(tmp_path, pack_text, text):
    (tmp_path / "x.tar.gz").write_bytes(pack_text(text))
    refused(tmp_path / "x.tar.gz", "is not a tar archive")


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tar"])
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_cut_short(tmp_path, pack, name, share):
    path = pack(tmp_path / name, {"a.bin": CONTENT * 10})
    path.write_bytes(path.read_bytes()[: int(share * len(CONTENT) * 10 if name == "x.tar" else share * 700)])
    refused(path, "is cut short")


def test_damaged_content_is_found_by_its_checksum(tmp_path):
    path = tmp_path / "x.tar.gz"
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("a.bin"))
    packed = bytearray(gzip.compress((tmp_path / "x.tar").read_bytes()))
    packed[-8] ^= 1  # the stored checksum
    path.write_bytes(packed)
    refused(path, "is damaged", "CRC")


def test_missing_member_names_what_is_there(tmp_path, pack):
    path = pack(tmp_path / "x.tar.gz", {"a.bin": b"a"})
    refused(path, "lacks b.bin, c.bin", "['a.bin']", names=("a.bin", "b.bin", "c.bin"))


def test_a_wanted_name_in_two_folders_is_ambiguous(tmp_path, pack):
    refused(pack(tmp_path / "x.tar.gz", {"x/a.bin": b"a", "y/a.bin": b"b"}), "ambiguous", "a.bin")


def test_file_digest(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_digest(tmp_path / "abc").startswith("ba7816bf8f01cfea")
    assert file_digest(tmp_path / "abc", "md5") == "900150983cd24fb0d6963f7d28e17f72"


def test_digest_of_what_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        file_digest(tmp_path)
