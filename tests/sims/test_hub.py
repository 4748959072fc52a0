"""The hub in memory is one that real clients take for a hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests.samples.sparse import safetensors
from tests.sims.faults import both, busy, cut, no_ranges, other_digest, other_range, other_size, other_tag, short
from tests.sims.files import Fault, Files
from tests.sims.hub import Claimed, Hub, asker

import weighmaster
from weighmaster.model.errors import UnreachableError
from weighmaster.model.verdict import Outcome
from weighmaster.reading.far import Far, LieError
from weighmaster.reading.http import Access, Client

README = b"---\nlicense: mit\ntags: [a]\n---\n# A model\n"
CONFIG = json.dumps({
    "model_type": "bert", "architectures": ["BertModel"], "hidden_size": 8, "num_hidden_layers": 1,
    "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 16, "max_position_embeddings": 8,
}).encode()  # fmt: skip


def client(hub: Hub, folder: Path, code: str, **more: str) -> Any:
    """Run code with the real client in a process of its own; return what it leaves in `found`."""
    environment = {
        **os.environ, "HF_ENDPOINT": hub.base, "HF_HOME": str(folder), "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        **more,
    }  # fmt: skip
    program = f"{textwrap.dedent(code)}\nimport json\nprint('\\n' + json.dumps(found))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def story(hub: Hub) -> None:
    repo = hub.repo("acme/tiny", downloads=7, tags=["license:mit"])
    repo.commit({".gitattributes": b"", "README.md": b"# A model\n"}, date="2024-01-01", title="initial commit")
    repo.commit(
        {"README.md": README, "config.json": CONFIG, "sub/deep/note.txt": b"hello"},
        lfs={"model.safetensors": weights()},
        author="someone",
        date="2024-02-03",
    )
    repo.tags["v1"] = repo.commits[0].sha


def weights() -> bytes:
    import torch
    from safetensors.torch import save
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    model = BertModel(BertConfig(**json.loads(CONFIG)))
    data: bytes = save({k: v.contiguous() for k, v in model.state_dict().items()}, {"format": "pt"})
    return data


@pytest.mark.parametrize("page", [1000, 2])
def test_the_real_client_takes_it_for_a_hub(tmp_path: Path, page: int) -> None:
    with Hub(page=page) as hub:
        story(hub)
        found = client(
            hub,
            tmp_path,
            """
            from huggingface_hub import HfApi, hf_hub_download, snapshot_download
            from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
            api, id = HfApi(), "acme/tiny"
            info = api.model_info(id, files_metadata=True, securityStatus=True)
            def refused(kind, call):
                try:
                    call()
                except kind as error:
                    return True
            found = dict(
                sha=info.sha, license=info.card_data.license, created=str(info.created_at), downloads=info.downloads,
                sizes={s.rfilename: (s.size, s.lfs and s.lfs.sha256) for s in info.siblings},
                security=info.security_repo_status,
                tree=[e.path for e in api.list_repo_tree(id, recursive=True)],
                top=[e.path for e in api.list_repo_tree(id, expand=True)],
                commits=[(c.commit_id, c.authors, c.title) for c in api.list_repo_commits(id)],
                refs=[b.target_commit for b in api.list_repo_refs(id).branches],
                paths=[p.path for p in api.get_paths_info(id, ["config.json", "sub", "none"], expand=True)],
                first=open(hf_hub_download(id, "README.md", revision="v1")).read(),
                folder=snapshot_download(id),
                refused=[
                    refused(EntryNotFoundError, lambda: hf_hub_download(id, "none.bin")),
                    refused(RevisionNotFoundError, lambda: hf_hub_download(id, "README.md", revision="v9")),
                    refused(RepositoryNotFoundError, lambda: api.model_info("acme/none")),
                ],
            )
            """,
        )
        last = hub.repo("acme/tiny").commits[1]
    assert found["sha"] == last.sha
    assert (found["license"], found["downloads"], found["created"][:10]) == ("mit", 7, "2024-01-01")
    blob = last.files["model.safetensors"]
    assert found["sizes"]["model.safetensors"] == [blob.size, blob.sha256]
    assert found["security"] == {"scansDone": True, "filesWithIssues": []}
    assert found["tree"] == sorted([*last.files, "sub", "sub/deep"])
    assert found["top"] == [".gitattributes", "README.md", "config.json", "model.safetensors", "sub"]
    assert [commit[1:] for commit in found["commits"]] == [[["someone"], "Upload"], [["acme"], "initial commit"]]
    assert found["refs"] == [last.sha]
    assert found["paths"] == ["config.json", "sub"]
    assert found["first"] == "# A model\n"
    assert found["refused"] == [True, True, True]
    copy = Path(found["folder"])
    assert {str(p.relative_to(copy)) for p in copy.rglob("*") if p.is_file()} == set(last.files)
    assert (copy / "model.safetensors").read_bytes() == blob.content


def test_transformers_loads_a_model_from_it(tmp_path: Path) -> None:
    with Hub() as hub:
        story(hub)
        found = client(
            hub,
            tmp_path,
            """
            from transformers import AutoModel
            found = sum(p.numel() for p in AutoModel.from_pretrained("acme/tiny").parameters())
            """,
        )
    assert found > 0


def test_credentials_open_gates_and_stay_with_the_hub(tmp_path: Path) -> None:
    code = """
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import GatedRepoError
        def size(token):
            try:
                return len(open(hf_hub_download("acme/shut", "model.bin", token=token), "rb").read())
            except GatedRepoError:
                return "gated"
        found = [size(token) for token in (False, "hf_stranger", "hf_reader")]
        """
    with Hub() as hub:
        repo = hub.repo("acme/shut", gated="manual")
        repo.readers.add("hf_reader")
        repo.commit(lfs={"model.bin": b"x" * 5000})
        assert client(hub, tmp_path, code) == ["gated", "gated", 5000]
        assert any("authorization" in asked.headers for asked in hub.asked)
        assert [asked.method for asked in hub.storage.asked] == ["GET"]
        assert "authorization" not in hub.storage.asked[0].headers


def test_a_client_comes_again_and_goes_on_where_the_connection_broke(tmp_path: Path) -> None:
    code = """
        from huggingface_hub import hf_hub_download
        found = open(hf_hub_download("acme/tiny", "model.bin"), "rb").read().hex()
        """
    with Hub() as hub:
        content = os.urandom(300_000)
        hub.repo("acme/tiny").commit(lfs={"model.bin": content})
        hub.fault = busy(2, status=503, after="0", on="/resolve/")
        hub.storage.fault = cut(100_000)
        assert bytes.fromhex(client(hub, tmp_path, code)) == content
        assert len(hub.storage.asked) == 2


def test_datasets_and_single_names_have_places_of_their_own(tmp_path: Path) -> None:
    with Hub() as hub:
        hub.repo("acme/data", "datasets").commit({"data/train.csv": b"a,b\n1,2\n"})
        hub.repo("gpt2").commit({"config.json": b"{}"})
        hub.organization("acme", isVerified=True)
        hub.user("someone", numFollowers=3)
        found = client(
            hub,
            tmp_path,
            """
            from huggingface_hub import HfApi, hf_hub_download
            api = HfApi()
            found = [
                open(hf_hub_download("acme/data", "data/train.csv", repo_type="dataset")).read(),
                open(hf_hub_download("gpt2", "config.json")).read(), api.dataset_info("acme/data").id,
                api.get_user_overview("someone").num_followers, api.get_organization_overview("acme").is_verified,
            ]
            """,
        )
    assert found == ["a,b\n1,2\n", "{}", "acme/data", 3, True]


def test_ten_gigabytes_take_no_room_and_are_judged_by_what_must_be_read() -> None:
    with Hub() as hub:
        model = safetensors(160, 64 << 20)
        hub.repo("acme/large").commit({"config.json": b'{"model_type": "llama"}'}, lfs={"model.safetensors": model})
        access = Access(hub=hub.base, attempts=2, timeout=5.0)
        vetted = weighmaster.vet("hf://acme/large", access=access)
    assert model.size > 10 << 30
    assert vetted.verdict.outcome is Outcome.ALLOW
    assert hub.sent + hub.storage.sent < 400_000


def test_records_are_asked_the_way_the_hub_answers() -> None:
    with Hub() as hub:
        story(hub)
        ask = asker(hub)
        assert ask("/api/models/acme/tiny")["cardData"] == {"license": "mit", "tags": ["a"]}
        assert ask("/api/models/acme/tiny?expand[]=downloads").keys() == {"_id", "id", "downloads"}
        assert ask("/api/agent-harnesses") == {"standardEnvVars": [], "harnesses": {}}


@pytest.mark.parametrize(("asked", "part"), [("0-3", b"0123"), ("7-", b"789"), ("-2", b"89"), ("8-99", b"89")])
def test_parts_are_sent_as_they_are_asked_for(asked: str, part: bytes) -> None:
    with Files({"/file": b"0123456789"}) as files:
        request = Request(files.url("/file"), headers={"Range": f"bytes={asked}"})
        with urlopen(request, timeout=5) as answer:
            assert (answer.status, answer.read()) == (206, part)


def test_what_lies_behind_the_end_is_refused() -> None:
    with Files({"/file": b"0123456789"}) as files:
        request = Request(files.url("/file"), headers={"Range": "bytes=10-12"})
        with pytest.raises(HTTPError) as refusal:
            urlopen(request, timeout=5)
        with refusal.value as answer:
            assert (answer.code, answer.headers["Content-Range"]) == (416, "bytes */10")


FAULTS = {
    "busy": (busy(status=503), UnreachableError),
    "cut": (cut(1000, times=9), UnreachableError),
    "range": (other_range(), LieError),
    "size": (other_size(7), LieError),
    "tag": (other_tag(), LieError),
    "short": (short(1000), LieError),
}


@pytest.mark.parametrize(("fault", "error"), FAULTS.values(), ids=FAULTS)
def test_faults_are_faults(fault: Fault, error: type[Exception]) -> None:
    with Files({"/file": b"0" * 50_000}, fault=fault) as files:
        client = Client(Access(attempts=1, timeout=2.0, patience=2.0))
        file = Far(name="file", size=50_000, locator=files.url("/file"))
        with pytest.raises(error):  # noqa: PT012 - the second is what a changing tag shows at
            client.range(file, 0, 20_000)
            client.range(file, 20_000, 20_000)


def test_a_server_without_ranges_sends_the_whole() -> None:
    with Files({"/file": b"0123456789"}, fault=both(no_ranges(), busy(after="0"))) as files:
        client = Client(Access(attempts=2, timeout=2.0, patience=2.0))
        assert client.range(Far(name="file", size=10, locator=files.url("/file")), 2, 3) == b"234"


def test_what_is_declared_may_be_a_lie() -> None:
    with Hub(fault=other_digest("ab" * 32), redirects=False) as hub:
        repo = hub.repo("acme/tiny")
        repo.commit({"a.json": Claimed(b"{}", oid="0" * 40)}, lfs={"model.bin": Claimed(b"x", sha256="cd" * 32)})
        listed = {entry["path"]: entry for entry in asker(hub)("/api/models/acme/tiny/tree/main")}
        with urlopen(hub.url("/acme/tiny/resolve/main/model.bin"), timeout=5) as answer:
            assert answer.headers["X-Linked-Etag"] == f'"{"ab" * 32}"'
    assert listed["a.json"]["oid"] == "0" * 40
    assert listed["model.bin"]["lfs"]["oid"] == "cd" * 32
