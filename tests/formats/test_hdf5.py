"""HDF5: every layout that h5py writes is followed, and what hides in it or leads out of it is told."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.pickles import call, name, pickle_of
from tests.samples.techniques.hdf5 import hdf5_of
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on
from tests.samples.whole import hdf5 as whole

from weighmaster.formats.hdf5 import FORMAT
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Disagreement, Reference, Stray, Tensor
from weighmaster.model.report import Gap
from weighmaster.reading.budget import Budget
from weighmaster.reading.hdf5 import data, groups, header, types
from weighmaster.reading.hdf5.file import File, place
from weighmaster.reading.source import BytesSource

HOSTILE = pickle_of(call(name("posix", "system"), "true weighmaster_fired"))
VERSIONS = ("earliest", "v108", "v110", "latest")
every_version = pytest.mark.parametrize("version", VERSIONS)


def _objects(raw: bytes) -> Iterator[tuple[File, str, dict[int, header.Message]]]:
    source = BytesSource(raw)
    start = place(source, raw[:4096])
    assert start is not None
    file = File(source, Budget(), start)
    waiting, seen = [("", file.root)], {file.root}
    while waiting:
        path, address = waiting.pop()
        found = header.messages(file, address)
        yield file, path, {message.kind: message for message in found}
        for link in groups.links(file, found):
            if link.kind == groups.HARD and link.address not in seen:
                seen.add(link.address)
                waiting.append((f"{path}/{link.name}" if path else link.name, link.address))


def _datasets(raw: bytes) -> dict[str, bytes]:
    """Return the bytes of every dataset, as our reader sees them."""
    found = {}
    for file, path, kinds in _objects(raw):
        if header.LAYOUT not in kinds:
            continue
        layout = types.layout(kinds[header.LAYOUT].body, file)
        shape = types.shape(header.resolved(file, kinds[header.DATASPACE]), file)
        steps = types.filters(kinds[header.FILTERS].body) if header.FILTERS in kinds else []
        if layout.kind != types.VIRTUAL and shape is not None and data.can_undo(steps):
            found[path] = data.whole(file, layout, shape, steps)
    return found


def _of(fill: Callable[[Any], None], version: str = "earliest", **options: Any) -> bytes:
    return hdf5_of(fill, version, **options)


def _chunked(file: Any) -> None:
    chance = np.random.default_rng(1)
    for number, (shape, chunks, limit) in enumerate((
        ((40,), (7,), None), ((40,), (7,), (None,)), ((9, 11), (4, 3), None), ((9, 11), (4, 3), (None, 11)),
        ((9, 11), (4, 3), (None, None)), ((3, 4, 5), (2, 2, 2), None), ((12,), (12,), None), ((3000,), (2,), (None,)),
        ((5000,), (1,), None), ((70, 70), (1, 1), (None, None)),
    )):  # fmt: skip
        for packing in ({}, {"compression": "gzip", "shuffle": True}, {"compression": "lzf", "fletcher32": True}):
            if packing and np.prod(shape) > 1000:
                continue
            values = chance.integers(0, 9, shape).astype("<i4")
            name_ = f"{number} {packing.get('compression', '')}"
            file.create_dataset(name_, data=values, chunks=chunks, maxshape=limit, **packing)


@every_version
def test_chunks_are_put_together_as_hdf5_does_it(version: str) -> None:
    raw = _of(_chunked, version)
    found = _datasets(raw)
    with h5py.File(io.BytesIO(raw)) as file:
        assert found.keys() == set(file)
        for name_ in file:
            assert found[name_] == file[name_][()].tobytes(), name_


@every_version
@pytest.mark.parametrize("count", [0, 1, 9, 40, 900])
def test_every_link_and_every_attribute_is_followed(version: str, count: int) -> None:
    def fill(file: Any) -> None:
        for number in range(count):
            file.create_group(f"group {number}")
            if number < 60:
                file.attrs[f"attribute {number}"] = np.int64(number)

    raw = _of(fill, version)
    paths = {path for _, path, _ in _objects(raw)}
    assert paths == {""} | {f"group {number}" for number in range(count)}
    file, _, kinds = next(_objects(raw))
    assert kinds
    found = {one.name: one.data for one in groups.attributes(file, header.messages(file, file.root))}  # type: ignore[union-attr]
    assert found == {f"attribute {n}": n.to_bytes(8, "little") for n in range(min(count, 60))}


@settings(max_examples=25, deadline=None)
@given(
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    chunk=st.lists(st.integers(1, 5), min_size=3, max_size=3),
    grows=st.booleans(),
    packed=st.sampled_from([None, "gzip", "lzf"]),
    version=st.sampled_from(VERSIONS),
    seed=st.integers(0, 99),
)
def test_any_shape_in_any_chunks_is_read_as_h5py_reads_it(  # noqa: PLR0913, PLR0917 - each changes the layout
    shape: list[int],
    chunk: list[int],
    grows: bool,  # noqa: FBT001 - a case
    packed: str | None,
    version: str,
    seed: int,
) -> None:
    values = np.random.default_rng(seed).integers(0, 256, shape).astype("u1")
    chunks = tuple(min(one, size) for one, size in zip(chunk, shape, strict=False))
    stream = io.BytesIO()
    with h5py.File(stream, "w", libver=version) as file:
        limit = tuple(None for _ in shape) if grows else None
        file.create_dataset("values", data=values, chunks=chunks, maxshape=limit, compression=packed)
    assert _datasets(stream.getvalue())["values"] == values.tobytes()


@every_version
@pytest.mark.parametrize("attribute", [True, False])
def test_a_pickle_is_found_as_opaque_bytes(version: str, attribute: bool) -> None:  # noqa: FBT001 - a case
    raw = _of(lambda file: (file.attrs if attribute else file).__setitem__("a", np.void(HOSTILE)), version)
    assert HOSTILE in inner_bytes(reads(FORMAT, raw)[0])
    assert verdict_on(raw, "model.h5") == "block"


def _bytes(content: bytes, options: dict[str, Any], file: Any) -> None:
    file.create_dataset("a", data=np.frombuffer(content, "u1"), **options)


def test_a_pickle_is_found_wherever_it_has_its_arguments() -> None:
    late = pickle_of(
        b"B" + (200_000).to_bytes(4, "little") + bytes(200_000), b"0", call(name("posix", "system"), "true")
    )
    for options in ({}, {"chunks": (5000,)}, {"chunks": (999,), "compression": "gzip"}):
        raw = _of(partial(_bytes, late, options))
        assert inner_bytes(reads(FORMAT, raw)[0]) == [late]


def test_numbers_are_named_and_not_handed_on() -> None:
    raw = _of(lambda file: file.create_dataset("layer/kernel", data=np.ones((3, 4), "f4")))
    (fact,) = (read for read in reads(FORMAT, raw)[0] if isinstance(read, Tensor))
    assert (fact.name, fact.dtype, fact.shape) == ("layer/kernel", "float32", (3, 4))
    assert not inner_bytes(reads(FORMAT, raw)[0])


def test_the_numbers_of_a_file_are_not_read() -> None:
    raw = _of(lambda file: [file.create_dataset(str(n), data=np.ones(100_000, "f4")) for n in range(20)])  # type: ignore[arg-type]

    class Counting(BytesSource):
        asked = 0

        def read_at(self, offset: int, count: int) -> bytes:
            Counting.asked += count
            return super().read_at(offset, count)

    from weighmaster.model.where import Where
    from weighmaster.reading.cursor import Cursor

    assert list(FORMAT.read(Cursor(Counting(raw), Budget()), Where.file("f")))
    assert Counting.asked < len(raw) / 10


def test_text_is_left_alone() -> None:
    def fill(file: Any) -> None:
        file.attrs["note"] = "All is well. Nothing to see here."
        file.create_dataset("words", data=["alpha", "beta.", "", "c" * 500], dtype=h5py.string_dtype())
        file.create_dataset("fixed", data=np.array([b"one.", b"two"]))

    assert verdict_on(_of(fill), "words.h5") == "allow"


@every_version
def test_a_file_is_named_that_holds_elements(version: str) -> None:
    raw = _of(lambda file: file.create_dataset("a", (9,), "u1", external=[("/etc/passwd", 0, 9)]), version)
    assert [read.target for read in reads(FORMAT, raw)[0] if isinstance(read, Reference)] == ["/etc/passwd"]
    assert rules_on(raw) == {"reaches-outside"}


@every_version
@pytest.mark.parametrize("target", ["other.h5", "sub/other.h5"])
def test_a_link_to_a_file_beside_it_waits_for_a_person(version: str, target: str) -> None:
    raw = _of(lambda file: file.__setitem__("a", h5py.ExternalLink(target, "/b")), version)
    assert rules_on(raw) == {"external-storage"}
    assert verdict_on(raw) == "review"


def test_a_link_inside_the_file_is_nobodys_business() -> None:
    raw = _of(lambda file: file.__setitem__("a", h5py.SoftLink("/somewhere/else")))
    assert verdict_on(raw, "a.h5") == "allow"


@every_version
@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_source_of_a_virtual_dataset_is_named(version: str, count: int) -> None:
    def fill(file: Any) -> None:
        layout = h5py.VirtualLayout((count, 10), "f4")
        for number in range(count):
            layout[number, 2:8] = h5py.VirtualSource(f"/srv/{number % 3}.h5", f"d{number}", (10,))[0:6]
        file.create_virtual_dataset("all", layout)

    found, error = reads(FORMAT, _of(fill, version))
    assert error is None
    assert {read.target for read in found if isinstance(read, Reference)} == {
        f"/srv/{n}.h5" for n in range(min(count, 3))
    }


def test_a_filter_that_hdf5_does_not_have_is_a_plug_in() -> None:
    def fill(file: Any) -> None:
        space = h5py.h5s.create_simple((8,))
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((8,))
        made.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
        h5py.h5d.create(file.id, b"packed", h5py.h5t.STD_U8LE, space, made)

    try:
        raw = _of(fill)
    except (ValueError, OSError):
        pytest.skip("this release of HDF5 asks for the plug-in when it writes")
    assert rules_on(raw) == {"needs-plugin"}


def test_a_plug_in_is_named_once() -> None:
    step = types.Filter(id=32015, name="zstd", values=())
    from weighmaster.formats.hdf5 import _Reader
    from weighmaster.model.where import Where
    from weighmaster.reading.cursor import Cursor

    source = BytesSource(whole.old())
    reader = _Reader(Cursor(source, Budget()), File(source, Budget(), 0), Where.file("f"))
    found = [*reader.plugins(Where.file("f"), [step, step]), *reader.plugins(Where.file("f"), [step])]
    assert [read.target for read in found if isinstance(read, Reference)] == ["HDF5 filter 32015 zstd"]


@pytest.mark.parametrize("shift", [512, 1024, 4096, 1 << 16])
def test_a_superblock_is_found_behind_a_user_block(shift: int) -> None:
    raw = _of(lambda file: file.__setitem__("a", 1), userblock_size=shift)
    assert place(BytesSource(raw), raw[:4096]) == shift
    assert verdict_on(raw, "a.h5") == "allow"
    filled = b"x = 1\n" + raw[6:]
    (stray,) = (read for read in reads(FORMAT, filled)[0] if isinstance(read, Stray))
    assert (stray.size, stray.position) == (shift, "before")


def test_what_stands_in_a_user_block_is_looked_at() -> None:
    raw = _of(lambda file: file.__setitem__("a", 1), userblock_size=512)
    assert verdict_on(HOSTILE + raw[len(HOSTILE) :]) == "block"


def test_what_stands_behind_the_end_is_looked_at() -> None:
    raw = _of(lambda file: file.__setitem__("a", 1)) + HOSTILE
    assert HOSTILE in inner_bytes(reads(FORMAT, raw)[0])


def test_a_file_that_is_cut_off_is_not_allowed() -> None:
    raw = _of(lambda file: file.create_dataset("a", data=np.ones(5000)))
    for length in (40, 200, 1000, len(raw) - 1):
        assert verdict_on(raw[:length], "a.h5") == "review"


def test_a_file_whose_addresses_count_from_elsewhere_waits_for_a_person() -> None:
    raw = bytes(512) + _of(lambda file: file.__setitem__("a", 1))
    assert any(isinstance(read, Disagreement) for read in reads(FORMAT, raw)[0])
    assert verdict_on(raw, "a.h5") == "review"


def test_a_pickle_in_free_space_is_found() -> None:
    def fill(file: Any) -> None:
        file["a"] = np.void(HOSTILE)
        file["b"] = 1
        del file["a"]

    found = reads(FORMAT, _of(fill))[0]
    assert [read.position for read in found if isinstance(read, Stray)] == ["between"]
    assert any(one.startswith(HOSTILE) for one in inner_bytes(found))


def test_free_space_that_holds_numbers_is_nothing() -> None:
    def fill(file: Any) -> None:
        file["a"] = np.random.default_rng(3).normal(size=20_000)
        file["b"] = 1
        del file["a"]

    assert verdict_on(_of(fill), "a.h5") == "allow"


def test_json_in_an_attribute_is_handed_on() -> None:
    raw = whole.old('{"class_name": "Model", "config": {"layers": []}}')
    places = [str(artifact.where) for artifact in report_on(raw, "a.h5").artifacts]
    assert "a.h5!%40model_config" in places


def test_a_group_that_holds_itself_is_read_once() -> None:
    def fill(file: Any) -> None:
        group = file.create_group("a")
        group["again"] = group
        group["root"] = file["/"]

    assert verdict_on(_of(fill), "a.h5") == "allow"


def test_two_datasets_in_the_same_bytes_are_told() -> None:
    def fill(file: Any) -> None:
        file["first"] = np.full(16, 7, "u1")
        file["second"] = np.full(16, 9, "u1")

    raw = bytearray(_of(fill))
    with h5py.File(io.BytesIO(raw)) as file:
        first, second = (file[key].id.get_offset() for key in ("first", "second"))
    at = raw.index(second.to_bytes(8, "little"))
    raw[at : at + 8] = (first + 4).to_bytes(8, "little")
    found = reads(FORMAT, bytes(raw))[0]
    assert [read.kind for read in found if isinstance(read, Disagreement)] == ["tensors-overlap"]


def test_a_header_that_counts_fewer_messages_than_it_has_hides_none() -> None:
    raw = bytearray(_of(lambda file: file.create_dataset("a", (9,), "u1", external=[("/etc/passwd", 0, 9)])))
    with h5py.File(io.BytesIO(raw)) as file:
        at = h5py.h5o.get_info(file["a"].id).addr
    raw[at + 2 : at + 4] = b"\x01\x00"
    assert "reaches-outside" in rules_on(bytes(raw))


def test_a_message_that_comes_twice_is_told() -> None:
    raw = bytearray(_of(lambda file: file.create_dataset("a", data=np.arange(9))))
    found = [m for _, path, kinds in _objects(bytes(raw)) if path == "a" for m in kinds.values()]
    space = next(message for message in found if message.kind == header.DATASPACE)
    at = raw.index(space.body) - 8
    end = raw.index(next(message for message in found if message.kind == header.DATATYPE).body) - 8
    raw[end : end + 2] = raw[at : at + 2]
    assert any(isinstance(read, Disagreement) for read in reads(FORMAT, bytes(raw))[0])


def test_what_goes_before_the_file_is_not_read_and_said() -> None:
    raw = bytearray(whole.old())
    end = int.from_bytes(raw[40:48], "little")
    raw[48:56] = (end - 8).to_bytes(8, "little")
    assert any("several files" in read.detail for read in reads(FORMAT, bytes(raw))[0] if isinstance(read, Gap))


def test_links_in_order_of_creation_are_followed_too() -> None:
    def fill(file: Any) -> None:
        for number in range(40):
            file.create_group(f"g{number}")

    raw = bytearray(_of(fill, "latest", track_order=True))
    # The first tree, by name, is emptied; the second, in order of creation, still leads to all.
    at = raw.index(b"BTHD\x00\x05")
    raw[at + 16 : at + 24] = b"\xff" * 8
    assert sum(1 for _ in _objects(bytes(raw))) == 41


@pytest.mark.parametrize("raw", [whole.old(), whole.new()], ids=["old", "new"])
def test_every_cut_and_every_byte_changed_gives_facts_or_a_typed_error(raw: bytes) -> None:
    for at in range(8, len(raw), 3):
        changed = bytearray(raw)
        changed[at] ^= 0xFF
        for damaged in (raw[:at], bytes(changed)):
            found, error = reads(FORMAT, damaged)
            assert error is None or isinstance(error, WeighmasterError)
            assert all(isinstance(read, Gap) or read.where.root == "f" for read in found)
