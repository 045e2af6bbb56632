"""Bad input of every kind, by the threat model of the portal, and how a mark that ran would be seen.

A *mark* is a piece of text that would show in the answer as an element, an attribute, an address or a formula of
ours, if anything failed to escape it: whoever reads the page with a parser sees it, as a browser would.
"""

import csv
import io
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

TAG = "mkx"
"""The element, and the beginning of every attribute, that only a mark could have brought into a page."""
FORMULA = "mkf"
PRODUCT = "36481"
"""191 × 191: stands in an answer only if a template of ours was fed with text."""
MARKS = (
    f"<{TAG} id=1>",
    f'"><{TAG} x="',
    f"'><{TAG} x='",
    f'" {TAG}on="1',
    f"' {TAG}on='1",
    f"</textarea></title></script><{TAG}>",
    f"<img src=x onerror={TAG}()>",
    f"<svg/onload={TAG}()>",
    f"[{TAG}](javascript:{TAG}())",
    f'![x](x"onerror="{TAG}())',
    f"javascript:{TAG}()",
    f"<a href=' javascript:{TAG}()'>x</a>",
    "{{191*191}}",
    "${191*191} #{191*191} <%= 191*191 %>",
    "{{ config }}{{ self.__init__.__globals__ }}%(x)s {0.__class__}",
    f'=HYPERLINK("http://x.example/{FORMULA}")',
    f"@SUM(1+1)*cmd|' /C {FORMULA}'!A0",
    f"+{FORMULA}",
    f"-1+{FORMULA}",
    f"\t={FORMULA}",
    f" ={FORMULA}",
    f"＝{FORMULA}",
)
HOSTILE = (
    "", " ", "\0", "a\0b", "\x1b[31m", "\x7f\x80", "\u202eevil", "\u2066x\u2069", "\ufeff", "\ufffe", "\uffff",
    "\u0000" * 50, "a\r\nBcc: x@y.example\r\n\r\nhello", "x\r\nSet-Cookie: mk=1", "%0d%0aX-Mkx: 1",
    "' OR '1'='1", "1; DROP TABLE initiative; --", "') UNION SELECT email_sealed FROM user --", "\\", "%", "_", "%%%s%n",
    "*", '"', '""', "NEAR(a b)", "a AND OR NOT", "-a", "^", "title:x", "(((((", "{", "}",
    "../../../../etc/passwd", "..\\..\\windows\\win.ini", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/etc/passwd", "file:///etc/passwd",
    "//evil.example/x", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "http://169.254.169.254/latest",
    "-1", "0", "1e309", "NaN", "Infinity", "-0", "0x10", "²", "٣", "१२", "1_000", "1,5", "9" * 19, "9" * 400, "-" + "9" * 30,
    "null", "None", "undefined", "true", "[]", "{}", "[object Object]",
    "2026-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "2026-03-29T02:30", "25:61", "-0001-01-01", "1.1.1", "29.2.2027",
    "a@b", "a@b@c", "@", "x@localhost", '"a b"@x.example', "a@xn--.example", "a@" + "b" * 300 + ".example", "ż@ż.example",
    "+48", "+4860123456789012345", "+1900555", "112", "+48 601 234 567\r\n", "٠١٢٣٤٥٦٧٨",
    "e\u0301" * 200, "\u0301" * 500, "ﷺ" * 300, "👨‍👩‍👧‍👦" * 100, "𝔘𝔫𝔦", "ＦＵＬＬ", "İıſß", "Ǆ", "\u200b\u200c\u200d", "\ud7ff\ue000",
    "a" * 1_000, "ż" * 5_000, "a " * 10_000, "\n" * 3_000, "a" * 70_000, "." * 300, "/" * 300, "<" * 2_000, "&#0;", "&amp;" * 500,
    "eyJhbGciOiJub25lIn0.e30.", "ImFiYyI.abc.def", "x" * 43, "AAAA" * 30, "None.None",
)  # fmt: skip
"""Values for one field; lone surrogates and broken encodings come as bytes, below."""
RAW = (
    b"%ff%fe",
    b"%c0%ae%c0%ae",
    b"%ed%a0%80",
    b"%f4%90%80%80",
    b"%00",
    b"%",
    b"%zz",
    b"%u0041",
    b"+",
    b"%80" * 40,
)
"""Values as they stand in an encoded form or query: broken UTF-8, encoded surrogates, half an escape."""
SEGMENTS = (
    "..%2f..%2fetc%2fpasswd", "%2e%2e", "%00", "%ff", "0", "-1", "99999999999999999999", "9" * 300, "1.5", "%C5%BC",
    "lub-i-2026-9999", "oji-i-2026-0001", "LUB-I-2026-0001", "lub-i-0000-0000", "%27%20OR%201=1--", "%3Cmkx%3E", "a" * 2_000,
    "null", "__proto__", "%E2%80%AE", ".", "%20", "%0d%0aX-Mkx:%201", "new", "x.y.z", "%F0%9F%92%A9", "%C2%B2", "1%00",
)  # fmt: skip
QUERIES = (
    "&&&&", "=", "=&=&=", "%", "q", "q=%ff", "q[]=1&q[x]=2", "q=1&q=2&q=3", "?", "#", ";", "q=%00", "a=" + "b" * 7_000,
    "&".join(f"k{i}=1" for i in range(1_500)), "page=9e9&at=%00", "next=//evil.example", "lang=xx", "_method=DELETE",
)  # fmt: skip
KEYS = (
    "q",
    "at",
    "page",
    "next",
    "sort",
    "phase",
    "category",
    "state",
    "zoom",
    "box",
    "size",
    "since",
    "n",
    "ok",
    "draft",
)
HEADERS: tuple[Mapping[str, str], ...] = (
    {"Accept-Language": "x" * 3_000},
    {"Accept-Language": "pl;q=nonsense,,;;=,*;q=9"},
    {"Cookie": "=; ;;; a=b=c; \x80\xff"},
    {"If-None-Match": '"' + "x" * 2_000},
    {"If-Modified-Since": "yesterday"},
    {"Range": "bytes=9-1,-,0-99999999999999999999"},
    {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "javascript",
        "X-Forwarded-For": "x, ', 1.1.1.1",
    },
    {"Referer": "http://\x80:99999/"},
    {"Accept-Encoding": "gzip;q=x, *;q=0, zzz"},
    {"Accept": "application/xml;q=\x80"},
    {"Authorization": "Bearer \x80"},
    {"Authorization": "Basic " + "=" * 300},
    {"User-Agent": f"<{TAG}>" * 40},
    {"X-HTTP-Method-Override": "DELETE"},
)
LONG_BORDER = "b" * 200


