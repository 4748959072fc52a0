"""A log lies in a folder, in a bucket, or is read over the web: it is the same log."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from tests.sims.files import Files
from tests.trust.log.setting import Setting

from weighmaster.model.errors import ConfigError, MissingExtraError, TrustError, UnreachableError, UnreadableError
from weighmaster.reading.http import Access
from weighmaster.trust.log.audit import audit
from weighmaster.trust.log.book import Log
from weighmaster.trust.log.places import store_at
from weighmaster.trust.log.proof import prove, verify_proof
from weighmaster.trust.log.web import Web
from weighmaster.trust.log.witness import memory

QUICK = Access(attempts=1, timeout=5.0, patience=5.0)


def _served(setting: Setting) -> dict[str, bytes]:
    return {
        f"/log/{path.relative_to(setting.folder)}": path.read_bytes()
        for path in setting.folder.rglob("*") if path.is_file()
    }  # fmt: skip


def test_a_log_is_read_over_the_web(setting: Setting, tmp_path: Any) -> None:
    old = setting.grown(300).checkpoint
    setting.grown(300, 300)
    with Files(_served(setting)) as files:
        at = files.url("/log/")
        log = Log.open(at, [setting.key], QUICK)
        assert log.entry(299) == b"entry 299"
        assert verify_proof(prove(log, 299), b"entry 299", [setting.key]).size == 600
        assert len(log.consistency(old)) > 3
        with memory(str(tmp_path / "state"), [setting.key], new=True) as held:
            held.seen(log)
        found = audit(Web(at, QUICK), [setting.key])
        assert (found.holds, found.listed) == (True, False)
        for write in (lambda: log.append([b"x"], setting.signer), lambda: log.replace_checkpoint(log.checkpoint)):
            with pytest.raises(ConfigError, match="read over the web"):
                write()


def test_what_a_server_sends_in_place_of_a_log_is_found_out(setting: Setting) -> None:
    setting.grown(300)
    served = _served(setting)
    with Files(served) as files:
        at = files.url("/log")
        files.files["/log/tile/0/000"] = served["/log/tile/0/000"][:-1] + b"?"
        assert not audit(Web(at, QUICK), [setting.key]).holds
        files.files["/log/tile/0/000"] = b"x" * 9000
        with pytest.raises(UnreadableError, match="longer than 8192"):
            Log.open(at, [setting.key], QUICK).entry(0)
        del files.files["/log/tile/0/000"]
        with pytest.raises(TrustError, match="tile/0/000 is missing"):
            Log.open(at, [setting.key], QUICK).entry(0)
        del files.files["/log/checkpoint"]
        with pytest.raises(TrustError, match="holds no log"):
            Log.open(at, [setting.key], QUICK)
    with pytest.raises(UnreachableError):
        Log.open(at, [setting.key], QUICK)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'weighmaster\[cloud\]'"):
        store_at("s3://bucket/log")


def test_an_address_without_a_bucket_is_none() -> None:
    with pytest.raises(ConfigError, match="no address of a bucket"):
        store_at("s3:///log")


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    pytest.importorskip("obstore")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ALLOW_HTTP": "true", "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_REGION": "us-east-1", "PYTHONPATH": f"src{os.pathsep}.",
    }  # fmt: skip
    server.stop()


def _in_a_process(bucket: dict[str, str], name: str, code: str) -> str:
    """Run code in a process of its own: obstore's threads do not survive the forks that other tests make."""
    begin = f"""
    import urllib.request
    urllib.request.urlopen(urllib.request.Request("{bucket["AWS_ENDPOINT_URL"]}/{name}", method="PUT")).read()
    from tests.trust.log.setting import ORIGIN, signer_of
    from weighmaster.trust.log.audit import audit
    from weighmaster.trust.log.book import Log
    from weighmaster.trust.log.note import VerifierKey
    from weighmaster.trust.log.places import store_at
    from weighmaster.trust.log import checkpoint as checkpoints
    from weighmaster.trust.log.store import OvertakenError
    AT = "s3://{name}/deep/log"
    signer, key = signer_of(1), VerifierKey.of(ORIGIN, signer_of(1).key)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(begin) + textwrap.dedent(code)],
        capture_output=True, text=True, env=os.environ | bucket, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_a_log_in_a_bucket_grows_and_is_verified(bucket: dict[str, str]) -> None:
    said = _in_a_process(
        bucket, "whole", """
        Log.create(AT, signer, ORIGIN)
        store_at(AT).discard("checkpoint")  # As if the power had failed on the way.
        Log.create(AT, signer, ORIGIN)
        for start, count in ((0, 3), (3, 300), (303, 1)):
            log = Log.open(AT, [key])
            assert log.append([b"entry %d" % n for n in range(start, start + count)], signer) == start
        log = Log.open(AT, [key])
        assert log.entry(300) == b"entry 300"
        log.replace_checkpoint(checkpoints.cosigned_by(signer_of(2), "w", log.checkpoint, 5))
        log.append([b"more"], signer)
        found = audit(store_at(AT), [key])
        assert found.holds and found.listed, found
        print(sorted(store_at(AT).paths()))
        print(found.unfinished, found.foreign)
        try:
            Log.create(AT, signer, ORIGIN)
        except Exception as error:
            print(error)
        """,
    )  # fmt: skip
    paths, left, again = said.splitlines()
    assert "'pending/checkpoint'" in paths
    assert "000.p" not in paths.replace("tile/1/000.p/1", "")
    assert left == "('pending/checkpoint',) ()"
    assert again.endswith("holds a log already")


def test_of_two_writers_of_a_bucket_one_is_first_and_the_other_goes_on_from_there(bucket: dict[str, str]) -> None:
    said = _in_a_process(
        bucket, "two", """
        import threading
        Log.create(AT, signer, ORIGIN)
        overtaken = []
        def work(name):
            for number in range(6):
                while True:
                    try:
                        Log.open(AT, [key]).append([b"%s %d" % (name, number)], signer)
                        break
                    except OvertakenError as error:
                        overtaken.append(error)
        threads = [threading.Thread(target=work, args=(name,)) for name in (b"a", b"b", b"c")]
        for one in threads: one.start()
        for one in threads: one.join()
        log = Log.open(AT, [key])
        assert sorted(log.entries()) == sorted(b"%s %d" % (x, n) for x in (b"a", b"b", b"c") for n in range(6))
        found = audit(store_at(AT), [key])
        assert found.holds, found
        store = store_at(AT)
        held = store.held("checkpoint", 1 << 16)
        log.append([b"x"], signer)
        try:
            store.exchange("checkpoint", b"forked", held)
        except OvertakenError:
            print("overtaken")
        """,
    )  # fmt: skip
    assert said == "overtaken\n"


def test_what_a_writer_of_a_bucket_left_half_done_is_finished_by_the_next(bucket: dict[str, str]) -> None:
    _in_a_process(
        bucket, "crash", """
        from weighmaster.trust.log.bucket import Bucket
        from weighmaster.model.errors import UnreachableError
        class Crashing(Bucket):
            left = 0
            def write(self, path, data): self.fail(); super().write(path, data)
            def exchange(self, path, data, before): self.fail(); super().exchange(path, data, before)
            def discard(self, path): self.fail(); super().discard(path)
            def fail(self):
                self.left -= 1
                if self.left < 0: raise UnreachableError("the power failed")
        for start in (250,):
            for step in range(40):
                at = f"{AT}-{start}-{step}"
                Log.create(at, signer, ORIGIN).append([b"entry %d" % n for n in range(start)], signer)
                store = Crashing(at)
                store.left = step
                try:
                    Log.open(store, [key]).append([b"new %d" % n for n in range(10)], signer)
                except UnreachableError:
                    found = audit(store_at(at), [key])
                    assert found.holds, found
                else:
                    break
                Log.open(at, [key]).append([b"later"], signer)
                found = audit(store_at(at), [key])
                assert found.holds, found
                entries = list(Log.open(at, [key]).entries())
                assert len(entries) in {start + 1, start + 11} and entries[-1] == b"later"
                assert (len(entries) == start + 11) == (step >= 2), (step, len(entries))
            assert step > 4
        """,
    )  # fmt: skip
