"""Folders, tables, parquet files and archives of every kind of damage: refused in few plain lines, or accepted."""

import gzip
import io
import json
import os
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.command import write
from tests.fuzz.damage import damage, damaged, damages
from tests.recognition.data.files import encoded

IMAGES = [encoded(seed) for seed in range(80)]
LABELS = ["cat", "dog"] * 40
OWN = (
    "--config=folder.yaml",
    "--set=train.batch_size=1",
    "--set=augmentation.random_crop=1",
    "--set=data.image_size=8",
)
CIFAR = "cifar-100-binary"
SMALL = ("--set=train.batch_size=1", "--set=data.validation=0.3")  # settings for three images a class
NAMES = [
    "\n",
    "\x1b[2J",
    "a\tb",
    "\u2028",
    "caf\u00e9",
    "cafe\u0301",
    "\u202egnp",
    "x" * 200,
    " ",
    "'",
    '"',
    "$(x)",
    "-rf",
    "s3:",
]
NAMES += [
    "train",
    "Test",
    "val",
    "Cat",
    "cat",
    ".hidden",
    "__MACOSX",
    "Thumbs.db",
    "metadata.csv",
    "a.png.png",
    "con",
    "\U0001f642",
]
encodable = st.characters(exclude_characters="/\0", exclude_categories=["Cs"])
words = st.sampled_from(NAMES) | st.text(encodable, min_size=1, max_size=60)
raw_names = (words.map(os.fsencode) | st.binary(min_size=1, max_size=255)).map(
    lambda name: name.replace(b"/", b"_").replace(b"\0", b"_")[:251]
)
file_names = raw_names.filter(lambda name: name not in (b".", b".."))
pictures = st.sampled_from(IMAGES) | damaged(st.sampled_from(IMAGES)) | st.binary(max_size=40)
unreadable = st.sampled_from([f"--set=data.max_unreadable={share}" for share in ("0", "0.01", "0.9")])
data_settings = st.lists(
    st.sampled_from(
        [
            *(f"--set=data.duplicates={policy}" for policy in ("error", "drop", "keep")),
            *(f"--set=data.resize={how}" for how in ("crop", "pad", "stretch")),
            *(f"--set=data.group={pattern}" for pattern in ("^.", "cat", r"(\d)\d*", "()", "x*", "[")),
            *("--set=data.channels=1", "--set=data.max_decoded=0", "--set=data.train_limit=3", "--set=data.seed=7"),
            *("--set=data.test=0.9", "--set=data.validation=0.01", "--set=train.sampling=balanced"),
            *("--set=train.class_weights={cat: 2}", "--set=train.class_weights={'1': 2, 'x\\n': 3}"),
        ]
    ),
    max_size=2,
    unique=True,
)
columns = st.lists(
    st.sampled_from(["data.image_column", "data.label_column"]).flatmap(
        lambda key: st.sampled_from(
            ["0", "1", "2", "99", "9" * 30, "path", "label", "image", '"\\ud800"', '" "', '"\\n"']
        ).map(lambda value: f"--set={key}={value}")
    ),
    max_size=1,
)


@pytest.fixture(scope="module")
def photos(watched):
    """A function: make classes of images in the work folder."""

    def make(*names):
        for number, content in enumerate(IMAGES):
            write(f"photos/{names[number % len(names)]}/{number}.png", content)

    return make


# Folders --------------------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.lists(file_names, min_size=1, max_size=3), st.sampled_from([b"", b".png", b".JPG"]), pictures),
        max_size=6,
    ),
    data_settings,
    unreadable,
)
def test_folders_of_odd_names(watched, photos, files, settings, most):
    with watched.folder():
        photos("cat", "dog")
        for parts, suffix, content in files:
            write_raw(b"/".join([b"photos", *parts]) + suffix, content)
        watched.check(*OWN, "--set=data.path=photos", *settings, most)


@given(st.lists(words.filter(lambda name: name not in (".", "..")), min_size=2, max_size=5, unique=True), data_settings)
def test_classes_of_odd_names(watched, photos, names, settings):
    with watched.folder():
        try:
            photos(*(name.strip("/")[:60] for name in names))
        except OSError:
            return  # a file and a folder of one name
        watched.check(*OWN, "--set=data.path=photos", *settings)


