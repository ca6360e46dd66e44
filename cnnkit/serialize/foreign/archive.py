"""A zip file of arrays from anywhere: its directory is checked before a byte is unpacked, and no byte too many is.

Nothing is ever extracted to disk: members are looked up by name and read into memory, up to what was claimed for them.
"""

import io
import struct
import zipfile
from typing import final

from cnnkit.serialize.foreign.refused import Refused, printable

# Unpacked, weights are about as long as packed: random digits do not shrink. Our largest network has 575 MB.
_MOST = 4 * 2**30
_FREE = 100 * 2**20
_TIMES = 20
_LARGEST_DIRECTORY = 4 * 2**20
_MOST_MEMBERS = 20_000
_ENCRYPTED = 0x1 | 0x40
_KNOWN_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def most_unpacked(size: int) -> int:
    """How many bytes a file of this size may become in memory."""
    return min(_MOST, _FREE + _TIMES * size)


@final
class Archive:
    """The members of a zip file by name.

    Raises:
        Refused: members are encrypted, doubled, named as paths out of a folder, packed in a rare way, or too many.
    """

    def __init__(self, data: bytes) -> None:
        _check_directory(data)
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self._left = most_unpacked(len(data))
        self._members: dict[str, zipfile.ZipInfo] = {}
        if len(self._zip.filelist) > _MOST_MEMBERS:
            raise Refused(f"has {len(self._zip.filelist):,} members, expected at most {_MOST_MEMBERS:,}.")
        for member in self._zip.infolist():
            _check_member(member)
            if member.filename in self._members:
                raise Refused(f"has two members named {printable(member.filename)}.")
            self._members[member.filename] = member

    @property
    def names(self) -> list[str]:
        """Every member."""
        return list(self._members)

    def size(self, name: str) -> int:
        """What the directory claims for a member, unpacked."""
        return self._member(name).file_size

    def read(self, name: str, most: int) -> bytes:
        """A member's bytes, of which there may be `most`; its checksum is checked."""
        member = self._member(name)
        if member.file_size > most:
            raise Refused(
                f"claims {member.file_size:,} bytes for its member {printable(name)}, expected at most {most:,}."
            )
        self._left -= member.file_size
        if self._left < 0:
            raise Refused("unpacks to far more than it is long: it looks like a zip bomb.")
        with self._zip.open(member) as file:
            # The directory may lie: ask for one byte more than it claims, and never for the rest.
            content = file.read(member.file_size + 1)
        if len(content) != member.file_size:
            raise Refused(f"has {len(content):,} bytes or more in {printable(name)}, but claims {member.file_size:,}.")
        return content

    def head(self, name: str, length: int) -> bytes:
        """The first bytes of a member."""
        with self._zip.open(self._member(name)) as file:
            return file.read(length)

    def _member(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise Refused(f"lacks its member {printable(name)}: it is incomplete.")
        return self._members[name]


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\\" in name or "\0" in member.orig_filename:
        raise Refused(f"has a member named {printable(name)}, a path out of its folder.")
    if member.flag_bits & _ENCRYPTED:
        raise Refused("is encrypted. Unlock it first.")
    if member.compress_type not in _KNOWN_PACKING:
        raise Refused(f"packs {printable(name)} in a way that weight files do not use.")


def _check_directory(data: bytes) -> None:
    """Refuse a directory of millions of entries, each of which would cost memory, before it is read."""
    place = data.rfind(b"PK\x05\x06", max(len(data) - 65_557, 0))
    if place < 0 or place + 22 > len(data):
        raise Refused("is truncated: the directory at its end is missing. Download it again.")
    disk, start_disk = struct.unpack_from("<HH", data, place + 4)
    if (disk, start_disk) not in ((0, 0), (0xFFFF, 0xFFFF)):
        raise Refused("is one part of a split archive. Join the parts first.")
    (length,) = struct.unpack_from("<I", data, place + 12)
    record = place - 20 - 56  # of a zip64 archive, before its locator
    if record >= 0 and data[place - 20 : place - 16] == b"PK\x06\x07" and data[record : record + 4] == b"PK\x06\x06":
        (length,) = struct.unpack_from("<Q", data, record + 40)
    if length > min(_LARGEST_DIRECTORY, len(data)):
        raise Refused(f"has a directory of {length:,} bytes, far more than a weight file needs.")
