"""XML: what it has its reader fetch and swell; PMML and OpenVINO's graphs."""

from __future__ import annotations

import time

import pytest
from tests.samples.vetting import reads, report_on, rules_on, verdict_on, verdict_on_folder

from weighmaster.formats.openvino import FORMAT as OPENVINO
from weighmaster.formats.pmml import FORMAT as PMML
from weighmaster.formats.xml import FORMAT as XML
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Expansion, Metadata, Operation, Reference, Tensor
from weighmaster.model.verdict import Outcome


def pmml(declared: str = "", inside: str = "") -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE PMML [{declared}]><PMML version="4.4">{inside}</PMML>'.encode()


_OUTSIDE = pmml('<!ENTITY x SYSTEM "file:///etc/passwd">')


def net(layer: str = "", after: str = "") -> bytes:
    return f'<?xml version="1.0"?><net name="m" version="11"><layers>{layer}</layers>{after}</net>'.encode()


def constant(**changed: str) -> str:
    given = {"element_type": "f32", "shape": "2, 3", "offset": "0", "size": "24"} | changed
    written = " ".join(f'{key}="{value}"' for key, value in given.items())
    return f'<layer id="0" name="c" type="Const" version="opset1"><data {written}/></layer>'


@pytest.mark.parametrize(
    "data",
    [
        pmml('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"),
        pmml('<!ENTITY x SYSTEM "/etc/passwd">'),
        pmml('<!ENTITY x SYSTEM "../../secret">'),
        pmml('<!ENTITY x PUBLIC "anything" "http://example.com/x">'),
        pmml('<!ENTITY % x SYSTEM "http://example.com/x.dtd"> %x;'),
        _OUTSIDE.decode().encode("utf-8-sig"),
        _OUTSIDE.decode().replace("1.0", '1.0" encoding="utf-16').encode("utf-16"),
        b'<!DOCTYPE PMML SYSTEM "file:///etc/passwd"><PMML/>',
        b'<!DOCTYPE PMML PUBLIC "x" "https://example.com/own.dtd"><PMML/>',
        b'<!DOCTYPE svg SYSTEM "file:///etc/passwd"><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<!-- " + b"x" * 9000 + b' --><!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>',
        b'<?xml version="1.0"?><r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></r>',
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</broken>',
    ],
)  # fmt: skip
def test_what_lies_outside_is_blocked_in_any_xml(data: bytes) -> None:
    assert "reaches-outside" in rules_on(data, "m.xml")
    assert verdict_on(data, "m.xml") is Outcome.BLOCK


@pytest.mark.parametrize(
    "target",
    [
        "http://www.example.org/standards/dbus/1.0/busconfig.dtd",
        "https://jetty.org/configure_10_0.dtd",
        "../fonts.dtd",
        "file:///usr/share/xml/schema/xml-core/catalog.dtd",
    ],
)
def test_settings_that_name_their_declarations_wait_for_a_person(target: str) -> None:
    data = f'<?xml version="1.0"?><!DOCTYPE busconfig SYSTEM "{target}"><busconfig/>'.encode()
    assert rules_on(data, "m.conf") == {"declarations-elsewhere"}
    assert verdict_on(data, "m.conf") is Outcome.REVIEW
    for harm in ('[<!ENTITY x SYSTEM "file:///etc/passwd">]', '[<!ENTITY % x SYSTEM "http://example.com/x.dtd"> %x;]'):
        assert verdict_on(data.replace(b'"><busconfig', f'" {harm}><busconfig'.encode()), "m.conf") is Outcome.BLOCK


@pytest.mark.parametrize(
    "target", ["//host/share/x.dtd", "\\\\host\\x.dtd", "file://host/x.dtd", "ftp://h/x.dtd", "/etc/passwd"]
)
def test_what_is_no_address_of_declarations_is_blocked(target: str) -> None:
    data = f'<?xml version="1.0"?><!DOCTYPE busconfig SYSTEM "{target}"><busconfig/>'.encode()
    assert verdict_on(data, "m.conf") is Outcome.BLOCK


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg/>',
        b'<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg">]><svg xmlns="&ns;"><g/>&ns;</svg>',
        b'<?xml version="1.0"?><!DOCTYPE note SYSTEM "note.dtd"><note>a &lt; b &#233;</note>',
        b'<?xml version="1.0"?><?xml-stylesheet href="style.css"?><r a="1">text</r>',
        b"<!DOCTYPE html><html><body>page<br></body></html>",
        b"<p>a fragment of <b>text</p>",
        b"<!-- a comment -->\n<div align=center>a model card</div>\n\n# Title\n",
        b'<p align="center"><svg width="3"></svg><br>\n\n# A model card\n',
        b"<!-- a comment --><!DOCTYPE html><html><br></html>",
        b"<!-- used so:\n<!DOCTYPE a SYSTEM 'a.dtd'>\n<a/> -->\n<!ENTITY % text '(#PCDATA)'>\n<!ELEMENT a %text;>",
    ],
)
def test_ordinary_xml_is_allowed(data: bytes) -> None:
    assert verdict_on(data, "m.xml") is Outcome.ALLOW


