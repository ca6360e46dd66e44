"""Zip archives from anywhere: paths, doubles, locks and lies of the directory are refused before memory is taken."""

import io
import struct
import warnings
import zipfile

import pytest

from cnnkit.serialize.foreign.archive import Archive, most_unpacked
from cnnkit.serialize.foreign.refused import Refused


def archive(*members: tuple[str, bytes], packed: bool = False) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else 0) as opened:
        warnings.simplefilter("ignore")  # of doubled names
        for name, content in members:
            opened.writestr(name, content)
    return file.getvalue()


def patched(data: bytes, signature: bytes, offset: int, new: bytes) -> bytes:
    """The bytes with some changed, at a distance from a record's signature."""
    place = data.rindex(signature) + offset
    return data[:place] + new + data[place + len(new) :]


def test_members_are_read_by_name():
    opened = Archive(archive(("a/b", b"12345"), ("c", b"")))
    assert opened.names == ["a/b", "c"]
    assert opened.read("a/b", 5) == b"12345" and opened.read("c", 0) == b""
    assert opened.head("a/b", 2) == b"12"
    with pytest.raises(Refused, match="lacks its member d"):
        opened.read("d", 5)


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "\\x", "a\\..\\x", "C:/x", "c:x"])
def test_names_that_lead_out_of_the_folder_are_refused(name):
    with pytest.raises(Refused, match="a path out of its folder"):
        Archive(archive((name, b"")))


def test_a_name_with_a_zero_byte_is_refused():
    data = archive(("a#.pkl", b"1")).replace(b"a#.pkl", b"a\0.pkl")
    with pytest.raises(Refused, match="a path out of its folder"):
        Archive(data)


def test_doubled_members_are_refused():
    with pytest.raises(Refused, match="has two members named a"):
        Archive(archive(("a", b"1"), ("a", b"2")))


def test_an_encrypted_member_is_refused():
    with pytest.raises(Refused, match="is encrypted"):
        Archive(patched(archive(("a", b"1")), b"PK\x01\x02", 8, b"\x01\x00"))


def test_rare_packings_are_refused():
    with pytest.raises(Refused, match="packs a in a way that weight files do not use"):
        Archive(patched(archive(("a", b"1")), b"PK\x01\x02", 10, struct.pack("<H", zipfile.ZIP_LZMA)))


def test_a_part_of_a_split_archive_is_refused():
    with pytest.raises(Refused, match="one part of a split archive"):
        Archive(patched(archive(("a", b"1")), b"PK\x05\x06", 4, b"\x02\x00"))


def test_a_huge_directory_is_refused_before_it_is_read():
    data = archive(("a", b"1"))
    with pytest.raises(Refused, match="has a directory of 1,073,741,824 bytes"):
        Archive(patched(data, b"PK\x05\x06", 12, struct.pack("<I", 2**30)))
    end = data.rindex(b"PK\x05\x06")
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, 2**40, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
    with pytest.raises(Refused, match="has a directory of 1,099,511,627,776 bytes"):
        Archive(data[:end] + record + locator + data[end:])


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"PK\x05\x06", archive(("a", b"1"))[:-1]],
    ids=["empty", "begun", "directory", "cut"],
)
def test_a_cut_archive_is_refused(data):
    with pytest.raises(Refused, match="is truncated"):
        Archive(data)


def test_a_member_longer_than_wanted_is_not_unpacked():
    opened = Archive(archive(("a", bytes(10**6)), packed=True))
    with pytest.raises(Refused, match="claims 1,000,000 bytes for its member a, expected at most 999,999"):
        opened.read("a", 999_999)


def test_a_directory_that_claims_too_little_is_found_out():
    data = archive(("a", bytes(10**6)), packed=True)
    opened = Archive(patched(data, b"PK\x01\x02", 24, struct.pack("<I", 1000)))
    with pytest.raises((Refused, zipfile.BadZipFile)):
        opened.read("a", 10**6)


def test_a_directory_that_claims_too_much_is_found_out():
    data = patched(archive(("a", b"123")), b"PK\x01\x02", 24, struct.pack("<I", 1000))
    with pytest.raises((Refused, zipfile.BadZipFile, EOFError)):
        Archive(data).read("a", 10**6)


def test_a_flipped_byte_of_a_member_is_caught():
    data = archive(("a", b"12345")).replace(b"12345", b"12845")
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        Archive(data).read("a", 5)


def test_all_members_together_have_a_limit():
    data = archive(*((f"{i}", bytes(2**22)) for i in range(40)), packed=True)
    opened = Archive(data)
    assert most_unpacked(len(data)) < 40 * 2**22
    with pytest.raises(Refused, match="zip bomb"):
        [opened.read(name, 2**22) for name in opened.names]


def test_weights_that_are_not_packed_are_never_a_bomb():
    assert most_unpacked(600 * 10**6) >= 600 * 10**6
    assert most_unpacked(10**12) == 4 * 2**30