@given(
    st.sampled_from(["regular", "fifo", "loop", "broken", "zero"]),
    st.sampled_from(["photos/cat/x.png", "photos/x", "photos"]),
    st.sampled_from(["folder", "csv", "parquet", "cifar100"]),
)
def test_things_that_are_no_files(watched, photos, kind, path, source):
    with watched.folder():
        photos("cat", "dog")
        if path == "photos":
            os.rename("photos", "others")
        make = {
            "regular": lambda: write(path, "x"),
            "fifo": lambda: os.mkfifo(path),
            "loop": lambda: os.symlink(os.path.basename(path), path),
            "broken": lambda: os.symlink("nowhere", path),
            "zero": lambda: os.symlink("/dev/zero", path),
        }
        make[kind]()
        for target in ("photos", path):
            config = "smoke" if source == "cifar100" else "folder"
            watched.check(f"--config={config}", f"--set=data.source={source}", f"--set=data.path={target}")


def write_raw(name, content):
    """Write a file of a name in bytes; two names that exclude each other leave the first."""
    try:
        os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "wb") as file:
            file.write(content)
    except OSError:
        pass


PATHS = [
    "x" * 300,
    "x/" * 800,
    "x/" * 4_000,
    "~",
    "~/x",
    "~nobody-here/x",
    "\ud800",
    "\x1b[2J",
    "photos/../photos",
    "photos/",
    ".",
    "/dev/null",
]
PATHS += [
    "photos/cat",
    "photos/cat/0.png",
    "photos/cat/0.png/x",
    "/dev/zero",
    "/dev/stdin",
    "/proc/self/mem",
    "/proc/self/fd/0",
    " photos",
]


@given(
    st.sampled_from(PATHS) | st.text(encodable, min_size=1, max_size=300).map("photos/{}".format),
    st.sampled_from(["folder", "csv", "parquet", "cifar100"]),
)
def test_paths_of_every_kind(watched, photos, path, source):
    with watched.folder():
        photos("cat", "dog")
        config = "smoke" if source == "cifar100" else "folder"
        watched.check(f"--config={config}", f"--set=data.source={source}", f"--set=data.path={json.dumps(path)}")


ADDRESSES = [
    "file://{}",
    "file:{}",
    "local://{}",
    "memory://x",
    "memory://",
    "file://",
    "zip://",
    "zip://*::{}",
    "tar://x::file://{}",
]
ADDRESSES += [
    "dir://x::file://{}",
    "data://x",
    "://x",
    "x://{}",
]
ADDRESSES += [
    "reference://{}",
    "s3://",
    "s3:///x",
    "http://",
    "https:///x",
    "zip://::file://{}",
    "file://\ud800",
    "file:///x\x1b[2J",
    "zip://\n::file://{}",
    "simplecache::file://{}",
    "filecache::zip://x::file://{}",
]


@given(
    st.sampled_from(ADDRESSES),
    st.sampled_from(["", "/cat", "/cat/0.png", "/nowhere"]),
    st.sampled_from(["folder", "csv", "parquet"]),
)
def test_addresses_of_every_kind(watched, photos, address, below, source):
    with watched.folder() as work:
        photos("cat", "dog")
        path = json.dumps(address.format(f"{work}/photos{below}"))
        watched.check(*OWN, f"--set=data.source={source}", f"--set=data.path={path}", keeps=True)


# Tables ---------------------------------------------------------------------------------------------------------------

