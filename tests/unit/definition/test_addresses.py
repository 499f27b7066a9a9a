"""Which addresses may be called, as far as they are written."""

from __future__ import annotations

import pytest

from extask.definition.addresses import LONGEST, misplaced

PUBLIC = (
    "https://crm.example.com",
    "https://crm.example.com:8443/a/b?c=d&e=%20#f",
    "https://93.184.215.14/",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x",
    "http://localhost:8080/x",
    "http://desk.localhost/",
    "http://127.0.0.1:9000/",
    "http://[::1]/",
    "https://a.b/..x/.y/x..",
)
PRIVATE = (
    "https://10.0.0.1/",
    "https://192.168.1.1/x",
    "https://172.16.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://[fc00::1]/",
    "https://[fe80::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::]/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://010.0.0.1/",
    "https://10.0.0.1./",
)
WRONG = {
    "http://crm.example.com/": "write https://",
    "ftp://crm.example.com/": "https://HOST/PATH",
    "https:///x": "https://HOST/PATH",
    "crm": "https://HOST/PATH",
    "https://[::1": "https://HOST/PATH",
    "https://a.b:port/": "https://HOST/PATH",
    "https://a.b/c d": "%20",
    "https://a.b/ü": "%20",
    "https://a.b\\@c.d/": "%20",
    "https://a.b/../c": "without '..'",
    "https://a.b/x/%2E%2e": "without '..'",
    "https://a.b/./c": "without '..'",
    f"https://a.b/{'x' * LONGEST}": "at most 2000",
}


@pytest.mark.parametrize("url", PUBLIC)
def test_a_public_address_and_the_machine_itself_may_be_called(url: str) -> None:
    assert misplaced(url) is None


@pytest.mark.parametrize("url", PRIVATE)
def test_a_private_address_however_spelt_may_not(url: str) -> None:
    wrong = misplaced(url)
    assert wrong is not None
    assert wrong.code == "E505"


@pytest.mark.parametrize(("url", "advice"), WRONG.items())
def test_what_is_no_safe_address_is_told(url: str, advice: str) -> None:
    wrong = misplaced(url)
    assert wrong is not None
    assert (wrong.code, advice in wrong.help) == ("E105", True)


def test_an_address_has_no_password_in_it() -> None:
    wrong = misplaced("https://me:secret@crm.example.com/")
    assert wrong is not None
    assert wrong.code == "E506"
    assert "secret" not in wrong.message