_TENFOLD = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "data",
    [
        pmml(f'<!ENTITY a0 "dos">{_TENFOLD}', "&a9;"),
        pmml(f'<!ENTITY a0 "dos">{_TENFOLD}', '<Header description="&a9;"/>'),
        pmml(f'<!ENTITY a "{"x" * 60_000}">', "&a;" * 3_000),
        pmml(f'<!ENTITY a "{"x" * 60_000}">', f'<Header description="{"&a;" * 3_000}"/>'),
    ],
    ids=["in text", "in an attribute", "one often", "one often in an attribute"],
)
def test_entities_that_swell_are_told_and_not_expanded(data: bytes) -> None:
    start = time.process_time()
    found, error = reads(XML, data)
    assert time.process_time() - start < 2
    assert error is None
    assert [type(read) for read in found] == [Expansion]
    assert verdict_on(data, "m.pmml") is Outcome.REVIEW


def test_nesting_without_an_end_is_over_budget() -> None:
    assert isinstance(reads(XML, b'<?xml version="1.0"?>' + b"<a>" * 100_000)[1], OverBudgetError)


@pytest.mark.parametrize("data", [b"<?xml ", pmml(inside="<a>"), pmml(inside="&b;&c"), pmml() + b"<more/>"])
def test_broken_xml_is_unreadable(data: bytes) -> None:
    assert isinstance(reads(XML, data)[1], UnreadableError)


def test_functions_that_pmml_does_not_have_wait_for_a_person() -> None:
    known = '<DefineFunction name="mine"/><Apply function="mine"/><Apply function="+"/><Apply function="uppercase"/>'
    assert verdict_on(pmml(inside=known), "m.pmml") is Outcome.ALLOW
    data = pmml(inside='<Apply function="com.example.Own"/>')
    assert rules_on(data, "m.pmml") == {"unknown-operator"}
    found, _ = reads(
        PMML, pmml(inside='<Header description="d"><Application name="n"/><Extension name="k" value="v"/></Header>')
    )
    assert {read.key: read.text for read in found if isinstance(read, Metadata)} == {
        "Header": "d",
        "Application": "n",
        "k": "v",
    }


def test_a_graph_of_openvino_is_read() -> None:
    data = net(constant())
    found, error = reads(OPENVINO, data)
    assert error is None
    assert [read.shape for read in found if isinstance(read, Tensor)] == [(2, 3)]
    assert [read.name for read in found if isinstance(read, Operation)] == ["Const"]
    assert verdict_on(data, "m.xml") is Outcome.ALLOW
    assert "openvino" in report_on(data).artifacts[0].formats


def test_layers_of_an_extension_wait_for_a_person() -> None:
    for version in ("extension", "mine"):
        data = net(f'<layer id="0" name="x" type="Own" version="{version}"/>')
        assert rules_on(data, "m.xml") == {"unknown-operator"}
    assert "unknown-operator" in rules_on(net('<layer id="0" name="x" type="Own" version="opset1"/>'))


def test_the_weights_beside_it_are_numbers_as_long_as_they_are_needed() -> None:
    model = {"m.xml": net(constant())}
    needs = next(r.needs for r in reads(OPENVINO, model["m.xml"])[0] if isinstance(r, Reference))
    assert verdict_on_folder(model | {"m.bin": b"\x81\xff" * (needs // 2)}) is Outcome.ALLOW
    assert verdict_on_folder(model | {"m.bin": b"\x81\xff" * (1 << 20)}) is Outcome.REVIEW
    assert verdict_on_folder(model | {"m.bin": b"\x81\xff"}) is Outcome.REVIEW
    assert verdict_on_folder(model | {"other.bin": b"\x81\xff" * (needs // 2)}) is Outcome.REVIEW


@pytest.mark.parametrize(
    "after",
    ['<rt_info><extension path="/tmp/own.so"/></rt_info>', "<rt_info>own.so.2</rt_info>", '<meta library="own.DLL"/>'],
)
def test_a_library_that_is_named_anywhere_is_blocked(after: str) -> None:
    data = net(constant(), after)
    assert "library" in [read.kind for read in reads(OPENVINO, data)[0] if isinstance(read, Reference)]
    assert verdict_on(data, "m.xml") is Outcome.BLOCK


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"size": "25"}, Outcome.BLOCK),
        ({"shape": "4294967296, 4294967296"}, Outcome.BLOCK),
        ({"offset": "-4"}, Outcome.REVIEW),
        ({"offset": "18446744073709551615"}, Outcome.REVIEW),
        ({"shape": "2, x"}, Outcome.REVIEW),
        ({"element_type": "own"}, Outcome.ALLOW),
    ],
)
def test_weights_whose_place_cannot_be_are_told(changed: dict[str, str], outcome: Outcome) -> None:
    assert verdict_on(net(constant(**changed)), "m.xml") is outcome


def test_a_list_of_plugins_names_the_libraries_that_the_runtime_loads() -> None:
    for place in ("/tmp/weighmaster_fired.so", "weighmaster_fired.so"):
        listed = f'<ie><plugins><plugin name="CPU" location="{place}"/></plugins></ie>'.encode()
        assert "native-library" in rules_on(listed, "plugins.xml")
