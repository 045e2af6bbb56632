"""The records a module hands in: routes, content types, permissions, workflows, jobs, personal data.

`portal/modules.py` lists the modules; `portal/app.py` reads these records and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import click

from portal.core.actor import Actor
from portal.core.i18n import Filled, Text
from portal.core.policy import Permission
from portal.core.workflow import Workflow


class Place(StrEnum):
    """Where a route's address begins: `/<lang>/<municipality>`, `/<lang>`, or bare."""

    TOWN = "town"
    PORTAL = "portal"
    BARE = "bare"


PUBLIC = "public"
"""Permission of routes that everybody may read."""


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a module's URL table. `permission` is a key of the policy, or PUBLIC.

    `cache` names the query keys under which an anonymous answer may be kept (None: never kept). `vital` forms are
    taken while the disk is nearly full: coming in, going out, erasing, reports of gates.
    """

    path: str
    endpoint: str
    view: Callable[..., Any]
    permission: str
    methods: tuple[str, ...] = ("GET",)
    place: Place = Place.TOWN
    cache: tuple[str, ...] | None = None
    csrf: bool = True
    vital: bool = False


Schema = Mapping[str, Any]
"""A JSON Schema (draft 2020-12), as OpenAPI 3.1 has them."""


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One operation of `/api/v1`; the schemas that describe it in the OpenAPI document also check it.

    `path` is written as Flask does; what it names goes to `view` by name, and so do `query` (a dict) and
    `body` (what was sent), each where the operation has one. `query` maps a parameter's name → its schema.
    """

    path: str
    name: str
    summary: str
    view: Callable[..., Any]
    answer: Schema
    permission: str = PUBLIC
    method: str = "GET"
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    status: int = 200
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry of the navigation: endpoint, label, who sees it, in which menu."""

    endpoint: str
    label: Text
    place: Place = Place.TOWN
    permission: str = PUBLIC
    desk: bool = False
    order: int = 50


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A row of the staff desk's first page."""

    title: str
    href: str
    state: Text
    due_day: Any = None
    late: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class WorkList:
    """What waits for a person: `items(actor, limit)` gives the rows, `count(actor)` how many."""

    key: str
    label: Text
    permission: str
    count: Callable[[Actor], int]
    items: Callable[[Actor, int], list[WorkItem]]
    late: bool = False


@dataclass(frozen=True, slots=True)
class SearchText:
    """How one thing stands in the search: `href` is a path without language."""

    title: str
    body: str
    number: str
    public: bool
    at: Any
    language: str


@dataclass(frozen=True, slots=True)
class ContentType:
    """A kind of thing people work on: `key` links histories, files, comments and deadlines to it."""

    key: str
    title: Text
    model: type[Any]
    workflow: Workflow
    load: Callable[[int], Any]
    address: Callable[[Any], str]
    index: Callable[[Any], SearchText | None] | None = None


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of due work: `run(payload)` is idempotent; `tries` attempts before it becomes a dead letter."""

    key: str
    run: Callable[[dict[str, Any]], None]
    tries: int = 20


@dataclass(frozen=True, slots=True)
class Daily:
    """Work of every day at a local hour; `run` gets no payload and acts across municipalities."""

    key: str
    run: Callable[[], None]
    hour: int = 3


@dataclass(frozen=True, slots=True)
class Whom:
    """A person as look-ups find one, with or without an account: keyed hashes only, never an address (R41).

    `keys` are all hashes under which modules keep the person: of e-mail, phone, account and secret code.
    `until` leaves alone what came later, so that an old erasure done again spares whoever came back.
    """

    keys: frozenset[str]
    user_id: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What a module keeps of people: columns by table, an export and an erasure by person.

        `export` and `erase` serve the owner of an account, in every municipality. `export_here` and `erase_here`
        serve the office: anybody, in the municipality in scope. `locate(number, code)` gives the hashes of whoever
    XX says that
        something of an account still goes on, so that it is not taken for a forgotten one.
    """

    title: Text
    columns: Mapping[str, tuple[str, ...]]
    export: Callable[[int], list[dict[str, Any]]]
    erase: Callable[[int], int]
    export_here: Callable[[Whom], list[dict[str, Any]]] | None = None
    erase_here: Callable[[Whom], int] | None = None
    locate: Callable[[str, str], frozenset[str]] | None = None
    is_busy: Callable[[int], bool] | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """A kind of data about people and how long it is kept: a line of the privacy notice, and its end.

    `asked`, `seen` and `period` are the words of the notice; without `asked` it stands on the officer's page
    only. `due()` counts what has had its time; `erase(limit)` ends at most so many, in the transaction at
    hand, and says how many. Both act in the municipality in scope, or with `everywhere` for the installation
    as a whole. Without them it is kept as the words say. `order` sorts the notice.
    """

    key: str
    title: Text
    period: Text | Filled
    asked: Text = ""
    seen: Text = ""
    due: Callable[[], int] | None = None
    erase: Callable[[int], int] | None = None
    everywhere: bool = False
    order: int = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """An audit code that says somebody read sensitive data, and what was read (R35)."""

    code: str
    title: Text