ROWS = [f"{number}.png,{label},{number % 3},1.5" for number, label in enumerate(LABELS)]
TABLES = [
    "\n".join(["path,label,group,weight", *ROWS]).encode(),
    "\n".join(["path,label", *(",".join(row.split(",")[:2]) for row in ROWS)]).encode(),
    "\n".join(["file_name;label", *(row.replace(",", ";") for row in ROWS)]).encode(),
    "\r\n".join(
        ["path,label,split", *(f"{n}.png,{label},{('train', 'test', 'val')[n % 3]}" for n, label in enumerate(LABELS))]
    ).encode(),
]
cells = st.sampled_from(
    [
        *(
            "0.png",
            "../0.png",
            "/etc/passwd",
            "/dev/zero",
            "fifo",
            "./0.png",
            "a/../0.png",
            "..",
            ".",
            "",
            "~",
            "0.png\0",
            "x" * 300,
        ),
        *(
            "cat",
            "dog",
            "train",
            "tset",
            "1e999",
            "nan",
            "-0",
            "0",
            "1_0",
            "\u0661",
            "NULL",
            "=1+1",
            "\x1b[2J",
            "\r",
            '"',
            "\u2028",
        ),
        *("x" * 140_000, "a/" * 2_000 + "0.png", '"a\nb"', '"a""b"', "' '", "\ufeff", "\x85"),
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
tables = st.one_of(
    damaged(st.sampled_from(TABLES)),
    st.binary(max_size=200),
    st.tuples(st.sampled_from(TABLES), st.lists(st.lists(cells, min_size=1, max_size=5), max_size=4)).map(
        lambda drawn: drawn[0] + b"\n" + "\n".join(",".join(row) for row in drawn[1]).encode()
    ),
    st.tuples(st.lists(cells, min_size=2, max_size=4), st.sampled_from(TABLES)).map(
        lambda drawn: ",".join(drawn[0]).encode() + b"\n" + drawn[1].partition(b"\n")[2]
    ),
)


@given(tables, columns, data_settings)
def test_tables(watched, table, column, settings):
    with watched.folder():
        for number, content in enumerate(IMAGES):
            write(f"photos/{number}.png", content)
        os.mkfifo("photos/fifo")
        write("photos/table.csv", table)
        where = ["--set=data.source=csv", "--set=data.path=photos/table.csv"]
        watched.check(*OWN, *where, *column, *settings)


# Parquet files --------------------------------------------------------------------------------------------------------


def parquet(metadata=None, **columns):
    """A parquet file of small pages, so that damage finds all of its parts."""
    buffer = io.BytesIO()
    table = pa.table({"image": IMAGES, "label": LABELS, **columns})
    pq.write_table(table.replace_schema_metadata(metadata), buffer, row_group_size=40, data_page_size=256)
    return buffer.getvalue()


STRUCTS = [{"bytes": content, "path": f"{number}\n.png"} for number, content in enumerate(IMAGES)]
NUMBERS = [int(label == "dog") for label in LABELS]
FEATURES = {"info": {"features": {"label": {"names": ["a\x1b[2J", "b\n"], "_type": "ClassLabel"}}}}
PARQUETS = [
    parquet(),
    parquet(image=STRUCTS, label=NUMBERS, metadata={"huggingface": json.dumps(FEATURES)}),
    parquet(label=pa.array(LABELS).dictionary_encode(), weight=[float(n) for n in range(80)], group=["a", None] * 40),
    parquet(split=["train", "test", "validation", "train"] * 20, weight=[None, 1] * 40),
    parquet(image=pa.array([*IMAGES[:79], None], pa.large_binary()), label=pa.array(NUMBERS, pa.int8())),
    parquet(label=[10**18, -1] * 40, group=[[1]] * 80),
    parquet(label=["\x1b[2J\n", "\u2028"] * 40, split=["\n"] * 80),
    parquet(weight=["\n"] * 80, image=[{"bytes": content, "path": None} for content in IMAGES]),
]


@given(damaged(st.sampled_from(PARQUETS)) | st.binary(max_size=100), columns, data_settings)
def test_parquet_files(watched, content, column, settings):
    with watched.folder():
        write("photos/images.parquet", content)  # which stays, should it end the process
        where = ["--set=data.source=parquet", "--set=data.path=photos"]
        watched.check(*OWN, *where, *column, *settings)


# CIFAR-100 ------------------------------------------------------------------------------------------------------------


KINDS = ["plain", "compressed"]
FILES = ["coarse_label_names.txt", "fine_label_names.txt", "test.bin", "train.bin"]


class Valid(dict):
    """Contents by name, too large to be printed with an example."""

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(self)})"


@pytest.fixture(scope="module")
def members(cifar100_contents):
    """The files of a small valid CIFAR-100 by name, as few bytes as its classes allow."""
    contents = cifar100_contents(3, 1)
    return Valid({f"{CIFAR}/{name}": contents[name] for name in FILES})


