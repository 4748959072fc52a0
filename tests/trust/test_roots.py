"""Stories of published roots and of those that follow them; the attacks are those of TUF 1.0, section 1.5.2."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.samples.damage import damaged
from tests.sims.files import Files

from weighmaster.model.errors import ConfigError, TrustError, UnreachableError
from weighmaster.reading.http import Access, Client
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.roots import cache, ceremony, following, publishing, shelf, sources
from weighmaster.trust.roots.cache import fingerprint_of, opened, pull
from weighmaster.trust.roots.ceremony import Change
from weighmaster.trust.roots.publishing import Delegation, Terms

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def _signer() -> KeySigner:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return KeySigner([Ed25519PrivateKey.generate()])


A, B, C, D, ONLINE, NEW, TEAM = (_signer() for _ in range(7))
ONLINE_KEYS = {role: [ONLINE.key] for role in shelf.ONLINE}


PIECES = (
    b"{",
    b"}",
    b"[",
    b'"',
    b"0",
    b"-1",
    b"1e999",
    b"null",
    b"true",
    b'"version":',
    b"\\ud800",
    b"\x00",
    b"99999999999",
)


def _as_it_is(signed: dict[str, Any]) -> None:
    """Change nothing; only the signature is another."""


class World:
    """A publisher's folder, a client's cache, and the time."""

    def __init__(self, top: Path) -> None:
        self.folder, self.cache = str(top / "published"), str(top / "cache")
        self.now = NOW
        self.terms = Terms()
        ceremony.begin(self.folder, [A.key, B.key, C.key], 2, ONLINE_KEYS, NOW + self.terms.root)
        ceremony.sign(self.folder, [A, B])
        self.add("policy.toml", b"policy = 1\n")
        self.publish()
        self.root = shelf.current_root(self.folder)

    def add(self, name: str, data: bytes, role: str = "targets") -> None:
        publishing.add(self.folder, name, data, role)

    def publish(self, *signers: KeySigner) -> publishing.Published:
        return publishing.publish(self.folder, signers or [ONLINE], self.now, self.terms)

    def pull(self, **options: Any) -> cache.Pulled:
        return pull(sources.FolderSource(self.folder), self.cache, self.now, **({"root": self.root} | options))

    def opened(self, **options: Any) -> cache.Roots:
        return opened(self.cache, self.now, **options)

    def rotate(self, *signers: KeySigner, **change: Any) -> ceremony.Waiting:
        roles = change.pop("roles", ("root",))
        ceremony.rotate(self.folder, Change(roles=roles, **change), self.now + self.terms.root)
        return ceremony.sign(self.folder, signers)

    def metadata(self, name: str) -> Path:
        return Path(self.folder, "metadata", name)

    def edit(self, name: str, change: Callable[[dict[str, Any]], None], *signers: KeySigner) -> None:
        """Change metadata that is out, and sign it anew, with whichever keys."""
        from tuf.api.metadata import Metadata

        path = self.metadata(name)
        document = json.loads(path.read_text())
        change(document["signed"])
        if signers:
            document["signatures"] = []
        metadata: Any = Metadata.from_dict(document)
        for signer in signers:
            shelf.sign_with(metadata, signer)
        path.write_bytes(metadata.to_bytes())


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: it is others' as well."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_is_published_arrives(world: World) -> None:
    pulled = world.pull()
    assert (pulled.roots, pulled.added, pulled.expires) == ((0, 1), ("policy.toml",), NOW + 7 * DAY)
    assert world.opened().read("policy.toml") == b"policy = 1\n"
    assert Path(world.cache, "targets", "policy.toml").read_bytes() == b"policy = 1\n"


def test_a_second_pull_brings_what_changed_and_removes_what_is_gone(world: World) -> None:
    world.add("old.pem", b"old")
    world.publish()
    world.pull()
    world.add("policy.toml", b"policy = 2\n")
    world.add("keys/new.pem", b"new")
    publishing.remove(world.folder, "old.pem")
    assert world.publish().changes == ("+ keys/new.pem", "~ policy.toml", "- old.pem")
    pulled = world.pull()
    assert (pulled.added, pulled.changed, pulled.removed) == (("keys/new.pem",), ("policy.toml",), ("old.pem",))
    assert world.opened().names == ("keys/new.pem", "policy.toml")
    assert world.opened().read("policy.toml") == b"policy = 2\n"
    assert not Path(world.cache, "targets", "old.pem").exists()


def test_what_nobody_published_is_removed_from_the_cache(world: World) -> None:
    world.pull()
    Path(world.cache, "targets", "slipped-in.pem").write_bytes(b"?")
    assert world.pull().removed == ("slipped-in.pem",)


def _reference(folder: Path, state: Path, root: bytes, now: datetime) -> bool:
    """Let the reference client follow what is published; say whether it takes all of it."""
    from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
    from tuf.ngclient import Updater
    from tuf.ngclient.fetcher import FetcherInterface

    class Folder(FetcherInterface):  # type: ignore[misc]
        def _fetch(self, url: str) -> Any:
            try:
                return iter([Path(folder, url.removeprefix("https://here/")).read_bytes()])
            except FileNotFoundError:
                raise DownloadHTTPError("no such file", 404) from None

    for name in ("metadata", "targets"):
        os.makedirs(state / name, exist_ok=True)
    try:
        updater = Updater(
            str(state / "metadata"), "https://here/metadata", str(state / "targets"), "https://here/targets",
            fetcher=Folder(), bootstrap=root,
        )  # fmt: skip
        updater._trusted_set.reference_time = now
        updater.refresh()
        for name in updater._trusted_set.targets.targets:
            info = updater.get_targetinfo(name)
            if updater.find_cached_target(info) is None:
                updater.download_target(info)
    except (RepositoryError, DownloadError):
        return False
    return True


def test_the_reference_client_follows_what_is_published(world: World, tmp_path: Path) -> None:
    publishing.delegate(world.folder, Delegation(role="team", keys=(TEAM.key,), paths=("team/*",)))
    world.add("team/a.pem", b"team", "team")
    world.rotate(A, B, D, add=(D.key,), remove=(C.key.keyid[:16],))
    world.publish(ONLINE, TEAM)
    assert _reference(Path(world.folder), tmp_path / "other", world.root, world.now)
    assert (tmp_path / "other" / "targets" / "policy.toml").read_bytes() == b"policy = 1\n"


def _history(world: World, top: Path) -> list[Path]:
    """Publish some times, with rotations in between; return a copy of the folder after each."""

    def edited() -> None:
        world.add("policy.toml", b"policy = 2\n")
        world.publish()

    def added() -> None:
        world.add("recall.json", b"{}")
        world.publish()

    def removed() -> None:
        publishing.remove(world.folder, "recall.json")
        world.publish(NEW)

    steps: list[Callable[[], object]] = [
        lambda: None,
        edited,
        lambda: world.rotate(A, B, D, add=(D.key,), remove=(C.key.keyid,)),
        added,
        lambda: publishing.refresh(world.folder, [ONLINE], world.now, world.terms),
        lambda: world.rotate(A, D, roles=shelf.ONLINE, add=(NEW.key,), remove=(ONLINE.key.keyid,)),
        removed,
    ]
    copies = []
    for at, step in enumerate(steps):
        step()
        world.now += DAY
        copies.append(Path(shutil.copytree(world.folder, top / f"{at}")))
    return copies


def test_whatever_is_mixed_the_reference_client_judges_it_the_same(world: World, tmp_path: Path) -> None:
    random = Random(5)
    history = _history(world, tmp_path / "history")
    files = sorted({path.relative_to(copy) for copy in history for path in copy.rglob("*") if path.is_file()})
    files = [file for file in files if file.parts[0] != "draft"]
    judged: list[bool] = []
    for case in range(50):
        mixed, ours, theirs = (tmp_path / f"{case}" / name for name in ("mixed", "ours", "theirs"))
        if random.random() < 0.7:
            seen = random.choice(history)
            pull(sources.FolderSource(str(seen)), str(ours), NOW, root=world.root)
            assert _reference(seen, theirs, world.root, NOW)
        shutil.copytree(history[random.choice((-1, -1, random.randrange(len(history))))], mixed)
        for file in random.sample(files, random.randrange(3)):
            _put(mixed / file, random.choice([copy / file for copy in history]), random)
        now = NOW + random.randrange(10) * DAY
        try:
            pull(sources.FolderSource(str(mixed)), str(ours), now, root=world.root)
            judged.append(True)
        except TrustError:
            judged.append(False)
        assert _reference(mixed, theirs, world.root, now) is judged[-1], case
    assert 5 < sum(judged) < 45, "some of both"


def _put(path: Path, other: Path, random: Random) -> None:
    """Put one file in the place of another, cut it, change a byte, or take it away."""
    data = other.read_bytes() if other.exists() else b""
    match random.randrange(4):
        case 0 if data:
            path.write_bytes(data[: random.randrange(len(data))])
        case 1 if data:
            at = random.randrange(len(data))
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        case 2:
            path.unlink(missing_ok=True)
        case _ if data:
            path.write_bytes(data)
        case _:
            pass


# Roots and their rotation.


def test_rotation_is_followed_from_the_first_root_to_the_last(world: World) -> None:
    world.pull()
    assert world.rotate(A, B, add=(D.key,), remove=(C.key.keyid,)).fingerprint
    assert world.rotate(B, D, remove=(A.key.keyid,), add=(NEW.key,)).fingerprint
    assert world.pull().roots == (1, 3)
    root = next(role for role in world.opened().roles if role.name == "root")
    assert (root.version, root.threshold, set(root.keys)) == (3, 2, {B.key.keyid, D.key.keyid, NEW.key.keyid})


def test_a_client_that_starts_late_follows_too(world: World) -> None:
    world.rotate(A, B, add=(D.key,))
    world.rotate(A, D)
    assert world.pull().roots == (0, 3)


def test_a_root_waits_until_enough_have_signed_one_after_the_other(world: World) -> None:
    waiting = world.rotate(A, add=(D.key,))
    assert waiting.missing[0].startswith("1 more of the keys of the root before (")
    assert waiting.missing[1].startswith("1 more of the keys of this root (")
    assert shelf.drafts(world.folder) == ("root",)
    assert world.pull().roots == (0, 1)
    done = ceremony.sign(world.folder, [C])
    assert (done.missing, done.fingerprint) == ((), fingerprint_of(shelf.current_root(world.folder)))
    assert world.pull().roots == (1, 2)


def test_who_is_no_root_key_signs_no_root(world: World) -> None:
    with pytest.raises(ConfigError, match="is none that signs root version 2"):
        world.rotate(ONLINE, add=(D.key,))


def test_a_threshold_that_nobody_reaches_is_no_root(world: World) -> None:
    with pytest.raises(ConfigError, match="root: 4 of 3 keys can never sign"):
        world.rotate(A, B, threshold=4)
    with pytest.raises(ConfigError, match="can never sign"):
        ceremony.begin(f"{world.folder}2", [A.key], 0, ONLINE_KEYS, NOW)


def test_online_keys_change_together_with_what_they_sign(world: World) -> None:
    world.pull()
    waiting = world.rotate(A, B, roles=shelf.ONLINE, add=(NEW.key,), remove=(ONLINE.key.keyid,))
    assert waiting.held.startswith(
        "the keys of timestamp change, so it goes out with the next weighmaster roots publish"
    )
    assert world.pull().roots == (1, 1), "until then nothing is broken"
    with pytest.raises(ConfigError, match="signs nothing here: root version 2 names other keys"):
        world.publish(ONLINE)
    assert world.publish(NEW).root == 2
    assert world.pull().roots == (1, 2)
    with pytest.raises(ConfigError, match="signs nothing here"):
        world.publish(ONLINE)


def test_a_stolen_online_key_makes_no_root(world: World) -> None:
    world.pull()
    shutil.copy(world.metadata("1.root.json"), world.metadata("2.root.json"))
    world.edit("2.root.json", lambda signed: signed.update(version=2), ONLINE)
    with pytest.raises(TrustError, match="signed by 0 of the keys of version 1, which wants 2, and by 0 of its own"):
        world.pull()


def test_a_root_signed_by_its_new_keys_alone_is_refused(world: World) -> None:
    def taken_over(signed: dict[str, Any]) -> None:
        key = shelf.tuf_key(NEW.key)
        signed["version"] = 2
        signed["keys"][key.keyid] = key.to_dict()
        signed["roles"]["root"] = {"keyids": [key.keyid], "threshold": 1}

    shutil.copy(world.metadata("1.root.json"), world.metadata("2.root.json"))
    world.edit("2.root.json", taken_over, NEW)
    with pytest.raises(TrustError, match=r"signed by 0 of the keys of version 1, which wants 2, and by 1 of its own"):
        world.pull()


def test_a_root_signed_by_too_few_is_refused(world: World) -> None:
    shutil.copy(world.metadata("1.root.json"), world.metadata("2.root.json"))
    world.edit("2.root.json", lambda signed: signed.update(version=2), A)
    with pytest.raises(TrustError, match=r"2\.root\.json: root version 2 is signed by 1 of the keys of version 1"):
        world.pull()


def test_one_key_under_two_names_does_not_reach_a_threshold(world: World) -> None:
    def doubled(signed: dict[str, Any]) -> None:
        signed["version"] = 2
        signed["keys"]["ab" * 32] = dict(signed["keys"][A.key.keyid])
        signed["roles"]["root"]["keyids"].append("ab" * 32)

    shutil.copy(world.metadata("1.root.json"), world.metadata("2.root.json"))
    world.edit("2.root.json", doubled, A, B)
    with pytest.raises(TrustError, match="lists one key as two"):
        world.pull()


def test_a_skipped_root_version_is_refused(world: World) -> None:
    shutil.copy(world.metadata("1.root.json"), world.metadata("2.root.json"))
    with pytest.raises(TrustError, match="is root version 1, not version 2"):
        world.pull()


def test_an_expired_root_is_refused_and_a_renewed_one_is_followed(world: World) -> None:
    world.now += 364 * DAY
    world.publish()
    world.now += 2 * DAY
    with pytest.raises(TrustError, match=r"root version 1 expired 2027-11-01 12:00 UTC, 1 day ago: .* roots rotate"):
        world.pull()
    with pytest.raises(ConfigError, match=r"root version 1 expired .* roots rotate renews it"):
        world.publish()
    assert world.rotate(A, B).fingerprint
    assert world.pull().roots == (1, 2)


def test_the_first_root_is_named_or_recognized_by_its_fingerprint(world: World) -> None:
    with pytest.raises(ConfigError, match="holds no roots yet"):
        world.pull(root=b"")
    with pytest.raises(TrustError, match="has no root with the fingerprint 00"):
        world.pull(root=b"", fingerprint="00" * 32)
    world.rotate(A, B, add=(D.key,))
    assert world.pull(root=b"", fingerprint=fingerprint_of(world.root).upper()).roots == (0, 2)
    assert world.pull(root=b"").roots == (2, 2), "from then on the cache knows"


def test_a_cache_does_not_change_its_anchor(world: World, tmp_path: Path) -> None:
    world.pull()
    other = World(tmp_path / "other")
    other.rotate(A, C, add=(NEW.key,))
    other.root = shelf.current_root(other.folder)
    with pytest.raises(ConfigError, match="it began with another; use a new folder"):
        world.pull(root=other.root)


def test_a_root_that_does_not_sign_itself_is_no_beginning(world: World) -> None:
    world.edit("1.root.json", _as_it_is, A)
    with pytest.raises(TrustError, match="the root that is trusted is not signed as it must be"):
        world.pull(root=world.metadata("1.root.json").read_bytes())


def test_a_stolen_online_key_that_ran_ahead_is_left_behind(world: World) -> None:
    world.edit("timestamp.json", lambda signed: signed.update(version=1_000_000), ONLINE)
    world.pull()
    world.publish()
    world.edit("timestamp.json", lambda signed: signed.update(version=2), ONLINE)
    with pytest.raises(TrustError, match="rolled back to version 2 after version 1000000"):
        world.pull()
    world.rotate(A, B, roles=shelf.ONLINE, add=(NEW.key,), remove=(ONLINE.key.keyid,))
    world.publish(NEW)
    assert world.pull().roots == (1, 2)
    assert next(role.version for role in world.opened().roles if role.name == "timestamp") == 3


def test_keys_of_every_kind_sign_roots(tmp_path: Path) -> None:
    from weighmaster.trust.identities.generate import generate
    from weighmaster.trust.identities.keys import load_signer

    folder = str(tmp_path / "published")
    signers = [load_signer(generate(kind)[0]) for kind in ("ecdsa", "rsa")]
    keys = [signer.key for signer in signers]
    ceremony.begin(folder, keys, 2, dict.fromkeys(shelf.ONLINE, keys), NOW + DAY)
    assert ceremony.sign(folder, signers).fingerprint
    publishing.add(folder, "a", b"1")
    publishing.publish(folder, signers, NOW, Terms())
    source = sources.FolderSource(folder)
    assert pull(source, str(tmp_path / "cache"), NOW, root=shelf.current_root(folder)).added == ("a",)
    hybrid = load_signer(generate("hybrid")[0])
    with pytest.raises(ConfigError, match="a key of roots is one Ed25519, ECDSA or RSA key, not"):
        ceremony.rotate(folder, Change(roles=("root",), add=(hybrid.key,)), NOW + DAY)


# Freshness, rollback, mixing.


def test_what_is_not_renewed_is_refused_when_it_is_too_old(world: World) -> None:
    world.pull()
    world.now += 8 * DAY
    message = r"timestamp version 1 expired 2026-11-08 12:00 UTC, 1 day ago: news may be held back; .* roots refresh"
    with pytest.raises(TrustError, match=message):
        world.pull()
    with pytest.raises(TrustError, match=message):
        world.opened()


def test_stale_roots_are_accepted_only_on_request_and_say_so(world: World) -> None:
    world.pull()
    world.now += 8 * DAY
    roots = world.opened(accept_stale=True)
    assert roots.expired == ("timestamp version 1 expired 2026-11-08 12:00 UTC, 1 day ago",)
    assert roots.read("policy.toml") == b"policy = 1\n"


def test_a_timestamp_that_is_renewed_is_enough(world: World) -> None:
    world.pull()
    world.now += 6 * DAY
    assert publishing.refresh(world.folder, [ONLINE], world.now, world.terms).versions == (("timestamp", 2),)
    world.now += 2 * DAY
    world.pull()
    assert world.opened().read("policy.toml")


def test_renewing_the_timestamp_is_not_enough_when_the_rest_has_expired(world: World) -> None:
    world.now += 91 * DAY
    with pytest.raises(ConfigError, match="snapshot version 1 expired 2027-01-30 12:00 UTC: roots publish renews it"):
        publishing.refresh(world.folder, [ONLINE], world.now, world.terms)
    world.publish()
    world.pull()


def test_a_timestamp_of_before_is_a_rollback(world: World) -> None:
    before = world.metadata("timestamp.json").read_bytes()
    world.publish()
    world.pull()
    world.metadata("timestamp.json").write_bytes(before)
    message = (
        "timestamp was rolled back to version 1 after version 2 had been seen: what was published since is missing"
    )
    with pytest.raises(TrustError, match=message):
        world.pull()
    assert world.opened().read("policy.toml"), "what was held stays"


def test_a_new_timestamp_does_not_bring_back_an_old_snapshot(world: World) -> None:
    before = world.metadata("timestamp.json").read_bytes()
    world.publish()
    world.pull()
    world.metadata("timestamp.json").write_bytes(before)
    world.edit("timestamp.json", lambda signed: signed.update(version=9), ONLINE)
    with pytest.raises(TrustError, match="snapshot was rolled back to version 1 after version 2"):
        world.pull()


def test_a_new_snapshot_does_not_bring_back_old_targets(world: World) -> None:
    world.add("recall.json", b"{}")
    world.publish()
    world.pull()
    world.publish()
    shutil.copy(world.metadata("1.targets.json"), world.metadata("3.targets.json"))
    old = shelf.meta_of(1, world.metadata("1.targets.json").read_bytes()).to_dict()
    world.edit("3.snapshot.json", lambda signed: signed["meta"].update({"targets.json": old}), ONLINE)
    meta = shelf.meta_of(3, world.metadata("3.snapshot.json").read_bytes()).to_dict()
    world.edit("timestamp.json", lambda signed: signed.update(meta={"snapshot.json": meta}), ONLINE)
    with pytest.raises(TrustError, match="targets was rolled back to version 1 after version 2"):
        world.pull()


def test_files_of_two_publications_are_not_mixed(world: World, tmp_path: Path) -> None:
    fork = str(tmp_path / "fork")
    shutil.copytree(world.folder, fork)
    world.add("a", b"here")
    world.publish()
    publishing.add(fork, "a", b"there")
    publishing.publish(fork, [ONLINE], world.now, world.terms)
    shutil.copy(Path(fork, "metadata", "2.targets.json"), world.metadata("2.targets.json"))
    with pytest.raises(TrustError, match=r"is not what the metadata before it names: it was changed, or .* were mixed"):
        world.pull()


@pytest.mark.parametrize("name", ["timestamp.json", "1.snapshot.json", "1.targets.json"])
def test_metadata_that_is_missing_is_an_error(world: World, name: str) -> None:
    world.metadata(name).unlink()
    with pytest.raises(TrustError, match=f"{name} is not there"):
        world.pull()


@pytest.mark.parametrize("name", ["timestamp.json", "1.snapshot.json", "1.targets.json"])
def test_metadata_signed_by_a_stranger_is_refused(world: World, name: str) -> None:
    world.edit(name, _as_it_is, NEW)
    with pytest.raises(TrustError, match=f"{name} is not (signed as it must be|what the metadata before it names)"):
        world.pull()


def test_endless_metadata_is_cut_short(world: World) -> None:
    with world.metadata("timestamp.json").open("ab") as file:
        file.truncate(1 << 30)
    with pytest.raises(TrustError, match="is longer than the 16384 bytes that it may have"):
        world.pull()


def test_a_pipe_is_no_metadata(world: World) -> None:
    world.metadata("timestamp.json").unlink()
    os.mkfifo(world.metadata("timestamp.json"))
    with pytest.raises(TrustError, match="is no file"):
        world.pull()


# Files.


def _target(world: World) -> Path:
    return next(Path(world.folder, "targets").glob("*.policy.toml"))


def test_a_file_that_was_changed_is_refused(world: World) -> None:
    _target(world).write_bytes(b"policy = 9\n")
    with pytest.raises(TrustError, match="is not what was signed: it was changed or cut off"):
        world.pull()


def test_a_file_that_is_longer_than_signed_is_not_read_to_its_end(world: World) -> None:
    with _target(world).open("ab") as file:
        file.truncate(1 << 30)
    with pytest.raises(TrustError, match="is longer than the 11 bytes"):
        world.pull()


def test_a_file_that_is_missing_is_an_error(world: World) -> None:
    _target(world).unlink()
    with pytest.raises(TrustError, match="is not there, though it is signed for"):
        world.pull()


def test_a_file_edited_in_the_cache_is_not_read(world: World) -> None:
    world.pull()
    Path(world.cache, "targets", "policy.toml").write_bytes(b"policy = 9\n")
    with pytest.raises(TrustError, match="is not what was published: pull the roots again"):
        world.opened().read("policy.toml")
    assert world.pull().changed == ("policy.toml",)
    assert world.opened().read("policy.toml") == b"policy = 1\n"


def test_metadata_edited_in_the_cache_is_not_believed(world: World) -> None:
    world.pull()
    path = Path(world.cache, "metadata", "targets.json")
    path.write_bytes(path.read_bytes().replace(b"policy.toml", b"POLICY.toml"))
    with pytest.raises(TrustError, match="is not what the metadata before it names"):
        world.opened()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../b", "a//b", "", "a\nb", "a\\b", "x" * 200, "é" * 100])
def test_names_that_lead_elsewhere_are_refused(world: World, name: str) -> None:
    with pytest.raises(TrustError, match="is no name for a published file"):
        world.add(name, b"")

    def named(signed: dict[str, Any]) -> None:
        signed["targets"][name] = signed["targets"].pop("policy.toml")

    world.edit("1.targets.json", named, ONLINE)
    meta = shelf.meta_of(1, world.metadata("1.targets.json").read_bytes()).to_dict()
    world.edit("1.snapshot.json", lambda signed: signed["meta"].update({"targets.json": meta}), ONLINE)
    meta = shelf.meta_of(1, world.metadata("1.snapshot.json").read_bytes()).to_dict()
    world.edit("timestamp.json", lambda signed: signed.update(meta={"snapshot.json": meta}), ONLINE)
    with pytest.raises(TrustError, match="is no name for a published file"):
        world.pull()


def test_a_name_that_is_no_text_is_refused(world: World) -> None:
    with pytest.raises(TrustError, match="is no name for a published file"):
        world.add("\ud800", b"")
    with pytest.raises(TrustError, match="is no name for a published file"):
        publishing.delegate(world.folder, Delegation(role="team", keys=(TEAM.key,), paths=("\udcff",)))


def test_a_folder_in_the_place_of_a_file_is_no_file(world: World) -> None:
    world.pull()
    path = Path(world.cache, "targets", "policy.toml")
    path.unlink()
    path.mkdir()
    with pytest.raises(TrustError, match="is no file"):
        world.opened().read("policy.toml")
    assert world.pull().added == ("policy.toml",)


def test_two_pulls_at_once_wait_for_one_another(world: World) -> None:
    for number in range(20):
        world.add(f"{number}.pem", bytes([number]))
    world.publish()
    with ThreadPoolExecutor(4) as pool:
        pulled = [one.result() for one in [pool.submit(world.pull) for _ in range(4)]]
    assert sorted(len(one.added) for one in pulled) == [0, 0, 0, 21]


def test_a_cache_that_cannot_be_written_is_a_wrong_use(world: World) -> None:
    Path(world.cache).write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot write into"):
        world.pull()


def test_one_file_that_is_missing_keeps_no_other_away(world: World) -> None:
    world.add("a.pem", b"a")
    world.add("z.pem", b"z")
    world.publish()
    next(Path(world.folder, "targets").glob("*.a.pem")).unlink()
    with pytest.raises(TrustError, match=r"a\.pem is not there, though it is signed for"):
        world.pull()
    assert world.opened().read("z.pem") == b"z"
    with pytest.raises(TrustError, match=r"a\.pem is missing: pull the roots again"):
        world.opened().read("a.pem")


# Delegation.


def _delegated(world: World, paths: tuple[str, ...] = ("team/*",)) -> None:
    publishing.delegate(world.folder, Delegation(role="team", keys=(TEAM.key,), paths=paths))
    world.add("team/a.pem", b"team", "team")
    world.publish(ONLINE, TEAM)


def test_a_team_signs_for_its_own_files(world: World) -> None:
    _delegated(world)
    world.pull()
    roots = world.opened()
    assert roots.read("team/a.pem") == b"team"
    assert (roots.role_of("team/a.pem"), roots.role_of("policy.toml")) == ("team", "targets")


def test_a_team_hands_over_what_it_signed_to_whoever_publishes(world: World) -> None:
    _delegated(world)
    world.add("team/b.pem", b"more", "team")
    with pytest.raises(ConfigError, match="team must be signed by the key"):
        world.publish(ONLINE)
    assert publishing.sign_role(world.folder, "team", [TEAM], NOW + 30 * DAY) == 2
    assert world.publish(ONLINE).changes == ("+ team/b.pem",)
    assert world.pull().added == ("policy.toml", "team/a.pem", "team/b.pem")


def test_a_team_speaks_of_no_other_files(world: World) -> None:
    _delegated(world)
    world.add("policy.toml", b"policy = 'ours'\n", "team")
    world.add("elsewhere.toml", b"?", "team")
    world.publish(ONLINE, TEAM)
    world.pull()
    assert world.opened().read("policy.toml") == b"policy = 1\n"
    assert world.opened().names == ("policy.toml", "team/a.pem")


def test_a_team_that_let_its_metadata_expire_takes_nobody_with_it(world: World) -> None:
    _delegated(world)
    world.now += 91 * DAY
    world.publish(ONLINE)
    pulled = world.pull()
    assert pulled.added == ("policy.toml",)
    assert "team version 1 expired 2027-01-30 12:00 UTC, 1 day ago" in dict(pulled.failed)["team"]
    with pytest.raises(TrustError, match=r"holds no team/a\.pem"):
        world.opened().read("team/a.pem")


def test_a_team_whose_metadata_is_missing_is_not_spoken_for_by_others(world: World) -> None:
    publishing.delegate(world.folder, Delegation(role="later", keys=(NEW.key,), paths=("team/*",)))
    _delegated(world)
    publishing.delegate(world.folder, Delegation(role="first", keys=(NEW.key,), paths=("team/*",)))
    world.add("team/a.pem", b"usurped", "later")
    world.publish(ONLINE, TEAM, NEW)
    assert world.pull().failed == ()
    assert world.opened().read("team/a.pem") == b"usurped", "who is named first speaks first"
    world.metadata("2.later.json").unlink(missing_ok=True)
    world.metadata("1.later.json").unlink(missing_ok=True)
    shutil.rmtree(world.cache)
    assert "team/a.pem" not in world.pull().added


def test_a_team_that_signs_for_what_is_not_there_takes_nobody_with_it(world: World) -> None:
    publishing.delegate(world.folder, Delegation(role="a", keys=(TEAM.key,), paths=("a/*", "a/*/*")))
    for name in ("a/x", "a/y", "a/y/z"):
        world.add(name, name.encode(), "a")
    world.publish(ONLINE, TEAM)
    next(Path(world.folder, "targets", "a").glob("*.x")).unlink()
    pulled = world.pull()
    assert (pulled.added, dict(pulled.failed)["a"]) == (("a/y", "policy.toml"), "a/y/z lies in what is a file as well")


def test_a_team_that_names_too_much_is_not_followed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = tuple(f"team/{number}" for number in range(101))
    with pytest.raises(ConfigError, match="team: more than 100 patterns of names"):
        _delegated(world, paths)
    monkeypatch.setattr(publishing, "PATTERNS", 1000)
    publishing.delegate(world.folder, Delegation(role="team", keys=(TEAM.key,), paths=paths))
    world.publish(ONLINE)
    with pytest.raises(TrustError, match="leaves more than 100 patterns of names to team"):
        world.pull()


def test_a_team_with_too_many_files_takes_nobody_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _delegated(world)
    monkeypatch.setattr(following, "_MOST_DELEGATED", 0)
    assert "names more than 0 files" in dict(world.pull().failed)["team"]
    assert world.opened().names == ("policy.toml",)


def test_team_keys_can_be_replaced(world: World) -> None:
    _delegated(world)
    publishing.delegate(world.folder, Delegation(role="team", keys=(NEW.key,), paths=("team/*",)))
    changes = world.publish(ONLINE, NEW).changes
    assert f"+ team/* left to team: 1 of {NEW.key.keyid[:16]}" in changes
    world.pull()
    assert world.opened().read("team/a.pem") == b"team"


@pytest.mark.parametrize("role", ["root", "targets", "../x", "", "a b", "x" * 65])
def test_roles_that_are_files_elsewhere_are_refused(world: World, role: str) -> None:
    with pytest.raises(ConfigError, match="no delegated role may be called"):
        publishing.delegate(world.folder, Delegation(role=role, keys=(TEAM.key,), paths=("*",)))


# The publisher's folder.


def test_nothing_is_built_on_targets_that_somebody_changed(world: World) -> None:
    world.edit("1.targets.json", lambda signed: signed["targets"].update(evil={**signed["targets"]["policy.toml"]}))
    with pytest.raises(TrustError, match="was changed since it was published, and nothing is built on it"):
        world.publish()


def test_nothing_is_built_on_a_timestamp_that_somebody_else_signed(world: World) -> None:
    world.edit("timestamp.json", lambda signed: signed.update(version=5), NEW)
    with pytest.raises(TrustError, match=r"timestamp of .* is not signed as it must be"):
        world.publish()


def test_a_publication_that_broke_off_is_no_obstacle(world: World) -> None:
    before = world.metadata("timestamp.json").read_bytes()
    world.add("a", b"1")
    world.publish()
    world.metadata("timestamp.json").write_bytes(before)
    world.pull()
    assert world.opened().names == ("policy.toml",)
    world.add("b", b"2")
    world.publish()
    world.pull()
    assert world.opened().names == ("b", "policy.toml")


def test_nothing_is_published_before_the_root_is_signed(tmp_path: Path) -> None:
    folder = str(tmp_path / "published")
    ceremony.begin(folder, [A.key, B.key], 2, ONLINE_KEYS, NOW + DAY)
    publishing.add(folder, "a", b"1")
    with pytest.raises(ConfigError, match="root version 1 is not signed yet: it lacks 2 more of the keys of this root"):
        publishing.publish(folder, [ONLINE], NOW, Terms())
    with pytest.raises(ConfigError, match="publishes no roots yet: weighmaster roots sign"):
        shelf.current_root(folder)
    with pytest.raises(ConfigError, match="holds roots already"):
        ceremony.begin(folder, [A.key], 1, {}, NOW)


# What is hostile in its form.


@pytest.mark.parametrize("name", ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"])
def test_mutated_metadata_is_refused_in_words(world: World, name: str) -> None:
    random = Random(7)
    if name == "2.root.json":
        world.rotate(A, B, add=(D.key,))
    good = world.metadata(name).read_bytes()
    world.pull()
    published = world.opened().names
    shutil.rmtree(world.cache)
    refused = 0
    for _ in range(60):
        world.metadata(name).write_bytes(damaged(good, random, PIECES))
        try:
            world.pull()
            assert world.opened().names == published
        except TrustError:
            refused += 1
        shutil.rmtree(world.cache, ignore_errors=True)
    assert refused > 30


DEEP = b'{"signed":' + b"[" * 100_000
ODD = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"\xff",
    DEEP,
    b'{"signed": 3}',
    b'{"signed": {"_type": "timestamp"}}',
    b'{"signed": {}}',
]


@pytest.mark.parametrize("data", ODD)
def test_what_is_no_metadata_is_refused_in_words(world: World, data: bytes) -> None:
    world.metadata("timestamp.json").write_bytes(data)
    with pytest.raises(TrustError, match=r"timestamp\.json is (no TUF metadata|longer)"):
        world.pull()


STRANGE: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    10**30,
    "1",
    "",
    "\ud800",
    [],
    {},
    [[]],
    {"a": {}},
    "9999-99-99T00:00:00Z",
]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a document: what holds it, and the key or index."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


@pytest.mark.parametrize("name", ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"])
def test_a_publisher_who_signs_nonsense_is_refused_in_words(world: World, name: str) -> None:
    from securesystemslib.exceptions import FormatError
    from securesystemslib.formats import encode_canonical

    _delegated(world)
    if name == "2.root.json":
        world.rotate(A, B, add=(D.key,))
    else:
        name = name.replace("1.", "2.")
    original = world.metadata(name).read_text()
    for at in range(len(list(_places(json.loads(original)["signed"])))):
        document = json.loads(original)
        holder, key = list(_places(document["signed"]))[at]
        holder[key] = STRANGE[at % len(STRANGE)]
        with contextlib.suppress(FormatError, UnicodeEncodeError):
            signed = encode_canonical(document["signed"]).encode()
            makers = (A, B) if "root" in name else (ONLINE,)
            document["signatures"] = [{"keyid": m.key.keyid, "sig": m.sign(signed)[0].sig.hex()} for m in makers]
        world.metadata(name).write_text(json.dumps(document))
        _name_again(world, name)
        with contextlib.suppress(TrustError, ConfigError):
            world.pull()
            world.opened()
        shutil.rmtree(world.cache, ignore_errors=True)


def _name_again(world: World, name: str) -> None:
    """Let the snapshot and the timestamp name what was changed."""
    if name == "2.targets.json":
        meta = {"version": 2, "length": world.metadata(name).stat().st_size}
        world.edit("2.snapshot.json", lambda signed: signed["meta"].update({"targets.json": meta}), ONLINE)
    if name != "timestamp.json":
        meta = {"version": 2, "length": world.metadata("2.snapshot.json").stat().st_size}
        world.edit("timestamp.json", lambda signed: signed.update(meta={"snapshot.json": meta}), ONLINE)


# A web server.


def _served(world: World) -> dict[str, bytes]:
    top = Path(world.folder)
    found = (path for path in top.rglob("*") if path.is_file())
    return {f"/roots/{path.relative_to(top).as_posix()}": path.read_bytes() for path in found}


def _web(files: Files) -> sources.WebSource:
    return sources.WebSource(files.url("/roots/"), Client(Access(attempts=1, timeout=2.0, patience=2.0)))


def test_roots_come_from_a_plain_web_server(world: World) -> None:
    world.rotate(A, B, add=(D.key,))
    world.add("keys/a key é.pem", b"x")
    world.publish()
    with Files(
        {name.replace(" ", "%20").replace("é", "%C3%A9"): data for name, data in _served(world).items()}
    ) as files:
        pulled = pull(_web(files), world.cache, NOW, root=world.root)
        assert (pulled.roots, pulled.added) == ((0, 2), ("keys/a key é.pem", "policy.toml"))
        assert all(asked.headers["cache-control"] == "no-cache" for asked in files.asked)
        count = len(files.asked)
        pull(_web(files), world.cache, NOW)
        assert len(files.asked) - count == 2, "the next root, and the timestamp"


def test_a_server_that_is_down_says_how_long_what_is_held_is_good(world: World) -> None:
    world.pull()
    with Files({}) as files:
        web = _web(files)
    message = r"what .*cache holds is good until 2026-11-08 12:00 UTC, in 7 days \(timestamp version 1\)"
    with pytest.raises(UnreachableError, match=message):
        pull(web, world.cache, NOW)
    with pytest.raises(UnreachableError, match=r"is too old to be used: timestamp version 1 expired .* 2 days ago"):
        pull(web, world.cache, NOW + 9 * DAY)
    with pytest.raises(UnreachableError, match="holds no roots that could be used meanwhile"):
        pull(web, f"{world.cache}2", NOW, root=world.root)


def test_a_server_in_trouble_is_no_server_without_files(world: World) -> None:
    def broken(_asked: Any, reply: Any, _number: int) -> None:
        reply.status = 500

    with Files(_served(world), fault=broken) as files, pytest.raises(UnreachableError, match="500"):
        pull(_web(files), world.cache, NOW, root=world.root)


class _Endless:
    """A body of a gigabyte of blanks, which nobody holds in memory."""

    size = 1 << 30

    def read_at(self, offset: int, count: int) -> bytes:
        return b" " * min(count, self.size - offset)


@pytest.mark.parametrize("name", ["metadata/timestamp.json", "metadata/2.root.json"])
def test_a_server_that_never_stops_is_left(world: World, name: str) -> None:
    files: dict[str, Any] = {**_served(world), f"/roots/{name}": _Endless()}
    with Files(files) as server:
        with pytest.raises(TrustError, match=f"{name}: an answer of more than .* bytes; at most (16384|512000) were"):
            pull(_web(server), world.cache, NOW, root=world.root)
        assert server.sent < 128 << 20


def test_a_page_in_the_place_of_metadata_is_refused(world: World) -> None:
    served = _served(world) | {"/roots/metadata/timestamp.json": b"<html>Log in</html>"}
    with Files(served) as files, pytest.raises(TrustError, match=r"timestamp\.json is no TUF metadata"):
        pull(_web(files), world.cache, NOW, root=world.root)


def test_a_draft_that_cannot_be_removed_is_told(tmp_path: Path) -> None:
    shelf.drop(str(tmp_path / "gone"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=r"cannot remove .*folder: "):
        shelf.drop(str(tmp_path / "folder"))
