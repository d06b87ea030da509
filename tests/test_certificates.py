"""Certificates of erasure form a chain that shows what was changed or left out."""

import json

import pytest

from lettermill.certificates import FIRST, check_chain, require_certificates, write_certificate
from lettermill.errors import ErasureError


def test_each_certificate_holds_the_hash_of_the_one_before(tmp_path):
    first, first_hash = write_certificate(tmp_path, {"touched": {"quality.people": 3}})
    second, _ = write_certificate(tmp_path, {"touched": {}})

    assert json.loads(first.read_text()) == {"number": 1, "previous_sha256": FIRST, "touched": {"quality.people": 3}}
    assert json.loads(second.read_text())["previous_sha256"] == first_hash
    assert check_chain(tmp_path)[0] == first_hash


@pytest.mark.parametrize("harm", ["change", "remove"])
def test_a_changed_or_missing_certificate_is_named_and_none_is_added(tmp_path, harm):
    files = [write_certificate(tmp_path, {"touched": {"n": n}})[0] for n in range(3)]
    if harm == "change":
        files[1].write_text(files[1].read_text().replace('"n": 1', '"n": 2'))
    else:
        files[1].unlink()

    with pytest.raises(ErasureError, match="000003.json"):
        write_certificate(tmp_path, {})
    assert not (tmp_path / "000004.json").exists()


@pytest.mark.parametrize("text", ["[]", "no JSON", '{"touched": {}}'])
def test_what_is_no_certificate_any_more_breaks_the_chain_by_name(tmp_path, text):
    file, _ = write_certificate(tmp_path, {})
    file.write_text(text)

    with pytest.raises(ErasureError, match="000001.json"):
        check_chain(tmp_path)


@pytest.fixture
def certified(tmp_path):
    """Two certificates in the folder, and what their requests keep of them."""
    return {
        name: write_certificate(tmp_path, {"requests": [{"request_id": name}], "hits": 0})[1]
        for name in ("first-request", "last-request")
    }


def test_certificates_that_are_as_their_requests_have_them_pass(tmp_path, certified):
    require_certificates(tmp_path, certified)
    require_certificates(tmp_path / "of nobody", {})


def test_the_last_certificate_changed_is_named(tmp_path, certified):
    last = tmp_path / "000002.json"
    last.write_text(last.read_text().replace('"hits": 0', '"hits": 1'))

    with pytest.raises(ErasureError, match=r"changed: request last-request .*\n.*000002\.json"):
        require_certificates(tmp_path, certified)


def test_the_last_certificate_removed_is_named_by_its_request(tmp_path, certified):
    (tmp_path / "000002.json").unlink()

    with pytest.raises(ErasureError, match=f"of request last-request is missing .sha256 {certified['last-request']}"):
        require_certificates(tmp_path, certified)


def test_a_folder_without_any_certificate_lacks_all_that_were_given(tmp_path, certified):
    with pytest.raises(ErasureError, match="of request first-request is missing"):
        require_certificates(tmp_path / "elsewhere", certified)
