"""Certificates of erasure form a chain that shows what was changed or left out."""

import json

import pytest

from lettermill.certificates import FIRST, check_chain, write_certificate
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
