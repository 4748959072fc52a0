"""What a hub says of the account that a repository belongs to: a person or an organisation, since when, how well known.

An organisation's answer has no date; its id has one, as every id of the hub's database.

Specification: <https://huggingface.co/docs/hub/api>; the answers as huggingface_hub 2.4 reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from weighmaster.extend.record import Record, Subject
from weighmaster.knowledge.hub import made, mapping, moment, number, optional
from weighmaster.model.fact import Shared, Statement
from weighmaster.model.report import Gap

_ID: Final = "hub-account"
_KINDS: Final = {"organizations": "organisation", "users": "person"}
_COUNTS: Final = {"account-models": "numModels", "account-members": "numUsers", "account-followers": "numFollowers"}


def _read(subject: Subject, ask: Callable[[str], Any]) -> Iterator[Shared | Gap]:
    if not subject.owner:
        return
    for kind, word in _KINDS.items():
        account = mapping(optional(ask)(f"/api/{kind}/{subject.owner}/overview"))
        if not account:
            continue  # It is the other kind, or this hub does not say.
        for key, value in _said(word, account).items():
            if value:
                yield Statement(where=subject.where, key=key, value=value, by=_ID)
        return


def _said(word: str, account: Mapping[str, Any]) -> dict[str, str]:
    since = moment(account.get("createdAt")) or made(account.get("_id"))
    said = {
        "account": word,
        "account-created": since.isoformat() if since else "",
        "account-verified": "yes" if account.get("isVerified") is True else "",
    }
    for key, name in _COUNTS.items():
        count = number(account.get(name))
        said[key] = "" if count is None or count < 0 else str(int(count))
    return said


RECORD: Final = Record(id=_ID, title="What the hub says of an account", origin="hf", read=_read)
