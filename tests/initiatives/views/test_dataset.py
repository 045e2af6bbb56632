"""The data set: every column has its meaning, and the catalogue names every file under an address that answers."""

import csv
import io
from urllib.parse import urlsplit

from initiatives.formats.table import COLUMNS, EXPORT_ONLY
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative


def test_codebook_names_every_column_of_the_file(client: Browser, town: Town) -> None:
    make_initiative(town, "published")
    header = client.get("/en/lublin/initiatives.csv").text.removeprefix("\ufeff").splitlines()[0].split(",")
    table = csv.DictReader(
        io.StringIO(client.get("/en/open-data/initiatives.csv").text.removeprefix("\ufeff"))
    )
    assert [row["column"] for row in table] == header == [*COLUMNS, *EXPORT_ONLY]
    page = client.get("/en/open-data/initiatives").text
    assert all(f"<code>{name}</code>" in page for name in header)
    assert "/en/open-data/initiatives" in client.get("/en/open-data").text


def test_catalogue_has_what_dcat_ap_asks_for_and_its_files_answer(
    client: Browser, town: Town, other_town: Town
) -> None:
    answer = client.get("/open-data/catalog.jsonld")
    assert answer.content_type == "application/ld+json"
    found = answer.json
    assert found["@type"] == "dcat:Catalog"
    assert {"dct:title", "dct:description", "dct:publisher"} <= set(found)
    assert len(found["dcat:dataset"]) == 2
    for dataset in found["dcat:dataset"]:
        assert {"dct:title", "dct:description", "dct:publisher", "dcat:contactPoint", "dcat:theme"} <= set(
            dataset
        )
        assert {text["@language"] for text in dataset["dct:title"]} == {"pl", "cs", "en"}
        assert len(dataset["dcat:distribution"]) == 5
        for distribution in dataset["dcat:distribution"]:
            assert {"dct:format", "dct:license"} <= set(distribution)
            assert client.get(urlsplit(distribution["dcat:accessURL"]["@id"]).path).status_code == 200