@dataclass(frozen=True, slots=True)
class Claimable:
    """Something filed without an account: its row, town, public number and title."""

    id: int
    municipality_id: int
    number: str
    title: str


@dataclass(frozen=True, slots=True)
class Claims:
    """How things filed without an account become an account's, so that accounts need not know the module.

    `by_email(address)` lists what was filed with an address the account has confirmed. `take_by_code(actor,
    number, code)` and `take_by_email(actor, address, id)` are use cases that check again; they raise Missing
    for what does not fit and Invalid for what is another account's.
    """

    key: str
    by_email: Callable[[str], list[Claimable]]
    take_by_code: Callable[[Actor, str, str], Claimable]
    take_by_email: Callable[[Actor, str, int], Claimable]


@dataclass(frozen=True, slots=True)
class NoticeCategory:
    """Messages a reader chooses about together; what that means stands in `portal/notify/rules.py`.

    `preset` is `at_once` or `digest`. `may_stop`: they may be stopped, and `stops_all` even those that are
    transactional. `staff`: only members of a team get and see them.
    """

    key: str
    title: Text
    help: Text
    preset: str = "at_once"
    may_stop: bool = True
    stops_all: bool = False
    staff: bool = False


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value that an office's own text of a message may hold, as `{name}`; no other value ever gets there (R48).

    `required`: a whole text of one's own must hold it, or the message would not do its work.
    """

    name: str
    title: Text
    required: bool = False


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A message people get: template name, subject, whether it must always go out at once.

    Without a `category` nobody can choose about it: links to sign in, receipts.
    Offices may write their own text of a kind that names `placeholders`. `example` holds values to show it with.
    """

    code: str
    subject: Text
    template: str
    title: Text
    transactional: bool = True
    category: str = ""
    placeholders: tuple[Placeholder, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fact:
    """A number on a municipality's page: label and value."""

    label: Text
    value: Callable[[], int]


@dataclass(frozen=True, slots=True)
class News:
    """What is new, for home and municipality pages: `items(limit)` gives card records."""

    key: str
    title: Text
    items: Callable[[int], list[Any]]
    template: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A result of a survey that speaks for or against something: what was asked, when, what came out."""

    survey: str
    result: str
    wave: str = ""
    question: str = ""
    link: str = ""
    held_on: date | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFor:
    """What results are looked for: a matter in the municipality in scope, by theme, words and district."""

    theme: str
    words: str
    district: str = ""


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """An entry of a municipality's menu that somebody wrote, such as a page: a ready label and address."""

    label: str
    href: str
    language: str
    order: int = 60


@dataclass(frozen=True, slots=True)
class Banner:
    """Something urgent on top of every page of a municipality. `level`: info, warning or danger."""

    level: str
    text: str
    language: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Front:
    """What an office writes above the built-in parts of a front page: `piece()` gives a record or nothing.

    It is asked in the municipality in scope, or in none for the portal's own front page. `template` reads it as
    `front`.
    """

    key: str
    template: str
    piece: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class SetupTask:
    """Something a new municipality looks at once, offered in its set-up beside name, colours and team.

    `endpoint` with `values` is the page of the desk where it is done, for whoever holds `permission`. `standing()`
    says in words what residents find today and whether nothing is missing, in the municipality in scope.
    """

    key: str
    title: Text
    why: Text
    endpoint: str
    permission: str
    action: Text
    standing: Callable[[], tuple[str, bool]]
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SitePage:
    """A page for search engines: endpoint, values of its address, languages it is written in."""

    endpoint: str
    values: dict[str, str]
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """Everything the house needs to know of a module."""

    name: str
    title: Text
    routes: tuple[Route, ...] = ()
    permissions: tuple[Permission, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    content_types: tuple[ContentType, ...] = ()
    menu: tuple[MenuItem, ...] = ()
    jobs: tuple[JobKind, ...] = ()
    daily: tuple[Daily, ...] = ()
    notices: tuple[NoticeKind, ...] = ()
    categories: tuple[NoticeCategory, ...] = ()
    personal: tuple[PersonalData, ...] = ()
    retention: tuple[Retention, ...] = ()
    readings: tuple[Reading, ...] = ()
    claims: tuple[Claims, ...] = ()
    work: tuple[WorkList, ...] = ()
    facts: tuple[Fact, ...] = ()
    news: tuple[News, ...] = ()
    fronts: tuple[Front, ...] = ()
    evidence: tuple[Callable[[EvidenceFor], list[Evidence]], ...] = ()
    banners: tuple[Callable[[], list[Banner]], ...] = ()
    setup: tuple[SetupTask, ...] = ()
    menus: tuple[Callable[[], list[MenuEntry]], ...] = ()
    sitemap: tuple[Callable[[], list[SitePage]], ...] = ()
    commands: tuple[click.Command, ...] = ()
    seed: Callable[[], None] | None = None
    templates: str | None = None
    start: Callable[[], None] | None = None
    reserved_slugs: tuple[str, ...] = ()
    api: tuple[ApiRoute, ...] = ()
    api_schemas: Mapping[str, Schema] = field(default_factory=dict)
    api_scopes: tuple[str, ...] = ()


@dataclass(slots=True)
class Registry:
    """All records of the installed modules; filled once at start."""

    modules: tuple[Module, ...] = ()
    content_types: dict[str, ContentType] = field(default_factory=dict)
    jobs: dict[str, JobKind] = field(default_factory=dict)
    notices: dict[str, NoticeKind] = field(default_factory=dict)
    categories: dict[str, NoticeCategory] = field(default_factory=dict)

    def load(self, modules: tuple[Module, ...]) -> None:
        """Take over the modules. A key given twice is an error at start."""
        self.modules = modules
        self.content_types = _by_key((c.key, c) for m in modules for c in m.content_types)
        self.jobs = _by_key((j.key, j) for m in modules for j in m.jobs)
        self.notices = _by_key((n.code, n) for m in modules for n in m.notices)
        self.categories = _by_key((c.key, c) for m in modules for c in m.categories)
        _by_key((r.key, r) for m in modules for r in m.retention)

    def evidence(self, wanted: EvidenceFor) -> list[Evidence]:
        """Results of surveys for a matter, of every module that knows any."""
        return [found for m in self.modules for provider in m.evidence for found in provider(wanted)]

    def retentions(self) -> list[Retention]:
        """What is kept of people and how long, in the order of the privacy notice."""
        return sorted((r for m in self.modules for r in m.retention), key=lambda kept: kept.order)


def _by_key(pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key} is registered twice.")
        found[key] = value
    return found


registry = Registry()