@pytest.fixture(scope="module")
def archives(members):
    """The same as an archive."""
    plain = tar([(name, content, {}) for name, content in members.items()])
    return Valid(plain=plain, compressed=gzip.compress(plain, 1, mtime=0))


def tar(entries):
    """A tar archive of names, contents and attributes of their headers."""
    buffer = io.BytesIO()
    for name, content, attributes in entries:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        for attribute, value in attributes.items():
            setattr(member, attribute, value)  # the header may lie about the content
        buffer.write(member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))
        buffer.write(content + bytes(-len(content) % 512))
    return buffer.getvalue() + bytes(1024)


def check_archive(watched, content, name="given.tar.gz"):
    path = write(name, content)
    watched.check("--config=smoke.yaml", f"--set=data.path={path}", *SMALL)


@given(st.sampled_from(KINDS), damages)
def test_damaged_archives(watched, archives, kind, drawn):
    with watched.folder():
        check_archive(watched, damage(archives[kind], drawn))


@given(damages)
def test_compressed_after_the_damage(watched, archives, drawn):
    with watched.folder():
        check_archive(watched, gzip.compress(damage(archives["plain"], drawn), 1))


URLS = ["file://{}", "file:{}", "file://localhost{}", "file://host{}", "file://{}%00", "file://{}%ff", "file:///"]


@given(st.sampled_from(URLS), st.sampled_from(KINDS), damages)
def test_downloads_of_damaged_archives(watched, archives, url, kind, drawn):
    with watched.folder() as work:
        address = url.format(work / write("given.tar.gz", damage(archives[kind], drawn)))
        settings = (f"--set=data.url={address}", "--set=data.path=null", *SMALL)
        watched.check("--config=smoke.yaml", *settings, keeps=True)


kinds = st.sampled_from(
    [
        tarfile.REGTYPE,
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.FIFOTYPE,
        tarfile.DIRTYPE,
        b"x",
        b"g",
        b"L",
        b"K",
        b"S",
        b"7",
    ]
)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "size": st.sampled_from([0, 1, 511, 513, 2**30 + 1, 2**33, 2**62, -1]),
        "type": kinds,
        "linkname": st.sampled_from(["/etc/passwd", "..", "", "\n"]),
        "mode": st.sampled_from([0, 0o7777]),
        "mtime": st.sampled_from([0, 2**40, -1]),
    },
)
member_names = st.sampled_from(
    [
        "../x",
        "/x",
        "a/../../x",
        CIFAR,
        f"{CIFAR}/train.bin",
        "train.bin",
        "\x1b[2J\n",
        "",
        ".",
        "./",
        "x" * 120,
        "\udcff",
    ]
)
extra = st.tuples(member_names, st.binary(max_size=40) | st.just(b"30 path=../../x\n" * 3), attributes)


@given(st.lists(extra, min_size=1, max_size=3), st.booleans())
def test_members_of_every_kind(watched, members, given_members, first):
    valid = [(name, content, {}) for name, content in members.items()]
    entries = given_members + valid if first else valid + given_members
    with watched.folder():
        check_archive(watched, tar(entries), "given.tar")


TEXTS = [b"", b"\n" * 100, b"a\n" * 100, b"\xff", "\u2028".join(map(str, range(100))).encode(), b"\x1b[2J\n" * 20]
TEXTS += [b"".join(b"\x1b[%dJ\n" % number for number in range(count)) for count in (20, 100)]


@given(st.sampled_from(FILES), damages | st.sampled_from(TEXTS))
def test_damaged_files_of_cifar100(watched, members, file, drawn):
    name = f"{CIFAR}/{file}"
    changed = drawn if isinstance(drawn, bytes) else damage(members[name], drawn)
    with watched.folder():
        for each, content in {**members, name: changed}.items():
            write(each, content)
        watched.check("--config=smoke.yaml", f"--set=data.path={CIFAR}", *SMALL)


@pytest.mark.parametrize("inside", [b"", b"not a tar", "an archive"])
def test_an_archive_that_unfolds_without_end(watched, archives, inside):
    content = archives["plain"] if inside == "an archive" else inside
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1) as file:
        file.write(content)
        for _ in range(300):
            file.write(bytes(10**6))
    with watched.folder():
        check_archive(watched, buffer.getvalue())
