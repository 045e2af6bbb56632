"""Pictures drawn for the demo pages, and documents of one sheet."""

import io
from random import Random

from PIL import Image, ImageDraw

from portal.core.files import Stored, store_document, store_photo

SIZE = (1200, 675)
SKIES = {"river": ("#cfe4f2", "#4f7f9e"), "square": ("#f3dfc4", "#8f5a3c"), "park": ("#d7ead0", "#3f6f3b")}


def picture(name: str) -> Stored:
    """A simple view: a sky, a row of houses, and water, stones or grass before it."""
    rng = Random(name)  # noqa: S311 - always the same picture
    sky, ground = SKIES[name]
    image = Image.new("RGB", SIZE, sky)
    draw = ImageDraw.Draw(image)
    left = -40
    while left < SIZE[0]:
        width, height = rng.randrange(90, 170), rng.randrange(180, 330)
        top = 470 - height
        wall = rng.choice(("#b5563c", "#d9a441", "#7d8f69", "#5b6f86", "#c98b6b"))
        draw.polygon([(left, top), (left + width / 2, top - 60), (left + width, top)], fill="#5a3b30")
        draw.rectangle((left, top, left + width, 470), fill=wall)
        for floor in range(top + 25, 440, 60):
            for window in range(left + 18, left + width - 24, 38):
                draw.rectangle((window, floor, window + 18, floor + 28), fill="#fdf6e3")
        left += width + rng.randrange(0, 14)
    draw.rectangle((0, 470, *SIZE), fill=ground)
    for _stroke in range(40):
        x, y = rng.randrange(SIZE[0]), rng.randrange(490, SIZE[1])
        draw.line((x, y, x + rng.randrange(30, 120), y), fill=sky, width=3)
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return store_photo(kept.getvalue(), f"{name}.png")


def document(name: str) -> Stored:
    """A PDF of one page with its name on it."""
    text = f"BT /F1 24 Tf 72 720 Td ({name}) Tj ET".encode("ascii", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (pl) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s >>"
        % b"/Resources << /Font << /F1 5 0 R >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return store_document(out, f"{name}.pdf")
