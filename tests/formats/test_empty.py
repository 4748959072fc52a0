"""A file of no bytes is nothing to worry about."""

from tests.samples.vetting import report_on, verdict_on

from weighmaster.model.verdict import Outcome


def test_an_empty_file_is_allowed_and_said_to_be_empty() -> None:
    assert report_on(b"", "__init__.py").artifacts[0].formats == ("empty",)
    assert verdict_on(b"", "model.safetensors") is Outcome.ALLOW
