"""What a PNG consists of."""

from io import BytesIO

from PIL import Image

from cnnkit.data.picture.png_chunks import chunks


def test_chunks_are_told_up_to_the_end_or_to_what_is_none():
    file = BytesIO()
    Image.new("RGB", (5, 4)).save(file, "PNG")
    data = file.getvalue()
    found = list(chunks(BytesIO(data + b"more")))
    assert [kind for kind, _, _ in found] == [b"IHDR", b"IDAT", b"IEND"]
    assert found[0][1:] == (16, 13) and found[-1][1] + 4 == len(data)
    assert [kind for kind, _, _ in chunks(BytesIO(data[:-12]))] == [b"IHDR", b"IDAT"]
    assert list(chunks(BytesIO(b""))) == []
