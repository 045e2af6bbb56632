"""The shape of Open311 answers: one value in two forms, and refusals."""

from xml.etree import ElementTree as ET

from flask import Flask

from portal.ui import georeport


def test_both_forms_say_the_same_whatever_people_wrote(app: Flask) -> None:
    found = [{"description": "Ławka & <b> \x00\x08 ]]> 😀", "lat": 51.2, "media_url": None, "metadata": True}]
    with app.test_request_context("/open311/v2/requests.xml"):
        xml = georeport.answer("service_requests", found, "xml")
        json = georeport.answer("service_requests", found, "json")
    assert json.get_json() == found
    (request,) = ET.fromstring(xml.data)
    assert {part.tag: part.text for part in request} == {
        "description": "Ławka & <b>  ]]> 😀",
        "lat": "51.2",
        "media_url": None,
        "metadata": "true",
    }


def test_refusals_are_lists_of_code_and_description(app: Flask) -> None:
    with app.test_request_context("/open311/v2/requests.json"):
        assert georeport.is_asked()
        answer = georeport.refusal(422, "Wrong.", {"lat": "Write degrees.", "long": "Write degrees."})
        key = georeport.refusal(401, "No key.")
    assert answer.status_code == 400
    assert answer.get_json() == [
        {"code": 400, "description": "lat: Write degrees."},
        {"code": 400, "description": "long: Write degrees."},
    ]
    assert (key.status_code, key.get_json()) == (403, [{"code": 403, "description": "No key."}])
    with app.test_request_context("/pl/"):
        assert not georeport.is_asked()
