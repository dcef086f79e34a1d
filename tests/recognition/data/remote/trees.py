"""Small trees of files for tests."""

FILES = {"cat/a.png": b"a" * 10, "cat/b.png": b"b" * 20, "dog/deep/c d.png": b"c" * 30}


def write(folder, files=FILES):
    """Write files by name."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def contents(tree):
    """The contents of all files by name."""
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
