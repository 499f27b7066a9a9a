"""Secrets are found by name, under their tenant's, in files first and then in the environment."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from extask.vault import SecretMissing, Vault, names_in, without_references


def test_texts_name_their_secrets() -> None:
    text = "Bearer {secret:crm_token} and {secret:b}{secret:}{secret:A}"
    assert names_in(text) == ("crm_token", "b")
    assert without_references("a{secret:b}c", "-") == "a-c"


def test_a_secret_of_the_environment_is_its_tenants_alone() -> None:
    vault = Vault({"EXTASK_SECRET_ACME__CRM_TOKEN": "hush", "EXTASK_SECRET_CRM_TOKEN": "nobody's"})
    assert vault.fill("acme", "Bearer {secret:crm_token}") == "Bearer hush"
    with pytest.raises(SecretMissing, match="no secret 'crm_token' of the tenant 'other'"):
        vault.find("other", "crm_token")


def test_tenants_whose_names_run_on_share_no_secret() -> None:
    vault = Vault({"EXTASK_SECRET_A__B__C": "of a__b"})
    assert vault.find("a__b", "c") == "of a__b"
    assert names_in("{secret:b__c}") == ()


def test_a_file_goes_before_the_environment_and_may_end_its_line(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "token").write_text("from a file\n")
    vault = Vault({"EXTASK_SECRET_ACME__TOKEN": "x", "EXTASK_SECRET_ACME__OTHER": "y"}, tmp_path)
    assert vault.find("acme", "token") == "from a file"
    assert vault.find("acme", "other") == "y"


@pytest.mark.parametrize("text", ["", "two\nlines", "a\tb", "é", "\x00"])
def test_what_no_header_can_hold_is_no_secret(text: str) -> None:
    with pytest.raises(SecretMissing, match="not one line of plain characters") as told:
        Vault({"EXTASK_SECRET_ACME__TOKEN": text}).find("acme", "token")
    assert not text or text not in str(told.value)


def test_secrets_may_be_written_as_an_address_needs_them() -> None:
    vault = Vault({"EXTASK_SECRET_ACME__SIG": "a/b?c#d@e"})
    filled = vault.fill("acme", "https://x.example/?sig={secret:sig}", lambda it: quote(it, ""))
    assert filled == "https://x.example/?sig=a%2Fb%3Fc%23d%40e"
