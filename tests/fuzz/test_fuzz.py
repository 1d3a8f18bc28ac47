"""A sample of `make fuzz`."""

from .__main__ import run


def test_sample() -> None:
    report = run(2000, 500, seed=20)
    assert report.fine, str(report.findings)
