"""Initiatives as open data: what each column of the files means, and the catalogue that other catalogues harvest.

The description follows DCAT-AP 3 as JSON-LD: one data set per municipality, each with its files.
"""

import csv
import io
import json
from typing import Any

from flask import Response

from initiatives.formats.table import COLUMNS, EXPORT_ONLY
from portal.core import tenancy
from portal.core.i18n import LOCALES, Text, speaking
from portal.core.i18n import gettext as _
from portal.core.i18n import lazy_gettext as _l
from portal.core.spreadsheet import XLSX_TYPE
from portal.ui.pages import Link, page, public_address
from portal.ui.templating import url_for

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
EU = "http://publications.europa.eu/resource/authority"
THEME, DAILY = f"{EU}/data-theme/GOVE", f"{EU}/frequency/CONT"
LANGUAGES = {"pl": f"{EU}/language/POL", "cs": f"{EU}/language/CES", "en": f"{EU}/language/ENG"}
FILES = (
    ("listing_csv", "CSV", "text/csv"),
    ("listing_json", "JSON", "application/json"),
    ("listing_geojson", "GEOJSON", "application/geo+json"),
    ("statistics_csv", "CSV", "text/csv"),
    ("statistics_xlsx", "XLSX", XLSX_TYPE),
)
CODEBOOK: dict[str, Text] = {
    "number": _l("Number of the case; never given twice."),
    "title": _l("Title, as its author wrote it and the team checked it."),
    "text": _l("What is proposed. Empty for withdrawn initiatives."),
    "category": _l("Key of the category, such as roads or greenery."),
    "submitted_at": _l("When it was filed, with the offset to UTC."),
    "latitude": _l("Degrees north, WGS 84. Empty where no point was marked."),
    "longitude": _l("Degrees east, WGS 84. Empty where no point was marked."),
    "address": _l("Address or description of the place."),
    "district": _l("District, as the office names it."),
    "channel": _l("Key of the way it came in, an English word."),
    "done": _l("Whether it was carried out: yes or no."),
    "cost": _l("Rough cost that the author named, in whole units of the currency."),
    "currency": _l("Currency of the cost (ISO 4217)."),
    "language": _l("Language of title and text (ISO 639-1)."),
    "external_number": _l("Number in the system it was taken over from."),
    "source": _l("The system it was taken over from."),
    "state": _l("Key of its state, an English word."),
    "outcome": _l("What became of it, apart from its state; an English word."),
    "silent_since": _l("Day of the last news of its realisation, where that was sixty days ago or more."),
    "changed_at": _l("When it last changed, with the offset to UTC."),
    "supports": _l("How many people support it, online and on paper together."),
    "supports_online": _l("How many of them support it in the portal, once per person."),
    "supports_paper": _l(
        "How many of them signed on paper: valid signatures of sheets that were counted twice. No names are kept, so "
        "somebody may have done both."
    ),
    "support_until": _l("Last day of support, where the office sets one."),
    "threshold_reached_on": _l(
        "Day on which support reached the number for which the office promises something."
    ),
    "url": _l("Address of its page."),
    "answers": _l("What the office asked beside the text, and what was answered; public questions only."),
}
"""Every column of the CSV file; JSON and GeoJSON call them the same."""
assert set(CODEBOOK) == {*COLUMNS, *EXPORT_ONLY}  # noqa: S101 - a column without a meaning shall not start


def codebook() -> Response:
    """What the columns mean, to read."""
    return page(
        "initiatives/codebook.html",
        title=_("Data set of initiatives"),
        crumbs=[Link(_("Home"), url_for("pages.home")), Link(_("Open data"), url_for("pages.open_data"))],
        codebook=list(CODEBOOK.items()),
        towns=[
            (
                town.name,
                [(kind, public_address(f"initiatives.{end}", town=town.slug)) for end, kind, _m in FILES[:3]],
            )
            for town in tenancy.towns().values()
        ],
        catalogue_href=url_for("initiatives.catalogue"),
        catalogue_name="DCAT-AP (JSON-LD)",
        table_href=url_for("initiatives.codebook_csv"),
    )


