from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from importlib import metadata
from pathlib import Path

import numpy
import pytest

from geodata import provenance

STARTED = datetime(2026, 5, 1, 20, 0, 0, tzinfo=timezone(timedelta(hours=8)))
FINISHED = datetime(2026, 5, 1, 12, 0, 42, 500_000, tzinfo=UTC)


def record(**changed: object) -> dict[str, object]:
    asked: dict[str, object] = {
        "command": "brief",
        "arguments": {"region": "zhoushan", "new": 5, "check": False, "config": None},
        "inputs": {},
        "parameters": [{"name": "clock.start_stamp", "value": "answer"}],
        "started": STARTED,
        "finished": FINISHED,
    }
    return provenance.run_record(**{**asked, **changed})  # type: ignore[arg-type]


def test_a_record_is_plain_json() -> None:
    made = record(arguments={"out": Path("结果"), "items": ["a", Path("b")]})
    assert json.loads(json.dumps(made)) == made
    assert made["arguments"] == {"out": "结果", "items": ["a", "b"]}


def test_times_are_utc_whatever_the_zone_given() -> None:
    made = record()
    assert made["started_utc"] == "2026-05-01T12:00:00Z"
    assert made["finished_utc"] == "2026-05-01T12:00:42Z"
    assert made["duration_s"] == 42.5


def test_inputs_are_recorded_with_their_hash(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"x = 1\n")
    made = record(inputs={"config": tmp_path / "a.toml", "region": "abc123"})
    assert made["inputs"] == {
        "config": {
            "path": str(tmp_path / "a.toml"),
            "sha256": hashlib.sha256(b"x = 1\n").hexdigest(),
        },
        "region": {"value": "abc123"},
    }


def test_the_hash_of_a_folder_changes_with_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    first = provenance.sha256_of(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = provenance.sha256_of(tmp_path)
    (tmp_path / "b").write_bytes(b"2")
    assert len({first, second, provenance.sha256_of(tmp_path)}) == 3


def test_outputs_are_recorded_by_name(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(b"{}")
    made = record(outputs=[tmp_path / "result.json"])
    assert made["outputs"] == {"result.json": hashlib.sha256(b"{}").hexdigest()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tianditu_key", "0123456789abcdef"),
        ("api-token", "0123456789abcdef"),
        ("password", "0123456789abcdef"),
        ("tiles", "https://t0.tianditu.gov.cn/x?layer=vec&tk=0123456789abcdef&f=1"),
        ("tiles", "https://user:0123456789abcdef@host/x"),
        ("urls", ["https://host/x?key=0123456789abcdef"]),
    ],
)
def test_secrets_are_not_recorded(name: str, value: object) -> None:
    assert "0123456789abcdef" not in json.dumps(record(arguments={name: value}))


@pytest.mark.parametrize(
    ("name", "value"), [("keyword", "boat"), ("region", "token.gpkg"), ("key", "")]
)
def test_what_is_no_secret_is_recorded(name: str, value: str) -> None:
    assert record(arguments={name: value})["arguments"] == {name: value}


def test_no_name_of_user_host_or_environment_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "from-the-environment")
    monkeypatch.setattr("platform.node", lambda: "the-host-name")
    text = json.dumps(record())
    assert "from-the-environment" not in text
    assert "the-host-name" not in text


def test_versions_name_python_the_dependencies_and_the_c_libraries() -> None:
    found = provenance.versions()
    assert found["numpy"] == numpy.__version__
    assert {"python", "gdal", "geos", "proj"} <= set(found)


def test_a_checkout_that_is_not_installed_has_versions_too(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = metadata.requires

    def requires(name: str) -> list[str] | None:
        if name == provenance.DISTRIBUTION:
            raise metadata.PackageNotFoundError(name)
        return plain(name)

    monkeypatch.setattr(metadata, "requires", requires)
    assert provenance.versions()["numpy"] == numpy.__version__


def test_optional_dependencies_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "numpy>=1.26",
        "pytest>=8; extra == 'test'",
        "pymetis>=1; platform_system != 'Windows'",
    ]
    monkeypatch.setattr(metadata, "requires", lambda name: lines)
    assert provenance._dependencies() == ["numpy", "pymetis"]


def test_hashes_made_beside_other_work_are_those_of_the_files(tmp_path: Path) -> None:
    one, gone = tmp_path / "one.csv", tmp_path / "gone.csv"
    one.write_bytes(b"1")
    found = provenance.Hashing([one, gone]).found()
    assert found == {one: hashlib.sha256(b"1").hexdigest()}
    assert record(inputs={"calls": one}, hashed={one: "known"})["inputs"] == {
        "calls": {"path": str(one), "sha256": "known"}
    }
