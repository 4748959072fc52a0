"""A witness remembers what it saw, and signs only what has grown from that."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from tests.trust.log.setting import Setting, signer_of

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log.book import ForkedError, Log
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.proof import Growth
from weighmaster.trust.log.witness import cosign, memory


def _seen(setting: Setting, state: Path, *, new: bool = False, at: str = "") -> Checkpoint:
    with memory(str(state), [setting.key], new=new) as held:
        held.seen(Log.open(at or setting.at, [setting.key]))
        assert held.known is not None
        return cosign(held.known, setting.seers[0], setting.witnesses[0].name, 1700000000)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_a_log_that_grows_is_cosigned_each_time(setting: Setting, state: Path) -> None:
    for step, count in enumerate((0, 3, 0, 300, 256)):
        setting.grown(count, step * 1000)
        cosigned = _seen(setting, state, new=step == 0)
        found = checkpoints.verified(cosigned.note, [setting.key], setting.witnesses[:1])
        assert found.cosigned[0].at == 1700000000
        assert state.read_bytes() == setting.log().checkpoint.note


def test_a_log_that_is_rolled_back_is_refused(setting: Setting, state: Path, tmp_path: Path) -> None:
    setting.grown(300)
    shutil.copytree(setting.folder, tmp_path / "backup")
    setting.grown(5, 300)
    _seen(setting, state, new=True)
    before = state.read_bytes()
    with pytest.raises(TrustError, match=r"rolled back: the log .* shows 300 entries, and showed 305 before"):
        _seen(setting, state, at=str(tmp_path / "backup"))
    assert state.read_bytes() == before


@pytest.mark.parametrize("later", [5, 6, 400])
def test_a_log_that_is_forked_is_refused_and_the_proof_is_kept(
    setting: Setting, state: Path, tmp_path: Path, later: int
) -> None:
    setting.grown(300)
    shutil.copytree(setting.folder, tmp_path / "fork")
    setting.grown(5, 300)
    _seen(setting, state, new=True)
    fork = Log.open(str(tmp_path / "fork"), [setting.key])
    fork.append([b"other %d" % number for number in range(later)], setting.signer)
    with pytest.raises(ForkedError, match="forked"):
        _seen(setting, state, at=str(tmp_path / "fork"))
    # Two checkpoints, both signed by the log, that cannot both be true.
    one = checkpoints.verified(state.read_bytes(), [setting.key])
    two = checkpoints.verified((tmp_path / "state.fork").read_bytes(), [setting.key])
    assert not one.same(two)


def test_a_lost_memory_does_not_go_unnoticed(setting: Setting, state: Path) -> None:
    with pytest.raises(ConfigError, match="nothing is remembered"):
        _seen(setting, state)
    _seen(setting, state, new=True)
    with pytest.raises(ConfigError, match="is there already"):
        _seen(setting, state, new=True)
    state.write_bytes(b"")
    with pytest.raises(TrustError):
        _seen(setting, state)


def test_a_memory_that_someone_else_wrote_is_refused(setting: Setting, state: Path) -> None:
    forged = checkpoints.signed_by(signer_of(9), Checkpoint(origin="example.org/models", size=0, root=b"\1" * 32))
    state.write_bytes(forged.note)
    with pytest.raises(TrustError):
        _seen(setting, state)


def test_a_witness_that_never_reaches_the_log_is_told_by_a_proof(setting: Setting, state: Path) -> None:
    old = setting.grown(7).checkpoint
    _seen(setting, state, new=True)
    log = setting.grown(300, 7)
    growth = Growth(old=7, path=log.consistency(old), checkpoint=log.checkpoint.note)
    with memory(str(state), [setting.key]) as held:
        assert held.told(growth).size == 307
    with memory(str(state), [setting.key]) as held, pytest.raises(TrustError, match="begins with 7 entries"):
        held.told(growth)
    with memory(str(state), [setting.key]) as held, pytest.raises(TrustError, match="rolled back"):
        held.told(Growth(old=7, path=(), checkpoint=old.note))


def test_a_proof_that_does_not_hold_changes_no_memory(setting: Setting, state: Path) -> None:
    old = setting.grown(7).checkpoint
    _seen(setting, state, new=True)
    log = setting.grown(300, 7)
    before = state.read_bytes()
    for path in ((), log.consistency(old)[:-1], (b"\0" * 32,) * 3):
        with memory(str(state), [setting.key]) as held, pytest.raises(TrustError):
            held.told(Growth(old=7, path=path, checkpoint=log.checkpoint.note))
    assert state.read_bytes() == before


def test_cosignatures_that_come_back_are_put_below_the_log_s_checkpoint(setting: Setting, state: Path) -> None:
    log = setting.grown(7)
    cosigned = _seen(setting, state, new=True)
    log.replace_checkpoint(checkpoints.merged(log.checkpoint, cosigned, setting.witnesses))
    assert checkpoints.verified(setting.log().checkpoint.note, [setting.key], setting.witnesses[:1]).cosigned
    with pytest.raises(TrustError, match="no signature below the checkpoint by a witness that is known"):
        checkpoints.merged(log.checkpoint, cosigned, setting.witnesses[1:])
    later = setting.grown(1, 7)
    with pytest.raises(TrustError, match="not the same"):
        checkpoints.merged(later.checkpoint, cosigned, setting.witnesses)


def test_two_that_look_at_once_wait_for_each_other(setting: Setting, state: Path) -> None:
    setting.grown(3)
    _seen(setting, state, new=True)
    done: list[str] = []

    def other() -> None:
        _seen(setting, state)
        done.append("other")

    with memory(str(state), [setting.key]) as held:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        held.seen(setting.log())
        done.append("first")
    thread.join()
    assert done == ["first", "other"]


def test_another_log_under_the_same_key_is_refused(setting: Setting, state: Path, tmp_path: Path) -> None:
    _seen(setting, state, new=True)
    from weighmaster.trust.log.note import VerifierKey

    other = Log.create(str(tmp_path / "other"), setting.signer, "example.org/else")
    keys = [setting.key, VerifierKey.of("example.org/else", setting.signer.key)]
    with memory(str(state), keys) as held, pytest.raises(TrustError, match="remembers the log"):
        held.seen(other)