def codebook_csv() -> Response:
    """What the columns mean, as a table."""
    buffer = io.StringIO("\ufeff")
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer)
    writer.writerow(("column", "meaning"))
    writer.writerows((name, str(meaning)) for name, meaning in CODEBOOK.items())
    response = Response(buffer.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="initiatives-codebook.csv"'
    return response


def catalogue() -> Response:
    """The catalogue of all municipalities' data sets, for machines."""
    home = public_address("pages.open_data", lang="en")
    found = {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "vcard": "http://www.w3.org/2006/vcard/ns#",
        },
        "@id": public_address("initiatives.catalogue"),
        "@type": "dcat:Catalog",
        "dct:title": _in_all(_l("Open data of the residents’ portal")),
        "dct:description": _in_all(_l("Initiatives of residents and what became of them, by municipality.")),
        "dct:publisher": _agent(_l("Residents’ Portal")),
        "dct:language": [{"@id": code} for code in LANGUAGES.values()],
        "foaf:homepage": {"@id": home},
        "dcat:dataset": [_dataset(town) for town in tenancy.towns().values()],
    }
    response = Response(json.dumps(found, ensure_ascii=False, indent=1), content_type="application/ld+json")
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _in_all(text: Text, town: tenancy.Town | None = None) -> list[dict[str, str]]:
    """A text in every language, with the municipality's name after it."""
    found = []
    for code in LOCALES:
        with speaking(code):
            value = f"{text}: {town.name}" if town else str(text)
        found.append({"@language": code, "@value": value})
    return found


def _agent(name: Text, town: tenancy.Town | None = None) -> dict[str, Any]:
    named = (
        _in_all(name)
        if town is None
        else [{"@language": code, "@value": text} for code, text in town.names.items()]
    )
    return {"@type": "foaf:Agent", "foaf:name": named}


def _dataset(town: tenancy.Town) -> dict[str, Any]:
    here = {"lang": town.language, "town": town.slug}
    west, south, east, north = town.box
    contact = public_address("pages.town_contact", **here)
    return {
        "@id": public_address("initiatives.listing", **here),
        "@type": "dcat:Dataset",
        "dct:identifier": f"initiatives-{town.slug}",
        "dct:title": _in_all(_l("Initiatives of residents"), town),
        "dct:description": _in_all(
            _l(
                "Every public initiative with its place, category, state and number of supporters; no data of persons"
            ),
            town,
        ),
        "dct:publisher": _agent("", town),
        "dcat:contactPoint": {
            "@type": "vcard:Organization",
            "vcard:fn": town.names.get("en", town.slug),
            "vcard:hasURL": {"@id": contact},
        },
        "dcat:theme": [{"@id": THEME}],
        "dcat:keyword": _in_all(_l("initiatives")),
        "dct:accrualPeriodicity": {"@id": DAILY},
        "dct:language": [{"@id": LANGUAGES[town.language]}],
        "dct:spatial": {
            "@type": "dct:Location",
            "dcat:bbox": {
                "@type": "http://www.opengis.net/ont/geosparql#wktLiteral",
                "@value": f"POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))",
            },
        },
        "dcat:landingPage": {"@id": public_address("initiatives.listing", **here)},
        "foaf:page": {"@id": public_address("initiatives.codebook", lang=town.language)},
        "dcat:distribution": [_distribution(here, *file) for file in FILES],
    }


def _distribution(here: dict[str, str], end: str, kind: str, media_type: str) -> dict[str, Any]:
    href = public_address(f"initiatives.{end}", **here)
    name = _l("Initiatives in numbers") if end.startswith("statistics") else _l("Initiatives")
    return {
        "@id": href,
        "@type": "dcat:Distribution",
        "dct:title": _in_all(name),
        "dcat:accessURL": {"@id": href},
        "dcat:downloadURL": {"@id": href},
        "dct:format": {"@id": f"{EU}/file-type/{kind}"},
        "dcat:mediaType": {"@id": f"http://www.iana.org/assignments/media-types/{media_type}"},
        "dct:license": {"@id": LICENCE},
    }