@dataclass(frozen=True, slots=True)
class Sent:
    """One request to be sent; `kind` says what is bad about it."""

    kind: str
    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Control:
    """A field of a form."""

    name: str
    kind: str
    value: str = ""
    options: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Form:
    """A form that posts, as it stands on a page."""

    action: str
    controls: list[Control] = field(default_factory=list)


class Page(HTMLParser):
    """What is on a page: forms that post, links, and whether a mark of ours became part of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.ran: list[str] = []
        self._form: Form | None = None
        self._select: Control | None = None
        self._area: Control | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._look(tag, values)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "form":
            posts = values.get("method", "get").lower() == "post"
            self._form = Form(values.get("action", "")) if posts else None
            if self._form:
                self.forms.append(self._form)
        elif self._form is not None and "disabled" not in values:
            self._control(self._form, tag, values)

    def _look(self, tag: str, values: Mapping[str, str]) -> None:
        if tag == TAG or any(name.startswith(TAG) for name in values):
            self.ran.append(f"<{tag} {dict(values)}>"[:200])
        for name, value in values.items():
            script = "".join(value.split()).lower().startswith(("javascript:", "data:text", "vbscript:"))
            acts = name in ("href", "src", "action", "formaction", "srcset") and script
            if TAG in value and (acts or name.startswith("on")):
                self.ran.append(f'{name}="{value[:100]}"')

    def _control(self, form: Form, tag: str, values: Mapping[str, str]) -> None:
        name, value = values.get("name", ""), values.get("value", "")
        if tag == "option" and self._select is not None:
            self._select.options.append(value)
        if not name or tag not in ("input", "textarea", "select", "button"):
            return
        kind = values.get("type", "text") if tag == "input" else tag
        same = next((one for one in form.controls if one.name == name and kind == "radio"), None)
        if same:
            same.options.append(value)
            return
        control = Control(name, kind, value, [value] if kind == "radio" else [])
        form.controls.append(control)
        if tag == "select":
            self._select = control
        elif tag == "textarea":
            self._area = control

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.value += data


def marks_run(content_type: str, headers: Mapping[str, str], body: bytes) -> list[str]:
    """Marks that became more than text in an answer."""
    found = [f"header {name}" for name in headers if name.startswith(f"x-{TAG}")]
    text = body.decode(errors="replace")
    if "html" in content_type or "xml" in content_type or "svg" in content_type:
        found += Page(text).ran if TAG in text else []
        found += ["a template was fed with text"] if PRODUCT in text else []
    elif TAG in text and headers.get("x-content-type-options", "").lower() != "nosniff":
        found.append("may be taken for a page")
    if "csv" in content_type:
        found += formulas(text)
    return found


def formulas(text: str) -> list[str]:
    """Cells of a table that a spreadsheet would calculate."""
    cells = (cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row)
    return [
        cell[:60]
        for cell in cells
        if FORMULA in cell and cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    ]


# Requests --------------------------------------------------------------------------------------------------

FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
KEPT = ("csrf_token", "form_key", "version", "wanted", "website")
"""Fields that must be as the page had them, or nothing behind the door is reached."""


def gets(
    chance: random.Random, path: str, pattern: str, keys: list[str], foreign: Mapping[str, str]
) -> list[Sent]:
    """Bad requests for a page."""

    def query() -> str:
        chosen = chance.sample([*keys, *KEYS], k=min(3, len(keys) + len(KEYS)))
        words = [f"{key}={quote(_text(chance))}" for key in chosen]
        raw = f"{chance.choice(chosen)}={chance.choice(RAW).decode()}"
        return "&".join([*words, raw])

    found = [
        Sent("words of a query", "GET", f"{path}?{query()}"[:7_900]),
        Sent("words of a query", "GET", f"{path}?{query()}"[:7_900]),
        Sent("odd query", "GET", f"{path}?{chance.choice(QUERIES)}"),
        Sent("header", "GET", path, headers=dict(chance.choice(HEADERS))),
    ]
    return found + [Sent("address", "GET", bent) for bent in bent_paths(chance, path, pattern, foreign)]


def bent_paths(chance: random.Random, path: str, pattern: str, foreign: Mapping[str, str]) -> list[str]:
    """The address with another thing in it: of another town, or none at all."""
    parts, kinds = path.split("/"), pattern.split("/")
    named = [at for at, kind in enumerate(kinds) if "<" in kind]
    found = []
    if named:
        at = chance.choice(named)
        for segment in (chance.choice(SEGMENTS), foreign["number"]):
            bent = list(parts)
            bent[at] = segment
            found.append("/".join(bent))
    else:
        found.append(f"{path}/{chance.choice(SEGMENTS)}")
    if f"/{foreign['home']}/" in path:
        found.append(path.replace(f"/{foreign['home']}/", f"/{foreign['town']}/"))
    return found


def posts(chance: random.Random, action: str, form: Form) -> list[Sent]:
    """Bad requests by a form: each keeps its token, but for the one that is about tokens."""
    kept = {one.name: one.value for one in form.controls if one.name in KEPT}
    stored = kept | {one.name: _stored(chance, one) for one in form.controls if one.name not in KEPT}
    hostile = kept | {one.name: _text(chance) for one in form.controls if one.name not in KEPT}
    one_bad = dict(stored)
    if asked := [one.name for one in form.controls if one.name not in KEPT]:
        one_bad[chance.choice(asked)] = _text(chance)
    return [
        Sent("marks", "POST", action, _encoded(stored), FORM_TYPE),
        Sent("hostile fields", "POST", action, _encoded(hostile), FORM_TYPE),
        Sent("one hostile field", "POST", action, _encoded(one_bad), FORM_TYPE),
        Sent("broken bytes", "POST", action, _broken(chance, stored), FORM_TYPE),
        Sent("foreign fields", "POST", action, _foreign(stored), FORM_TYPE),
        Sent("tokens", "POST", action, _encoded(stored | {name: _text(chance) for name in KEPT}), FORM_TYPE),
        _huge(chance, action, stored),
        _multipart(chance, action, stored, form),
        _odd_body(chance, action, kept),
    ]


def programs(chance: random.Random, method: str, path: str) -> list[Sent]:
    """Bad bodies for an operation of the API: wrong types, broken JSON, wrong encodings."""
    wrong = (
        None,
        True,
        -1,
        1e300,
        10**40,
        [],
        {},
        [[[]]],
        "\0",
        "\ud800",
        "ż" * 3_000,
        {"a": {"b": []}},
        MARKS[0],
        "2026-02-30",
    )
    names = (
        "title",
        "text",
        "category",
        "place",
        "lat",
        "lon",
        "language",
        "email",
        "name",
        "note",
        "version",
        "reason",
        "author",
    )
    known = {
        "title": f"Ławka {MARKS[1]}",
        "text": f"Proszę o ławkę przy przystanku, bo jest daleko. {MARKS[0]}",
        "category": "greenery",
    }
    bodies: list[bytes] = [
        json.dumps({name: chance.choice(wrong) for name in names}).encode(),
        json.dumps(known | {chance.choice(names): chance.choice(wrong)}).encode(),
        json.dumps(known | {"state": "published", "municipality_id": 2, "id": 1}).encode(),
        json.dumps(known).encode(),
        json.dumps(chance.choice(wrong)).encode(),
        chance.choice(
            (
                b"",
                b"{",
                b"[" * 20_000,
                b"\xff\xfe{}",
                b'{"a":' * 3_000,
                b"NaN",
                b'{"title":"\\ud800"}',
                b"\x00",
            )
        ),
    ]
    headers = {"Content-Type": "application/json"}
    return [Sent("JSON", method, path, body, headers) for body in bodies] + [
        Sent("JSON type", method, path, bodies[3], {"Content-Type": kind})
        for kind in ("application/json; charset=utf-99", "text/plain", "application/x-www-form-urlencoded")
    ]


def _text(chance: random.Random) -> str:
    return chance.choice((chance.choice(HOSTILE), chance.choice(HOSTILE), chance.choice(MARKS)))


def _stored(chance: random.Random, control: Control) -> str:
    """A value that has a chance to be kept, with a mark wherever words are taken."""
    if control.options:
        return chance.choice([one for one in control.options if one] or [""])
    if control.kind in ("hidden", "button"):
        return control.value
    if control.kind in ("checkbox", "radio"):
        return control.value or "on"
    if control.kind in ("number", "date", "time", "datetime-local"):
        return control.value or {"number": "7", "date": "2027-03-04", "time": "10:30"}.get(
            control.kind, "2027-03-04T10:30"
        )
    for part, value in (
        ("email", f"mk{chance.randrange(10**9)}@people.example"),
        ("phone", "+48601234567"),
        ("lat", "51,2465"),
        ("lon", "22,5684"),
        ("url", f"https://people.example/?{quote(MARKS[0])}"),
        ("cost", "1200"),
    ):
        if part in control.name:
            return value
    mark = chance.choice(MARKS)
    # Formulas are dangerous where a cell begins with them.
    return (
        f"{mark} Proszę o ławkę przy przystanku, bo stoi się długo."
        if FORMULA in mark
        else f"Ławka przy przystanku {mark}"
    )


def _encoded(fields: Mapping[str, str]) -> bytes:
    return urlencode(fields, errors="surrogatepass").encode()


def _broken(chance: random.Random, fields: Mapping[str, str]) -> bytes:
    pairs = [
        f"{quote(name)}=".encode() + (quote(value).encode() if name in KEPT else chance.choice(RAW))
        for name, value in fields.items()
    ]
    return b"&".join([*pairs, b"%ff=%ff", b"=", b"&&"])


def _foreign(fields: Mapping[str, str]) -> bytes:
    """Fields no page has, and each field of the page twice."""
    more = {
        "id": "1",
        "municipality_id": "2",
        "user_id": "1",
        "state": "published",
        "role": "admin",
        "is_head": "1",
        "author": "x",
    }
    return _encoded(fields) + b"&" + _encoded({**fields, **more})


def _huge(chance: random.Random, action: str, fields: Mapping[str, str]) -> Sent:
    free = [name for name in fields if name not in KEPT] or ["x"]
    body = chance.choice(
        (
            lambda: _encoded({**fields, chance.choice(free): "ż" * 100_000}),
            lambda: _encoded(fields) + b"&" + b"&".join(b"k%d=1" % number for number in range(1_500)),
            lambda: _encoded({**fields, chance.choice(free): "x" * 1_200_000}),
            lambda: _encoded({**fields, "x" * 60_000: "1"}),
        )
    )()
    return Sent("huge", "POST", action, body, FORM_TYPE)


def _multipart(chance: random.Random, action: str, fields: Mapping[str, str], form: Form) -> Sent:
    """A form with files, broken somewhere."""
    border = chance.choice(("border", "b", LONG_BORDER, "ż"))
    files = [one.name for one in form.controls if one.kind == "file"] or ["photo"]
    name = chance.choice(
        ('../../x".jpg', "a\0.png", "x" * 3_000 + ".pdf", "=cmd.jpg", f"<{TAG}>.png", "con.jpg", "")
    )
    content = chance.choice(
        (
            b"",
            b"MZ program",
            b"\x89PNG\r\n\x1a\n" + b"\0" * 64,
            b"%PDF-1.7 " + MARKS[0].encode(),
            b"GIF89a<svg>",
            b"\xff\xd8\xff" * 40,
        )
    )
    parts = [
        f'--{border}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode(
            errors="replace"
        )
        for key, value in fields.items()
    ]
    parts += [
        f'--{border}\r\nContent-Disposition: form-data; name="{key}"; filename="{name}"\r\nContent-Type: image/svg+xml\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for key in files
    ]
    whole = b"".join(parts) + f"--{border}--\r\n".encode()
    broken = chance.choice(
        (
            whole,
            whole[: len(whole) // 2],
            whole.replace(b"form-data", b"\xff\x00", 3),
            whole.replace(b"\r\n\r\n", b"\r\n", 2),
            b"--border\r\n" * 2_000,
            b"",
            whole.replace(b'name="', b"name*=utf-99''%ff;name=\"", 2),
        )
    )
    told = chance.choice(
        (
            f"multipart/form-data; boundary={border}",
            "multipart/form-data",
            'multipart/form-data; boundary="',
            f"multipart/form-data; boundary={border}; charset=utf-99",
        )
    )
    return Sent("multipart", "POST", action, broken, {"Content-Type": told.encode().decode("latin-1")})


def _odd_body(chance: random.Random, action: str, kept: Mapping[str, str]) -> Sent:
    kind, body = chance.choice(
        (
            ("application/json", json.dumps({**kept, "title": [1, {}]}).encode()),
            ("application/json", b"{"),
            ("text/plain", b"\xff\xfe\x00"),
            ("", b"a=b"),
            ("application/x-www-form-urlencoded; charset=utf-16", _encoded(kept)),
            ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
            ("x" * 2_000, b""),
        )
    )
    return Sent("odd body", "POST", action, body, {"Content-Type": kind})
