"""Settings: where they come from, and what is refused before anything starts."""

import os
from pathlib import Path

import pytest
from pydantic_settings import EnvSettingsSource

from core.settings import Settings
from core.settings.checks import settings_problems
from core.settings.sources import InvalidSettingsError, Origin, load_settings, shown_value


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PHOTOZ_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PHOTOZ_DATA_DIR", "PHOTOZ_DATA"),
        ("PHOTOZ_DATABASEURL", "PHOTOZ_DATABASE_URL"),
        ("PHOTOZ_QUERY_WORKER", "PHOTOZ_QUERY_WORKERS"),
        ("photoz_prot", "PHOTOZ_PORT"),
    ],
)
def test_a_name_that_is_no_setting_is_refused_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(InvalidSettingsError) as refused:
        load_settings({}, {name: "1"})
    assert refused.value.problems == (f"{name.upper()} is not a setting. Do you mean {meant}?",)


def test_a_name_like_no_setting_and_several_problems_are_told() -> None:
    with pytest.raises(InvalidSettingsError) as refused:
        load_settings({}, {"PHOTOZ_XYZZY": "", "PHOTOZ_TYPO": "", "OTHER": ""})
    assert [problem.split()[0] for problem in refused.value.problems] == ["PHOTOZ_TYPO", "PHOTOZ_XYZZY"]
    assert "photoz settings" in refused.value.problems[1]


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ({"base_url": "photoz.example.org"}, "PHOTOZ_BASE_URL"),
        ({"base_url": "ftp://photoz.example.org"}, "PHOTOZ_BASE_URL"),
        ({"base_url": "http://photoz.example.org", "secure_cookies": True}, "PHOTOZ_SECURE_COOKIES"),
        ({"secret_key": "x"}, "PHOTOZ_SECRET_KEY"),
        ({"job_queue": "celery"}, "PHOTOZ_JOB_QUEUE"),
        ({"dask_cluster": "local", "dask_scheduler": "tcp://dask.example.org:8786"}, "PHOTOZ_DASK_CLUSTER"),
        ({"dask_cluster": "slurm", "dask_minimum": 5}, "PHOTOZ_DASK_MINIMUM"),
        ({"database_url": "mysql://u@h/d"}, "PHOTOZ_DATABASE_URL"),
        ({"database_url": "photoz"}, "PHOTOZ_DATABASE_URL"),
        ({"files_url": "/srv/files"}, "PHOTOZ_FILES_URL"),
        ({"rows_url": "/srv/rows"}, "PHOTOZ_ROWS_URL"),
        ({"files_url": "s3://b/photoz", "rows_url": "s3://b/photoz/rows"}, "PHOTOZ_ROWS_URL"),
        ({"files_url": "s3://b/photoz/files/", "rows_url": "s3://b/photoz"}, "PHOTOZ_ROWS_URL"),
        ({"admin_group": "g"}, "PHOTOZ_ADMIN_GROUP"),
        ({"oidc_issuer": "https://oidc.example.org"}, "PHOTOZ_OIDC_ISSUER"),
        ({"job_days": 90}, "PHOTOZ_JOB_DAYS"),
        ({"maxrec_default": 10, "maxrec_limit": 5}, "PHOTOZ_MAXREC_DEFAULT"),
        ({"table_upload_networks": ("10.1.0.0/99",)}, "PHOTOZ_TABLE_UPLOAD_NETWORKS"),
        ({"transfer_hosts": ("https://a.example.org/",)}, "PHOTOZ_TRANSFER_HOSTS"),
        ({"traces_endpoint": "127.0.0.1:4318"}, "PHOTOZ_TRACES_ENDPOINT"),
    ],
)
def test_values_that_cannot_work_and_that_contradict_each_other_are_named(chosen: dict[str, object], name: str) -> None:
    problems = settings_problems(Settings.model_validate(chosen))
    assert [problem.split()[0] for problem in problems] == [name]


def test_the_defaults_and_a_production_server_have_no_problem() -> None:
    assert settings_problems(Settings()) == ()
    production = Settings(
        base_url="https://photoz.example.org",
        database_url="postgresql+psycopg2://photoz@db/photoz",
        secret_key="0123456789" * 4,
        job_queue="celery",
        files_url="s3://bucket/photoz",
        rows_url="s3://bucket/photoz-rows",
        oidc_issuer="https://oidc.example.org",
        oidc_client_id="photoz",
        admin_group="admins",
    )
    assert settings_problems(production) == ()


def test_option_environment_file_and_default_override_in_this_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "photoz.env"
    file.write_text("# of the operator\nPHOTOZ_PORT=81\nPHOTOZ_HOST='0.0.0.0'\nPHOTOZ_SITE_NAME=File\nAWS_REGION=x\n")
    monkeypatch.setenv("PHOTOZ_SETTINGS_FILE", str(file))
    monkeypatch.setenv("PHOTOZ_SITE_NAME", "Environment")
    monkeypatch.setenv("PHOTOZ_PORT", "82")
    for name in ("PHOTOZ_HOST", "AWS_REGION"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)  # so that what is added to the environment is taken back
    loaded = load_settings({"port": 83})
    settings, origins = loaded.settings, loaded.origins
    assert (settings.port, settings.host, settings.site_name) == (83, "0.0.0.0", "Environment")  # noqa: S104 - not bound
    assert (origins["port"], origins["host"]) == (Origin.OPTION, Origin.FILE)
    assert (origins["site_name"], origins["data"]) == (Origin.ENVIRONMENT, Origin.DEFAULT)
    file.write_text("PHOTOZ_PRT=81\n")
    with pytest.raises(InvalidSettingsError, match="PHOTOZ_PORT"):
        load_settings({})


_SOURCE = EnvSettingsSource(Settings)


@pytest.mark.parametrize(
    "name", [name for name, field in Settings.model_fields.items() if _SOURCE.field_is_complex(field)]
)
def test_a_value_that_is_no_json_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    variable = f"PHOTOZ_{name.upper()}"
    monkeypatch.setenv(variable, "a.example.org")
    with pytest.raises(InvalidSettingsError, match=rf"{variable} \('a.example.org'\) is no JSON") as refused:
        load_settings({})
    example = str(refused.value).partition("Write it as in ")[2].removesuffix(".")
    monkeypatch.setenv(variable, example)
    assert load_settings({}).origins[name] is Origin.ENVIRONMENT


def test_secrets_are_never_shown() -> None:
    settings = Settings(
        secret_key="0123456789" * 4,
        database_url="postgresql+psycopg2://photoz:pass@word@db/photoz",
    )
    shown = " ".join(shown_value(settings, name) for name in Settings.model_fields)
    assert "0123456789" not in shown
    assert "word" not in shown
    assert "postgresql+psycopg2://photoz:(secret)@db/photoz" in shown
